//! Sign in with Apple (PROTOCOL §6.19).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Documentation;
use super::{Route, Rows, route};

pub(super) const ROWS: Rows = Rows { name: "apple", about: "Sign in with Apple", routes: ROUTES, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/auth/authorize", Kind::Authorization, Documentation),
    route("/auth/token", Kind::Token, Documentation),
    route("/auth/revoke", Kind::Revocation, Documentation),
    route("/auth/keys", Kind::Jwks, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
];
