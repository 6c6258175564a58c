//! PingFederate (PROTOCOL §6.12).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::Unknown;
use super::{Adapter, Handle, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "pingfederate",
    about: "PingFederate",
    session_cookies: words!["PF"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/as/authorization.oauth2", Kind::Authorization, Documentation),
    route("/as/{id}/resume/as/authorization.ping", Kind::Resume, Field),
    route("/as/token.oauth2", Kind::Token, Documentation),
    route("/as/introspect.oauth2", Kind::Introspection, Documentation),
    route("/as/revoke_token.oauth2", Kind::Revocation, Documentation),
    route("/idp/userinfo.openid", Kind::Userinfo, Documentation),
    route("/pf/JWKS", Kind::Jwks, Documentation),
    route("/idp/init_logout.openid", Kind::EndSession, Documentation),
    route("/idp/startSLO.ping", Kind::EndSession, Documentation),
    route("/as/par.oauth2", Kind::Par, Documentation),
    route("/as/device_authz.oauth2", Kind::DeviceAuthorization, Documentation),
    route("/as/user_authz.oauth2", Kind::DeviceVerification, Documentation),
    route("/as/bc-auth.ciba", Kind::Ciba, Documentation),
    route("/as/clients.oauth2", Kind::Registration, Documentation),
    route("/as/oauth_access_grants.ping", Kind::Interaction, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
];

const ADAPTERS: &[Adapter] =
    &[login("pingfederate", "/as/{id}/resume/as/authorization.ping", words!["pf.username"], PAGE, Field)
        .handle(Handle::Path(word("id")))];

/// A page again can be any step of the adapter chain.
const PAGE: &[Rule] = &[when(tests![Test::Status(200)], Unknown)];
