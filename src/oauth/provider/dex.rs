//! Dex 2.45.1 (PROTOCOL §6.8).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Failure, Pending, Success, Unknown};
use super::{Adapter, Handle, Route, Rows, Rule, Test, consent, login, route, when, word};

pub(super) const ROWS: Rows =
    Rows { name: "dex", about: "Dex 2.45.1", routes: ROUTES, adapters: ADAPTERS, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/auth", Kind::Authorization, Source),
    route("/auth/{connector}", Kind::Interaction, Source),
    route("/auth/{connector}/login", Kind::Interaction, Source),
    route("/approval", Kind::Interaction, Source),
    route("/mfa/{step}", Kind::Interaction, Source),
    route("/callback", Kind::Interaction, Source),
    route("/callback/{connector}", Kind::Interaction, Source),
    route("/token", Kind::Token, Source),
    route("/token/introspect", Kind::Introspection, Source),
    route("/keys", Kind::Jwks, Source),
    route("/userinfo", Kind::Userinfo, Source),
    route("/device/code", Kind::DeviceAuthorization, Source),
    route("/device", Kind::DeviceVerification, Source),
    route("/device/auth/verify_code", Kind::DeviceVerification, Source),
    route("/device/callback", Kind::Other, Source),
    route("/device/token", Kind::Other, Source),
    route("/logout", Kind::EndSession, Source),
    route("/logout/callback", Kind::Resume, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("dex", "/auth/{connector}/login", words!["login"], PAGE, Run).handle(Handle::Query(word("state"))),
    consent("dex-approval", "/approval", APPROVAL, Run).handle(Handle::Query(word("req"))),
];

const PAGE: &[Rule] = &[
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::RedirectTo(word("/approval"))], Success),
    when(tests![Test::RedirectTo(word("/mfa/{step}"))], Pending),
];

/// "Cancel" ends in a 500 that could also be anything else.
const APPROVAL: &[Rule] = &[when(tests![Test::Status(500)], Unknown)];
