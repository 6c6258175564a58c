//! Okta, organisation and custom authorization servers (PROTOCOL §6.3).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Pending, Step, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "okta",
    about: "Okta, organisation and custom authorization servers",
    session_cookies: words!["sid", "idx"],
    internal_parameters: words!["stateToken"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/.well-known/oauth-authorization-server", Kind::Discovery, Documentation),
    route("/oauth2/v1/authorize", Kind::Authorization, Documentation),
    route("/v1/authorize", Kind::Authorization, Documentation),
    route("/oauth2/v1/token", Kind::Token, Documentation),
    route("/v1/token", Kind::Token, Documentation),
    route("/oauth2/v1/introspect", Kind::Introspection, Documentation),
    route("/v1/introspect", Kind::Introspection, Documentation),
    route("/oauth2/v1/revoke", Kind::Revocation, Documentation),
    route("/v1/revoke", Kind::Revocation, Documentation),
    route("/oauth2/v1/userinfo", Kind::Userinfo, Documentation),
    route("/v1/userinfo", Kind::Userinfo, Documentation),
    route("/oauth2/v1/keys", Kind::Jwks, Documentation),
    route("/v1/keys", Kind::Jwks, Documentation),
    route("/oauth2/v1/logout", Kind::EndSession, Documentation),
    route("/v1/logout", Kind::EndSession, Documentation),
    route("/oauth2/v1/par", Kind::Par, Documentation),
    route("/v1/par", Kind::Par, Documentation),
    route("/oauth2/v1/device/authorize", Kind::DeviceAuthorization, Documentation),
    route("/v1/device/authorize", Kind::DeviceAuthorization, Documentation),
    route("/oauth2/v1/bc/authorize", Kind::Ciba, Documentation),
    route("/v1/bc/authorize", Kind::Ciba, Documentation),
    route("/oauth2/v1/clients", Kind::Registration, Documentation),
    route("/oauth2/v1/clients/{client}", Kind::Registration, Documentation),
    route("/oauth2/v1/primary-authenticate", Kind::Challenge, Documentation),
    route("/oauth2/v1/challenge", Kind::Challenge, Documentation),
    route("/oauth2/v1/oob-authenticate", Kind::Challenge, Documentation),
    route("/v1/primary-authenticate", Kind::Challenge, Documentation),
    route("/v1/challenge", Kind::Challenge, Documentation),
    route("/v1/oob-authenticate", Kind::Challenge, Documentation),
    route("/oauth2/v1/global-token-revocation", Kind::AdminSession, Documentation),
    route("//login/token/redirect", Kind::Resume, Field),
    route("/v1/interact", Kind::Resume, Field),
    route("/oauth2/v1/authorize/callback", Kind::Resume, Field),
    route("//idp/idx/{step*}", Kind::Interaction, Field),
    route("//signin/{page*}", Kind::Interaction, Field),
    route("//api/v1/authn", Kind::Interaction, Field),
    route("//api/v1/authn/{step*}", Kind::Interaction, Field),
    route("//activate", Kind::DeviceVerification, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("okta-idx", "//idp/idx/identify", words!["/identifier"], IDX, Field),
    login("okta-idx", "//idp/idx/challenge/answer", &[], IDX, Field).means(None),
    login("okta-authn", "//api/v1/authn", words!["/username"], AUTHN, Documentation),
];

/// The error key is Okta's own code, and recorded.
const IDX: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonCode(word("/messages/value/0/i18n/key"))], Failure),
    when(tests![Test::Status(200), Test::Json(word("/success/href"))], Success),
    when(tests![Test::Status(200), Test::Json(word("/remediation/value"))], Pending),
    when(tests![Test::Status(400)], Step),
];

const AUTHN: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonCode(word("/errorCode"))], Failure),
    when(
        tests![Test::Status(200), Test::JsonIs(word("/status"), word("LOCKED_OUT")), Test::JsonCode(word("/status"))],
        Failure,
    ),
    when(tests![Test::Status(200), Test::JsonIs(word("/status"), word("SUCCESS"))], Success),
    when(tests![Test::Status(200), Test::JsonCode(word("/status"))], Pending),
];
