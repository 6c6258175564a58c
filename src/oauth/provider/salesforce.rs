//! Salesforce (PROTOCOL §6.18).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::{Route, Rows, route};

pub(super) const ROWS: Rows =
    Rows { name: "salesforce", about: "Salesforce", session_cookies: words!["sid"], routes: ROUTES, ..Rows::PLAIN };

const ROUTES: &[Route] = &[
    route("//{site*}/services/oauth2/authorize", Kind::Authorization, Source),
    route("//{site*}/services/oauth2/token", Kind::Token, Source),
    route("//{site*}/services/oauth2/revoke", Kind::Revocation, Source),
    route("//{site*}/services/oauth2/introspect", Kind::Introspection, Source),
    route("//{site*}/services/oauth2/userinfo", Kind::Userinfo, Source),
    route("//{site*}/services/oauth2/register", Kind::Registration, Source),
    route("//{site*}/id/keys", Kind::Jwks, Source),
    route("//{site*}/services/auth/idp/oidc/logout", Kind::EndSession, Source),
    route("//id/{org}/{user}", Kind::Other, Field),
    route("//secur/frontdoor.jsp", Kind::Other, Field),
    route("//services/auth/callback", Kind::Interaction, Field),
    route("//services/authcallback/{name*}", Kind::Interaction, Field),
    route("//setup/secur/RemoteAccessAuthorizationPage.apexp", Kind::Interaction, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];
