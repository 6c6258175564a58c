//! django-oauth-toolkit below `/o`, with Django's login (PROTOCOL §2.6).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Failure, Step, Success};
use super::{Adapter, Only, Route, Rows, Rule, Test, consent, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "django-oauth-toolkit",
    about: "django-oauth-toolkit below `/o`, with Django's login",
    logout_consent: Some("allow"),
    session_cookies: words!["sessionid"],
    internal_parameters: words!["csrfmiddlewaretoken"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/authorize", Kind::Authorization, Run),
    route("/token", Kind::Token, Run),
    route("/revoke_token", Kind::Revocation, Run),
    route("/introspect", Kind::Introspection, Run),
    route("/userinfo", Kind::Userinfo, Run),
    route("/.well-known/jwks.json", Kind::Jwks, Run),
    route("/logout", Kind::EndSession, Run),
    route("/.well-known/openid-configuration", Kind::Discovery, Run),
    route("/device-authorization", Kind::DeviceAuthorization, Source),
    route("//accounts/login", Kind::Interaction, Run),
    route("//admin/login", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("django", "//accounts/login", words!["username"], PAGE, Run),
    login("django", "//admin/login", words!["username"], PAGE, Source),
    consent("django-consent", "/authorize", &[], Run).only(Only::With(word("csrfmiddlewaretoken"))),
];

/// Django's view renders its form again with 200 whatever is wrong, and a session begins with success alone.
const PAGE: &[Rule] = &[
    when(tests![Test::Redirect, Test::Cookie(word("sessionid"))], Success),
    when(tests![Test::Status(200), Test::Attribute(word("name"), word("password"))], Failure),
    when(tests![Test::Status(403)], Step),
];
