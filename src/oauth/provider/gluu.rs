//! Gluu Server (oxAuth) (PROTOCOL §6.13).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::Success;
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "gluu",
    about: "Gluu Server (oxAuth)",
    session_cookies: words!["session_id"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oxauth/restv1/authorize", Kind::Authorization, Source),
    route("/oxauth/restv1/token", Kind::Token, Source),
    route("/oxauth/restv1/userinfo", Kind::Userinfo, Source),
    route("/oxauth/restv1/introspection", Kind::Introspection, Source),
    route("/oxauth/restv1/revoke", Kind::Revocation, Source),
    route("/oxauth/restv1/end_session", Kind::EndSession, Source),
    route("/oxauth/restv1/jwks", Kind::Jwks, Source),
    route("/oxauth/restv1/register", Kind::Registration, Source),
    route("/oxauth/restv1/device_authorization", Kind::DeviceAuthorization, Source),
    route("/oxauth/restv1/bc-authorize", Kind::Ciba, Source),
    route("/oxauth/restv1/clientinfo", Kind::Other, Source),
    route("/oxauth/opiframe", Kind::CheckSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/oxauth/{page}", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[login("gluu", "/oxauth/{page}", words!["loginForm:username"], PAGE, Field)];

const PAGE: &[Rule] = &[when(tests![Test::RedirectTo(word("/oxauth/restv1/authorize"))], Success)];
