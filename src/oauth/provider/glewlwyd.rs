//! Glewlwyd; the issuer is `…/api/{plugin}` (PROTOCOL §6.15).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Failure, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "glewlwyd",
    about: "Glewlwyd; the issuer is `…/api/{plugin}`",
    session_cookies: words!["GLEWLWYD2_SESSION_ID"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/auth", Kind::Authorization, Source),
    route("/token", Kind::Token, Source),
    route("/token/{hash}", Kind::Revocation, Source),
    route("/userinfo", Kind::Userinfo, Source),
    route("/introspect", Kind::Introspection, Source),
    route("/revoke", Kind::Revocation, Source),
    route("/register", Kind::Registration, Source),
    route("/register/{client}", Kind::ClientConfiguration, Source),
    route("/end_session", Kind::EndSession, Source),
    route("/check_session_iframe", Kind::CheckSession, Source),
    route("/session/{sid}", Kind::AdminSession, Source),
    route("/device_authorization", Kind::DeviceAuthorization, Source),
    route("/device", Kind::DeviceVerification, Source),
    route("/par", Kind::Par, Source),
    route("/ciba", Kind::Ciba, Source),
    route("/jwks", Kind::Jwks, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/mtls/token", Kind::Token, Source),
    route("/mtls/device_authorization", Kind::DeviceAuthorization, Source),
    route("/mtls/introspect", Kind::Introspection, Source),
    route("/mtls/revoke", Kind::Revocation, Source),
    route("/mtls/par", Kind::Par, Source),
    route("/mtls/ciba", Kind::Ciba, Source),
    route("//api/auth", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[login("glewlwyd", "//api/auth", words!["/username"], JSON, Field)];

/// The status is the whole answer of this endpoint.
const JSON: &[Rule] = &[
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::Status(200), Test::Cookie(word("GLEWLWYD2_SESSION_ID"))], Success),
];
