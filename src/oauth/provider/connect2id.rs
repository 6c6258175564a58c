//! Connect2id server (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::{Profile, Route, route, word};

pub(super) const NAME: &str = "connect2id";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Connect2id server"),
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
    route("/login", Kind::Authorization, Field),
    route("/token", Kind::Token, Field),
    route("/userinfo", Kind::Userinfo, Field),
    route("/token/introspect", Kind::Introspection, Field),
    route("/token/revoke", Kind::Revocation, Field),
    route("/jwks.json", Kind::Jwks, Field),
    route("/logout", Kind::EndSession, Field),
    route("/clients", Kind::Registration, Field),
    route("/clients/{client}", Kind::Registration, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
];
