//! PingAM, ForgeRock AM; the issuer is `…/oauth2[/realms/…]` (PROTOCOL §6.12).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Pending, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "pingam",
    about: "PingAM, ForgeRock AM; the issuer is `…/oauth2[/realms/…]`",
    session_cookies: words!["iPlanetDirectoryPro"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/authorize", Kind::Authorization, Documentation),
    route("/access_token", Kind::Token, Documentation),
    route("/introspect", Kind::Introspection, Documentation),
    route("/tokeninfo", Kind::Other, Documentation),
    route("/idtokeninfo", Kind::Other, Documentation),
    route("/token/revoke", Kind::Revocation, Documentation),
    route("/userinfo", Kind::Userinfo, Documentation),
    route("/connect/jwk_uri", Kind::Jwks, Documentation),
    route("/connect/endSession", Kind::EndSession, Documentation),
    route("/par", Kind::Par, Documentation),
    route("/device/code", Kind::DeviceAuthorization, Documentation),
    route("/device/user", Kind::DeviceVerification, Documentation),
    route("/bc-authorize", Kind::Ciba, Documentation),
    route("/connect/register", Kind::Registration, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{context}/json/{realm*}/authenticate", Kind::Interaction, Documentation),
    route("//{context}/XUI", Kind::Interaction, Field),
    route("//{context}/XUI/{page*}", Kind::Interaction, Field),
    route("//{context}/json/{realm*}/sessions", Kind::AdminSession, Field),
];

const ADAPTERS: &[Adapter] = &[login(
    "pingam",
    "//{context}/json/{realm*}/authenticate",
    words!["/callbacks/0/input/0/value"],
    JSON,
    Documentation,
)
.means(None)];

const JSON: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonIs(word("/code"), word("401"))], Failure),
    when(tests![Test::Status(200), Test::Json(word("/tokenId"))], Success),
    when(tests![Test::Status(200), Test::Json(word("/authId"))], Pending),
];
