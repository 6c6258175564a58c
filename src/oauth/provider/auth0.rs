//! Auth0 (PROTOCOL §6.2).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Pending, Step, Success, Unknown};
use super::{Adapter, Handle, Means, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "auth0",
    about: "Auth0",
    logout_parameters: words!["returnTo"],
    session_cookies: words!["auth0", "auth0_compat"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/authorize", Kind::Authorization, Documentation),
    route("/authorize/resume", Kind::Resume, Field),
    route("/u/{step}", Kind::Interaction, Field),
    route("/u/{step}/{way}", Kind::Interaction, Field),
    route("/login/callback", Kind::Interaction, Field),
    route("/mf", Kind::Interaction, Field),
    route("/oauth/token", Kind::Token, Documentation),
    route("/oauth/revoke", Kind::Revocation, Documentation),
    route("/userinfo", Kind::Userinfo, Documentation),
    route("/.well-known/jwks.json", Kind::Jwks, Documentation),
    route("/oidc/logout", Kind::EndSession, Documentation),
    route("/v2/logout", Kind::EndSession, Documentation),
    route("/oauth/par", Kind::Par, Documentation),
    route("/oauth/device/code", Kind::DeviceAuthorization, Documentation),
    route("/activate", Kind::DeviceVerification, Documentation),
    route("/bc-authorize", Kind::Ciba, Documentation),
    route("/oidc/register", Kind::Registration, Documentation),
    route("/usernamepassword/login", Kind::Interaction, Field),
    route("/co/authenticate", Kind::Interaction, Field),
    route("/passwordless/start", Kind::Interaction, Field),
    route("/mfa/challenge", Kind::Interaction, Field),
    route("/tokeninfo", Kind::Other, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
];

const ADAPTERS: &[Adapter] = &[
    login("auth0", "/u/login", words!["username"], PAGE, Field).handle(Handle::Query(word("state"))),
    login("auth0", "/u/login/password", words!["username"], PAGE, Field).handle(Handle::Query(word("state"))),
    login("auth0-mfa", "/u/{step}", &[], MFA, Field).handle(Handle::Query(word("state"))).means(Some(Means::Otp)),
    login("auth0-classic", "/usernamepassword/login", words!["/username"], CLASSIC, Field),
    login("auth0-classic", "/co/authenticate", words!["/username"], CLASSIC, Field),
];

/// The statuses are the server's own words: no page is looked at.
const PAGE: &[Rule] = &[
    when(tests![Test::Status(400)], Failure),
    when(tests![Test::Status(429)], Failure),
    when(tests![Test::RedirectTo(word("/authorize/resume"))], Success),
    when(tests![Test::RedirectTo(word("/u/{step}"))], Pending),
    when(tests![Test::RedirectTo(word("/u/{step}/{way}"))], Pending),
];

const MFA: &[Rule] = &[
    when(tests![Test::Status(429)], Failure),
    when(tests![Test::RedirectTo(word("/authorize/resume"))], Success),
    when(tests![Test::Redirect], Step),
    when(tests![Test::Status(400)], Unknown),
];

const CLASSIC: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonCode(word("/code"))], Failure),
    when(tests![Test::Status(403), Test::JsonCode(word("/code"))], Failure),
    when(tests![Test::Status(429)], Failure),
    when(tests![Test::Status(200)], Pending),
];
