//! authentik; the issuer is that of the application (PROTOCOL §6.10).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Failure, Pending, Step, Success};
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "authentik",
    about: "authentik; the issuer is that of the application",
    tenant: Some(("o", "{app}")),
    session_cookies: words!["authentik_session"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("//application/o/authorize", Kind::Authorization, Source),
    route("//application/o/token", Kind::Token, Source),
    route("//application/o/introspect", Kind::Introspection, Source),
    route("//application/o/revoke", Kind::Revocation, Source),
    route("//application/o/userinfo", Kind::Userinfo, Source),
    route("//application/o/device", Kind::DeviceAuthorization, Source),
    route("//device", Kind::DeviceVerification, Source),
    route("//application/o/{app}/end-session", Kind::EndSession, Source),
    route("//application/o/{app}/jwks", Kind::Jwks, Source),
    route("//application/o/{app}/.well-known/openid-configuration", Kind::Discovery, Source),
    route("//if/flow/{slug}", Kind::Interaction, Source),
    route("//api/v3/flows/executor/{slug}", Kind::Interaction, Source),
    route("//source/oauth/{step}/{slug}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] =
    &[login("authentik", "//api/v3/flows/executor/{slug}", words!["/uid_field"], EXECUTOR, Source)
        .handle(Handle::Path(word("slug")))];

const EXECUTOR: &[Rule] = &[
    when(tests![Test::Json(word("/response_errors"))], Failure),
    when(tests![Test::JsonIs(word("/component"), word("ak-stage-access-denied"))], Failure),
    when(tests![Test::JsonIs(word("/component"), word("xak-flow-redirect"))], Success),
    when(tests![Test::JsonIs(word("/component"), word("ak-stage-consent"))], Pending),
    when(tests![Test::JsonIs(word("/component"), word("ak-stage-password"))], Pending),
    when(tests![Test::JsonIs(word("/component"), word("ak-stage-authenticator-validate"))], Pending),
    when(tests![Test::Redirect], Step),
    when(tests![Test::Json(word("/component"))], Step),
];
