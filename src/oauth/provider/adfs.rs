//! Active Directory Federation Services (PROTOCOL §6.4).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Success, Unknown};
use super::{Adapter, Only, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "adfs",
    about: "Active Directory Federation Services",
    case_insensitive: true,
    session_cookies: words!["MSISAuth"],
    internal_parameters: words!["Password"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth2/authorize", Kind::Authorization, Documentation),
    route("/oauth2/token", Kind::Token, Documentation),
    route("/oauth2/logout", Kind::EndSession, Documentation),
    route("/oauth2/devicecode", Kind::DeviceAuthorization, Documentation),
    route("/userinfo", Kind::Userinfo, Documentation),
    route("/discovery/keys", Kind::Jwks, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/ls", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("adfs", "/oauth2/authorize", words!["UserName"], AT_AUTHORIZE, Field).only(Only::With(word("Password"))),
    login("adfs", "/ls", words!["UserName"], AT_AUTHORIZE, Field),
];

const AT_AUTHORIZE: &[Rule] = &[
    when(tests![Test::Redirect, Test::Cookie(word("MSISAuth*"))], Success),
    when(tests![Test::Status(200), Test::Attribute(word("id"), word("errorText"))], Unknown),
];
