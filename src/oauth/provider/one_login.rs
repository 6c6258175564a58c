//! OneLogin; the issuer is `…/oidc/2` (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::{Route, Rows, route};

pub(super) const ROWS: Rows =
    Rows { name: "onelogin", about: "OneLogin; the issuer is `…/oidc/2`", routes: ROUTES, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/auth", Kind::Authorization, Field),
    route("/token", Kind::Token, Field),
    route("/token/introspection", Kind::Introspection, Field),
    route("/token/revocation", Kind::Revocation, Field),
    route("/me", Kind::Userinfo, Field),
    route("/certs", Kind::Jwks, Field),
    route("/logout", Kind::EndSession, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
];
