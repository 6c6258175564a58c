//! Google; name its other hosts in `authorities` (PROTOCOL §6.5).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field, Source};
use super::{Route, Rows, route};

pub(super) const ROWS: Rows =
    Rows { name: "google", about: "Google; name its other hosts in `authorities`", routes: ROUTES, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/o/oauth2/v2/auth", Kind::Authorization, Source),
    route("/o/oauth2/auth", Kind::Authorization, Field),
    route("/token", Kind::Token, Source),
    route("/oauth2/v4/token", Kind::Token, Field),
    route("/device/code", Kind::DeviceAuthorization, Source),
    route("/revoke", Kind::Revocation, Source),
    route("/v1/userinfo", Kind::Userinfo, Source),
    route("/oauth2/v3/certs", Kind::Jwks, Source),
    route("/tokeninfo", Kind::Other, Field),
    route("/v1/token", Kind::Token, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];
