//! OpenIddict with the paths of its samples; the host defines them (PROTOCOL §6.14).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::Success;
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "openiddict",
    about: "OpenIddict with the paths of its samples; the host defines them",
    case_insensitive: true,
    session_cookies: words![".AspNetCore.Identity.Application"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/connect/authorize", Kind::Authorization, Source),
    route("/connect/token", Kind::Token, Source),
    route("/connect/introspect", Kind::Introspection, Source),
    route("/connect/revocation", Kind::Revocation, Source),
    route("/connect/revoke", Kind::Revocation, Source),
    route("/connect/userinfo", Kind::Userinfo, Source),
    route("/connect/logout", Kind::EndSession, Source),
    route("/connect/endsession", Kind::EndSession, Source),
    route("/connect/device", Kind::DeviceAuthorization, Source),
    route("/connect/verify", Kind::DeviceVerification, Source),
    route("/connect/par", Kind::Par, Field),
    route("/.well-known/jwks", Kind::Jwks, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/Account/{page*}", Kind::Interaction, Field),
    route("/Identity/Account/{page*}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("openiddict", "/Account/Login", words!["Input.Email", "Email"], PAGE, Field),
    login("openiddict", "/Identity/Account/Login", words!["Input.Email", "Email"], PAGE, Field),
];

const PAGE: &[Rule] = &[when(tests![Test::Redirect, Test::Cookie(word(".AspNetCore.Identity.Application"))], Success)];
