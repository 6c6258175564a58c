use super::*;
use crate::http::normalise_path;

#[test]
fn every_provider_has_its_own_word() {
    for provider in Provider::ALL {
        assert_eq!(Provider::parse(provider.as_str()), Some(provider));
        assert_eq!(provider.profile().name, provider.as_str());
        assert!(!provider.profile().about.is_empty());
    }
}

#[test]
fn templates_are_paths_without_an_end_slash() {
    for profile in Provider::ALL.map(Provider::profile) {
        let adapters = profile.adapters.iter().map(|adapter| &adapter.path);
        for template in profile.routes.iter().map(|route| &route.template).chain(adapters) {
            let root = template == "//";
            assert!(template.starts_with('/') && (root || !template.ends_with('/')), "{template}");
            assert!(template.matches("*}").count() <= 2, "{template}");
        }
    }
}

/// A path that a template is for.
fn example(template: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { "x1".to_owned() } else { segment.to_owned() };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[test]
fn no_route_shadows_another() {
    for profile in Provider::ALL.map(Provider::profile) {
        for (at, route) in profile.routes.iter().enumerate() {
            // Below an issuer's path, so that `/x` and `//x` are two paths.
            let issuer = format!("/i{}", profile.suffix);
            let path = match route.template.strip_prefix("//") {
                Some(below) => example(&format!("/{below}").replace("/{issuer}", &issuer)),
                None => format!("/i{}", example(&route.template)),
            };
            let found = profile.route(issuer.as_bytes(), &normalise_path(path.as_bytes()));
            let found = found.map(|(found, _)| usize::from(found));
            assert_eq!(found, Some(at), "{}: {}", profile.name, route.template);
        }
    }
}

#[test]
fn a_row_of_field_knowledge_refuses_by_a_machines_word_alone() {
    for profile in Provider::ALL.map(Provider::profile) {
        for adapter in profile.adapters.iter().filter(|adapter| adapter.purpose == Purpose::Login) {
            for rule in adapter.rules.iter().filter(|rule| rule.verdict == Verdict::Failure) {
                let clear = rule.tests.iter().any(|test| {
                    matches!(
                        test,
                        Test::JsonCode(_)
                            | Test::JsonIs(..)
                            | Test::PageCode(_)
                            | Test::RedirectQuery(_)
                            | Test::Status(400 | 401 | 422 | 429)
                    )
                });
                assert!(clear || adapter.evidence != Evidence::Field, "{}", adapter.id);
                assert!(!rule.tests.is_empty(), "{}", adapter.id);
            }
        }
    }
}

#[test]
fn a_device_page_that_asks_again_is_known_by_its_mark() {
    let keycloak = Provider::Keycloak.profile();
    let page = br#"<body data-page-id="login-login-oauth2-device-verify-user-code">"#;
    assert_eq!(keycloak.asks_for_user_code(page), Some(true));
    assert_eq!(keycloak.asks_for_user_code(b"<body data-page-id=\"login-login\">"), Some(false));
    assert_eq!(Provider::Auth0.profile().asks_for_user_code(page), None);
}
