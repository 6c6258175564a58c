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
            let path =
                example(route.template.strip_prefix('/').filter(|t| t.starts_with('/')).unwrap_or(&route.template));
            let found = profile.route(b"", &normalise_path(path.as_bytes())).map(|(found, _)| usize::from(found));
            assert_eq!(found, Some(at), "{}: {}", profile.name, route.template);
        }
    }
}

#[test]
fn every_rule_can_be_reached_and_a_field_row_refuses_by_a_machines_word_alone() {
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
