//! Janssen (PROTOCOL §6.13).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::Success;
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "janssen",
    about: "Janssen",
    session_cookies: words!["session_id"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/jans-auth/restv1/authorize", Kind::Authorization, Source),
    route("/jans-auth/restv1/token", Kind::Token, Source),
    route("/jans-auth/restv1/userinfo", Kind::Userinfo, Source),
    route("/jans-auth/restv1/introspection", Kind::Introspection, Source),
    route("/jans-auth/restv1/revoke", Kind::Revocation, Source),
    route("/jans-auth/restv1/end_session", Kind::EndSession, Source),
    route("/jans-auth/restv1/jwks", Kind::Jwks, Source),
    route("/jans-auth/restv1/register", Kind::Registration, Source),
    route("/jans-auth/restv1/par", Kind::Par, Source),
    route("/jans-auth/restv1/device_authorization", Kind::DeviceAuthorization, Source),
    route("/jans-auth/restv1/bc-authorize", Kind::Ciba, Source),
    route("/jans-auth/restv1/clientinfo", Kind::Other, Source),
    route("/jans-auth/opiframe.htm", Kind::CheckSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/jans-auth/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/jans-auth/{page}", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[login("janssen", "/jans-auth/{page}", words!["loginForm:username"], PAGE, Field)];

const PAGE: &[Rule] = &[when(tests![Test::RedirectTo(word("/jans-auth/restv1/authorize"))], Success)];
