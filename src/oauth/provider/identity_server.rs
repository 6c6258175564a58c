//! `IdentityServer4`, Duende `IdentityServer` (PROTOCOL §6.14).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::Success;
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "identityserver",
    about: "IdentityServer4, Duende IdentityServer",
    case_insensitive: true,
    session_cookies: words!["idsrv.session", "idsrv"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/connect/authorize", Kind::Authorization, Source),
    route("/connect/authorize/callback", Kind::Resume, Source),
    route("/connect/token", Kind::Token, Source),
    route("/connect/mtls/token", Kind::Token, Source),
    route("/connect/introspect", Kind::Introspection, Source),
    route("/connect/mtls/introspect", Kind::Introspection, Source),
    route("/connect/revocation", Kind::Revocation, Source),
    route("/connect/mtls/revocation", Kind::Revocation, Source),
    route("/connect/userinfo", Kind::Userinfo, Source),
    route("/.well-known/openid-configuration/jwks", Kind::Jwks, Source),
    route("/connect/endsession", Kind::EndSession, Source),
    route("/connect/endsession/callback", Kind::Resume, Source),
    route("/connect/checksession", Kind::CheckSession, Source),
    route("/connect/deviceauthorization", Kind::DeviceAuthorization, Source),
    route("/connect/mtls/deviceauthorization", Kind::DeviceAuthorization, Source),
    route("/connect/par", Kind::Par, Field),
    route("/connect/ciba", Kind::Ciba, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/Account/{page*}", Kind::Interaction, Field),
    route("/Consent", Kind::Interaction, Field),
    route("/Consent/{page}", Kind::Interaction, Field),
    route("/Device", Kind::DeviceVerification, Field),
    route("/Device/{page}", Kind::DeviceVerification, Field),
];

const ADAPTERS: &[Adapter] =
    &[login("identityserver", "/Account/Login", words!["Username", "Input.Username"], PAGE, Field)];

/// The host's own page: what its return means is its own affair.
const PAGE: &[Rule] = &[when(tests![Test::RedirectTo(word("/connect/authorize/callback"))], Success)];
