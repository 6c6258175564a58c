//! PingOne; the issuer is `…/{envId}/as` (PROTOCOL §6.12).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Pending, Step, Success};
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "pingone",
    about: "PingOne; the issuer is `…/{envId}/as`",
    tenant: Some(("", "{env}")),
    session_cookies: words!["ST"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/authorize", Kind::Authorization, Documentation),
    route("/resume", Kind::Resume, Field),
    route("/token", Kind::Token, Documentation),
    route("/introspect", Kind::Introspection, Documentation),
    route("/revoke", Kind::Revocation, Documentation),
    route("/userinfo", Kind::Userinfo, Documentation),
    route("/jwks", Kind::Jwks, Documentation),
    route("/signoff", Kind::EndSession, Documentation),
    route("/par", Kind::Par, Documentation),
    route("/device_authorization", Kind::DeviceAuthorization, Documentation),
    route("/cibaAuthorization", Kind::Ciba, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{env}/flows/{flow*}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] =
    &[login("pingone", "//{env}/flows/{flow}", words!["/username"], FLOW, Field).handle(Handle::Path(word("flow")))];

/// Other steps of a flow are posted there too.
const FLOW: &[Rule] = &[
    when(
        tests![
            Test::Status(400),
            Test::JsonIs(word("/details/0/code"), word("INVALID_CREDENTIALS")),
            Test::JsonCode(word("/details/0/code"))
        ],
        Failure,
    ),
    when(tests![Test::Status(200), Test::JsonIs(word("/status"), word("COMPLETED"))], Success),
    when(tests![Test::Status(200), Test::JsonCode(word("/status"))], Pending),
    when(tests![Test::Status(400)], Step),
];
