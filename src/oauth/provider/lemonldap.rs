//! `LemonLDAP::NG` 2.16 (PROTOCOL §6.16).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Failure, Success};
use super::{Adapter, Only, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "lemonldap",
    about: "LemonLDAP::NG 2.16",
    session_cookies: words!["lemonldap"],
    internal_parameters: words!["password"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth2/authorize", Kind::Authorization, Source),
    route("/oauth2/token", Kind::Token, Source),
    route("/oauth2/userinfo", Kind::Userinfo, Source),
    route("/oauth2/jwks", Kind::Jwks, Source),
    route("/oauth2/register", Kind::Registration, Source),
    route("/oauth2/introspect", Kind::Introspection, Source),
    route("/oauth2/revoke", Kind::Revocation, Source),
    route("/oauth2/logout", Kind::EndSession, Source),
    route("/oauth2/checksession.html", Kind::CheckSession, Source),
    route("/oauth2/flogout", Kind::Other, Source),
    route("/oauth2/blogout", Kind::Other, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];

const ADAPTERS: &[Adapter] =
    &[login("lemonldap", "/oauth2/authorize", words!["user"], PORTAL, Run).only(Only::With(word("password")))];

/// The form is posted to the authorization endpoint; refused, the portal comes again, in 200 or 401.
const PORTAL: &[Rule] = &[
    when(tests![Test::JsonIs(word("/result"), word("0")), Test::JsonCode(word("/error"))], Failure),
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::Status(200), Test::Attribute(word("name"), word("password"))], Failure),
    when(tests![Test::Redirect, Test::Cookie(word("lemonldap"))], Success),
];
