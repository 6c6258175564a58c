//! Apereo CAS (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::Verdict::{Failure, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "cas",
    about: "Apereo CAS",
    session_cookies: words!["TGC"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oidc/authorize", Kind::Authorization, Field),
    route("/oidc/oidcAuthorize", Kind::Authorization, Field),
    route("/oidc/accessToken", Kind::Token, Field),
    route("/oidc/token", Kind::Token, Field),
    route("/oidc/profile", Kind::Userinfo, Field),
    route("/oidc/introspect", Kind::Introspection, Field),
    route("/oidc/revoke", Kind::Revocation, Field),
    route("/oidc/jwks", Kind::Jwks, Field),
    route("/oidc/logout", Kind::EndSession, Field),
    route("/oidc/register", Kind::Registration, Field),
    route("/oidc/.well-known/openid-configuration", Kind::Discovery, Field),
    route("/login", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[login("cas", "/login", words!["username"], PAGE, Field)];

const PAGE: &[Rule] =
    &[when(tests![Test::Status(401)], Failure), when(tests![Test::Redirect, Test::Cookie(word("TGC"))], Success)];
