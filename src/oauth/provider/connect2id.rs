//! Connect2id server (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::{Route, Rows, route};

pub(super) const ROWS: Rows = Rows { name: "connect2id", about: "Connect2id server", routes: ROUTES, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/login", Kind::Authorization, Field),
    route("/token", Kind::Token, Field),
    route("/userinfo", Kind::Userinfo, Field),
    route("/token/introspect", Kind::Introspection, Field),
    route("/token/revoke", Kind::Revocation, Field),
    route("/jwks.json", Kind::Jwks, Field),
    route("/logout", Kind::EndSession, Field),
    route("/clients", Kind::Registration, Field),
    route("/clients/{client}", Kind::Registration, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
];
