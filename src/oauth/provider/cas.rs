//! Apereo CAS (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::Verdict::{Failure, Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "cas";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Apereo CAS"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["TGC"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oidc/authorize", Kind::Authorization, Field),
    route("/oidc/oidcAuthorize", Kind::Authorization, Field),
    route("/oidc/accessToken", Kind::Token, Field),
    route("/oidc/token", Kind::Token, Field),
    route("/oidc/profile", Kind::Userinfo, Field),
    route("/oidc/introspect", Kind::Introspection, Field),
    route("/oidc/revoke", Kind::Revocation, Field),
    route("/oidc/jwks", Kind::Jwks, Field),
    route("/oidc/logout", Kind::EndSession, Field),
    route("/oidc/register", Kind::Registration, Field),
    route("/oidc/.well-known/openid-configuration", Kind::Discovery, Field),
    route("/login", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("cas", "/login", words!["username"], PAGE, Field),
];

const PAGE: &[Rule] = &[
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::Redirect, Test::Cookie(word("TGC"))], Success),
];
