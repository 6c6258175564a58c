//! Authelia (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::Verdict::{Failure, Unknown};
use super::{Adapter, Means, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows =
    Rows { name: "authelia", about: "Authelia", routes: ROUTES, adapters: ADAPTERS, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("/api/oidc/authorization", Kind::Authorization, Field),
    route("/api/oidc/token", Kind::Token, Field),
    route("/api/oidc/introspection", Kind::Introspection, Field),
    route("/api/oidc/revocation", Kind::Revocation, Field),
    route("/api/oidc/userinfo", Kind::Userinfo, Field),
    route("/api/oidc/pushed-authorization-request", Kind::Par, Field),
    route("/api/oidc/device-authorization", Kind::DeviceAuthorization, Field),
    route("/jwks.json", Kind::Jwks, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
    route("/api/firstfactor", Kind::Interaction, Field),
    route("/api/secondfactor/{way}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("authelia", "/api/firstfactor", words!["/username"], JSON, Field),
    login("authelia-second", "/api/secondfactor/{way}", &[], JSON, Field).means(Some(Means::Otp)),
];

const JSON: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonIs(word("/status"), word("KO"))], Failure),
    when(tests![Test::Status(200), Test::JsonIs(word("/status"), word("OK"))], Unknown),
];
