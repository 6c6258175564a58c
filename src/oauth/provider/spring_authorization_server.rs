//! Spring Authorization Server 1.5.6 with Spring Security's login form (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run};
use super::Verdict::{Failure, Step, Success};
use super::{Adapter, Only, Profile, Route, Rule, Test, consent, login, route, when, word};

pub(super) const NAME: &str = "spring-authorization-server";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Spring Authorization Server 1.5.6 with Spring Security's login form"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(words!["/"]),
    session_cookies: Cow::Borrowed(words!["JSESSIONID"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oauth2/authorize", Kind::Authorization, Run),
    route("/oauth2/token", Kind::Token, Run),
    route("/oauth2/introspect", Kind::Introspection, Run),
    route("/oauth2/revoke", Kind::Revocation, Run),
    route("/oauth2/jwks", Kind::Jwks, Run),
    route("/oauth2/par", Kind::Par, Run),
    route("/oauth2/device_authorization", Kind::DeviceAuthorization, Run),
    route("/oauth2/device_verification", Kind::DeviceVerification, Run),
    route("/activate", Kind::DeviceVerification, Run),
    route("/userinfo", Kind::Userinfo, Run),
    route("/connect/register", Kind::Registration, Run),
    route("/connect/logout", Kind::EndSession, Run),
    route("/.well-known/openid-configuration", Kind::Discovery, Run),
    route("/.well-known/oauth-authorization-server", Kind::Discovery, Run),
    route("/login", Kind::Interaction, Run),
];

const ADAPTERS: &[Adapter] = &[
    login("spring", "/login", words!["username"], PAGE, Run),
    consent("spring-consent", "/oauth2/authorize", &[], Run).only(Only::Without(word("response_type"))),
];

/// Back at the plain `/login` means that the CSRF token was missing: no attempt.
const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/login")), Test::RedirectQuery(word("error"))], Failure),
    when(tests![Test::RedirectTo(word("/login"))], Step),
    when(tests![Test::Redirect, Test::Cookie(word("JSESSIONID"))], Success),
];
