//! Request paths that can be recorded: variable parts become `{name}` (PROTOCOL §1.1, §5.2: a path can hold a code).

use std::borrow::Cow;

use super::endpoint::Endpoint;
use super::policy::Issuer;
use super::provider::ISSUER;
use crate::http::normalise_path;

/// The template of a request's path. A path that the operator or the issuer named is shown as it is, one of a profile by
/// the profile's template, and any other with every segment that can be an identifier replaced by `{id}`.
pub(super) fn of<'a>(target: &'a [u8], issuer: &Issuer, endpoint: Option<&Endpoint>) -> Cow<'a, str> {
    match endpoint.and_then(|endpoint| template(issuer, endpoint)) {
        Some(template) => Cow::Owned(match template.strip_prefix("//") {
            Some(below) => ["/", below].concat().replace(ISSUER, &base(issuer)),
            None => base(issuer) + template,
        }),
        None if endpoint.is_some_and(|endpoint| endpoint.is_named() && !endpoint.is_below()) => {
            Cow::Owned(String::from_utf8_lossy(&normalise_path(target)).into_owned())
        }
        None => Cow::Owned(masked(&normalise_path(target))),
    }
}

/// The profile's template of a path.
pub(super) fn template<'p>(issuer: &'p Issuer, endpoint: &Endpoint) -> Option<&'p str> {
    Some(&issuer.profile()?.routes.get(usize::from(endpoint.route?))?.template)
}

/// The realm of an issuer, where its profile says that its path has one.
pub(super) fn tenant(issuer: &Issuer) -> Option<Cow<'_, str>> {
    let (before, _) = issuer.profile()?.tenant.as_ref()?;
    let path = std::str::from_utf8(issuer.path()).ok()?;
    let mut segments = path.split('/').skip_while(|segment| segment != before).skip(1);
    segments.next().map(Cow::Borrowed)
}

/// The path of the issuer identifier, with the realm replaced.
fn base(issuer: &Issuer) -> String {
    let path = issuer.profile().map_or(issuer.path(), |profile| profile.base(issuer.path()));
    let path = String::from_utf8_lossy(path);
    let names = issuer.profile().and_then(|profile| profile.tenant.as_ref());
    let mut after_marker = false;
    let shown = path.split('/').map(|segment| match names {
        Some((before, name)) => {
            let variable = std::mem::replace(&mut after_marker, segment == before);
            if variable { name } else { segment }
        }
        None => segment,
    });
    shown.collect::<Vec<_>>().join("/")
}

fn masked(path: &[u8]) -> String {
    let segments = path.split(|byte| *byte == b'/').take(SEGMENTS);
    let shown = segments.map(|segment| match std::str::from_utf8(segment) {
        Ok(text) if is_word(text) => text,
        _ => "{id}",
    });
    shown.collect::<Vec<_>>().join("/")
}

/// Segments of a template; longer paths are cut.
const SEGMENTS: usize = 24;

/// Words that programmers choose: lower case with hyphens, or short without a mix of cases and digits.
fn is_word(segment: &str) -> bool {
    let all = |allowed: fn(&u8) -> bool| segment.as_bytes().iter().all(allowed);
    let any = |wanted: fn(&u8) -> bool| segment.as_bytes().iter().any(wanted);
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let lower = all(|byte| byte.is_ascii_lowercase() || b"-_.".contains(byte));
    let plain = all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    let mixed = any(u8::is_ascii_uppercase) && any(u8::is_ascii_digit);
    segment.len() <= 40 && (lower || (plain && segment.len() < 20 && digits <= 3 && !mixed))
}

#[cfg(test)]
mod tests {
    use super::super::policy::{IssuerSettings, Policy};
    use super::super::{Limits, Provider};
    use super::*;

    fn template(issuer: &str, provider: Option<Provider>, path: &str) -> String {
        let settings = IssuerSettings { issuer: issuer.to_owned(), provider, ..IssuerSettings::default() };
        let policy = Policy::new(vec![settings], Limits::default()).unwrap();
        let interest = policy.triage(b"idp.test", path.as_bytes()).unwrap();
        of(path.as_bytes(), &policy.issuers[0], interest.endpoint.as_ref()).into_owned()
    }

    #[test]
    fn a_profile_names_the_variable_parts() {
        let realm = "https://idp.test/auth/realms/acme";
        let path = "/auth/realms/acme/protocol/openid-connect/token?x=1";
        assert_eq!(
            template(realm, Some(Provider::Keycloak), path),
            "/auth/realms/{realm}/protocol/openid-connect/token"
        );
        let session = "/admin/auth/realms/acme/sessions/08a5019c-17e1-4977-8f42-65a12843ea02";
        assert_eq!(template(realm, Some(Provider::Keycloak), session), "/admin/auth/realms/{realm}/sessions/{session}");
        assert_eq!(template("https://idp.test", Some(Provider::OidcProvider), "/auth/RlA46jOelvRs"), "/auth/{uid}");
    }

    #[test]
    fn an_unknown_path_shows_words_and_hides_identifiers() {
        for (path, expected) in [
            ("/oauth2/authorize/x", "/oauth2/authorize/x"),
            ("/interaction/RlA46jOelvRsvsVwC7jJzQ5lX8jQ9xDuzYzIuko4hBu", "/interaction/{id}"),
            ("/t/08a5019c-17e1-4977-8f42-65a12843ea02/login", "/t/{id}/login"),
            ("/user/jane%40example.com", "/user/{id}"),
            ("/code/Ab3dE9", "/code/{id}"),
            ("/login-actions/required-action", "/login-actions/required-action"),
            ("/", "/"),
        ] {
            assert_eq!(template("https://idp.test", None, path), expected);
        }
    }

    #[test]
    fn the_realm_is_the_tenant() {
        let settings = |provider| IssuerSettings {
            issuer: "https://idp.test/realms/acme".to_owned(),
            provider,
            ..IssuerSettings::default()
        };
        let policy = Policy::new(vec![settings(Some(Provider::Keycloak))], Limits::default()).unwrap();
        assert_eq!(tenant(&policy.issuers[0]), Some(Cow::Borrowed("acme")));
        let policy = Policy::new(vec![settings(None)], Limits::default()).unwrap();
        assert_eq!(tenant(&policy.issuers[0]), None);
    }
}
