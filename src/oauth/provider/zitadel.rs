//! ZITADEL (PROTOCOL §6.9).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Success, Unknown};
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "zitadel",
    about: "ZITADEL",
    internal_parameters: words!["authRequestID"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth/v2/authorize", Kind::Authorization, Source),
    route("/oauth/v2/authorize/callback", Kind::Resume, Source),
    route("/oauth/v2/token", Kind::Token, Source),
    route("/oauth/v2/introspect", Kind::Introspection, Source),
    route("/oauth/v2/revoke", Kind::Revocation, Source),
    route("/oauth/v2/keys", Kind::Jwks, Source),
    route("/oauth/v2/device_authorization", Kind::DeviceAuthorization, Source),
    route("/oidc/v1/userinfo", Kind::Userinfo, Source),
    route("/oidc/v1/end_session", Kind::EndSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/ui/login/{page*}", Kind::Interaction, Field),
    route("/ui/v2/login/{page*}", Kind::Interaction, Field),
    route("/v2/sessions", Kind::Interaction, Field),
    route("/v2/sessions/{id}", Kind::Interaction, Field),
    route("/idps/callback", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("zitadel", "/ui/login/loginname", words!["loginName"], PAGE, Field)
        .handle(Handle::Query(word("authRequestID"))),
    login("zitadel", "/ui/login/password", words!["loginName"], PAGE, Field)
        .handle(Handle::Query(word("authRequestID"))),
];

/// A page again can be the next step as well.
const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/oauth/v2/authorize/callback"))], Success),
    when(tests![Test::Status(200)], Unknown),
];
