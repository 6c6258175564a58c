//! WSO2 Identity Server, Asgardeo (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::Verdict::{Failure, Success};
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "wso2",
    about: "WSO2 Identity Server, Asgardeo",
    session_cookies: words!["commonAuthId"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("//{tenant*}/oauth2/authorize", Kind::Authorization, Field),
    route("//{tenant*}/oauth2/token", Kind::Token, Field),
    route("//{tenant*}/oauth2/introspect", Kind::Introspection, Field),
    route("//{tenant*}/oauth2/revoke", Kind::Revocation, Field),
    route("//{tenant*}/oauth2/jwks", Kind::Jwks, Field),
    route("//{tenant*}/oauth2/userinfo", Kind::Userinfo, Field),
    route("//{tenant*}/oauth2/par", Kind::Par, Field),
    route("//{tenant*}/oauth2/device_authorize", Kind::DeviceAuthorization, Field),
    route("//{tenant*}/oauth2/ciba", Kind::Ciba, Field),
    route("//{tenant*}/oidc/logout", Kind::EndSession, Field),
    route("//{tenant*}/commonauth", Kind::Interaction, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
];

const ADAPTERS: &[Adapter] = &[login("wso2", "//{tenant*}/commonauth", words!["username"], PAGE, Field)
    .handle(Handle::Query(word("sessionDataKey")))];

const PAGE: &[Rule] = &[
    when(tests![Test::RedirectQuery(word("authFailure"))], Failure),
    when(tests![Test::RedirectTo(word("//{tenant*}/oauth2/authorize"))], Success),
];
