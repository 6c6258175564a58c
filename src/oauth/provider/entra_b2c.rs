//! Microsoft Entra B2C; the issuer is `…/{tid}/v2.0` (PROTOCOL §6.4).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Unknown};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "entra-b2c",
    about: "Microsoft Entra B2C; the issuer is `…/{tid}/v2.0`",
    case_insensitive: true,
    tenant: Some(("", "{tenant}")),
    session_cookies: words!["x-ms-cpim-sso*"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("//{tenant}/{policy}/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//{tenant}/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//{tenant}/{policy}/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//{tenant}/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//{tenant}/{policy}/oauth2/v2.0/logout", Kind::EndSession, Documentation),
    route("//{tenant}/oauth2/v2.0/logout", Kind::EndSession, Documentation),
    route("//{tenant}/{policy}/discovery/v2.0/keys", Kind::Jwks, Documentation),
    route("//{tenant}/discovery/v2.0/keys", Kind::Jwks, Documentation),
    route("//{tenant}/{policy}/openid/v2.0/userinfo", Kind::Userinfo, Documentation),
    route("//{tenant}/{policy}/v2.0/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{tenant}/v2.0/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{tenant}/{policy}/SelfAsserted", Kind::Interaction, Field),
    route("//{tenant}/{policy}/api/{step*}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[login(
    "entra-b2c",
    "//{tenant}/{policy}/SelfAsserted",
    words!["signInName", "logonIdentifier", "email"],
    PAGE,
    Field,
)];

/// The answer is JSON in 200, whose `status` is the outcome; other forms (registration) are posted there too.
const PAGE: &[Rule] = &[
    when(tests![Test::JsonIs(word("/status"), word("400")), Test::JsonCode(word("/errorCode"))], Failure),
    when(tests![Test::JsonIs(word("/status"), word("200"))], Unknown),
];
