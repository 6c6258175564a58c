//! WSO2 Identity Server, Asgardeo (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::Verdict::{Failure, Success};
use super::{Adapter, Handle, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "wso2";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("WSO2 Identity Server, Asgardeo"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["commonAuthId"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
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

const ADAPTERS: &[Adapter] = &[
    login("wso2", "//{tenant*}/commonauth", words!["username"], PAGE, Field).handle(Handle::Query(word("sessionDataKey"))),
];

const PAGE: &[Rule] = &[
    when(tests![Test::RedirectQuery(word("authFailure"))], Failure),
    when(tests![Test::RedirectTo(word("//{tenant*}/oauth2/authorize"))], Success),
];
