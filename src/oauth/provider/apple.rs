//! Sign in with Apple (PROTOCOL §6.19).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation};
use super::{Profile, Route, route, word};

pub(super) const NAME: &str = "apple";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Sign in with Apple"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(&[]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(&[]),
};

const ROUTES: &[Route] = &[
    route("/auth/authorize", Kind::Authorization, Documentation),
    route("/auth/token", Kind::Token, Documentation),
    route("/auth/revoke", Kind::Revocation, Documentation),
    route("/auth/keys", Kind::Jwks, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
];
