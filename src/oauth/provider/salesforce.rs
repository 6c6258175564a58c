//! Salesforce (PROTOCOL §6.18).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::{Profile, Route, route, word};

pub(super) const NAME: &str = "salesforce";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Salesforce"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["sid"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(&[]),
};

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
