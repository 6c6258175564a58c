//! Spring Authorization Server 1.5.6 with Spring Security's login form (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Run;
use super::Verdict::{Failure, Step, Success};
use super::{Adapter, Only, Route, Rows, Rule, Test, consent, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "spring-authorization-server",
    about: "Spring Authorization Server 1.5.6 with Spring Security's login form",
    logout_pages: words!["/"],
    session_cookies: words!["JSESSIONID"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
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
