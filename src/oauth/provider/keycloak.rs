//! Keycloak 26.4.0 (PROTOCOL §6.1).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Run;
use super::Verdict::{Failure, Pending, Step, Success};
use super::{Adapter, Handle, Means, Route, Rows, Rule, Test, by, consent, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "keycloak",
    about: "Keycloak 26.4.0",
    tenant: Some(("realms", "{realm}")),
    session_state_is_sid: true,
    session_cookies: words!["KEYCLOAK_IDENTITY"],
    internal_parameters: words!["session_code"],
    client_data: Some("client_data"),
    user_code_page: Some(("data-page-id", "login-login-oauth2-device-verify-user-code")),
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/.well-known/openid-configuration", Kind::Discovery, Run),
    route("/.well-known/oauth-authorization-server", Kind::Discovery, Run),
    route("/protocol/openid-connect/auth", Kind::Authorization, Run),
    route("/protocol/openid-connect/registrations", Kind::Authorization, Run),
    route("/protocol/openid-connect/forgot-credentials", Kind::Authorization, Run),
    route("/protocol/openid-connect/token", Kind::Token, Run),
    route("/protocol/openid-connect/token/introspect", Kind::Introspection, Run),
    route("/protocol/openid-connect/revoke", Kind::Revocation, Run),
    route("/protocol/openid-connect/userinfo", Kind::Userinfo, Run),
    route("/protocol/openid-connect/certs", Kind::Jwks, Run),
    route("/protocol/openid-connect/logout", Kind::EndSession, Run),
    route("/protocol/openid-connect/logout/logout-confirm", Kind::EndSessionConfirm, Run),
    route("/protocol/openid-connect/logout/backchannel-logout", Kind::BackchannelLogout, Run),
    route("/protocol/openid-connect/ext/par/request", Kind::Par, Run),
    route("/protocol/openid-connect/ext/ciba/auth", Kind::Ciba, Run),
    route("/protocol/openid-connect/ext/ciba/auth/callback", Kind::Other, Run),
    route("/protocol/openid-connect/auth/device", Kind::DeviceAuthorization, Run),
    route("/device", Kind::DeviceVerification, Run),
    route("/device/status", Kind::DeviceVerification, Run),
    route("/clients-registrations/{provider}", Kind::Registration, Run),
    route("/clients-registrations/{provider}/{client}", Kind::Registration, Run),
    route("/protocol/openid-connect/login-status-iframe.html", Kind::CheckSession, Run),
    route("/protocol/openid-connect/login-status-iframe.html/init", Kind::CheckSession, Run),
    route("/login-actions/{action}", Kind::Interaction, Run),
    route("/broker/{alias}/login", Kind::Interaction, Run),
    route("/broker/{alias}/endpoint", Kind::Interaction, Run),
    route("/broker/after-first-broker-login", Kind::Interaction, Run),
    // An administrator ends the sessions of a person, or one.
    route("//admin/{issuer}/users/{user}/logout", Kind::AdminSession, Run),
    route("//admin/{issuer}/sessions/{session}", Kind::AdminSession, Run),
];

const ADAPTERS: &[Adapter] = &[
    login("keycloak", "/login-actions/authenticate", words!["username"], PAGE, Run)
        .handle(Handle::Query(word("tab_id")))
        .means(None),
    consent("keycloak-consent", "/login-actions/consent", CONSENT, Run).handle(Handle::Query(word("tab_id"))),
];

/// One exchange does not show the page that was posted from; the page that comes shows what is asked now, and
/// `aria-invalid` that it is asked again. A disabled user gets an alert without it, and a form that expired an alert after
/// a GET. Locked, unknown and wrong look alike by design.
const PAGE: &[Rule] = &[
    by(
        Means::Password,
        tests![
            Test::Status(200),
            Test::Attribute(word("data-page-id"), word("login-login")),
            Test::Attribute(word("aria-invalid"), word("true"))
        ],
        Failure,
    ),
    by(
        Means::Password,
        tests![
            Test::Status(200),
            Test::Attribute(word("data-page-id"), word("login-login")),
            Test::Attribute(word("class"), word("pf-m-danger"))
        ],
        Failure,
    ),
    by(
        Means::Otp,
        tests![
            Test::Status(200),
            Test::Attribute(word("data-page-id"), word("login-login-otp")),
            Test::Attribute(word("aria-invalid"), word("true"))
        ],
        Failure,
    ),
    by(
        Means::Password,
        tests![Test::Status(200), Test::Attribute(word("data-page-id"), word("login-login-otp"))],
        Pending,
    ),
    when(tests![Test::RedirectTo(word("/login-actions/required-action"))], Pending),
    when(tests![Test::RedirectTo(word("/login-actions/authenticate"))], Step),
    when(tests![Test::Redirect, Test::Cookie(word("KEYCLOAK_IDENTITY"))], Success),
    when(tests![Test::Status(400)], Step),
];

/// The answer to a client is an authorization response, which says more; a device gets a page of Keycloak's own.
const CONSENT: &[Rule] = &[
    when(tests![Test::RedirectQuery(word("error"))], Failure),
    when(tests![Test::RedirectTo(word("/device/status"))], Success),
    when(tests![Test::Status(400)], Step),
];
