//! OneLogin; the issuer is `…/oidc/2` (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::{Profile, Route, route, word};

pub(super) const NAME: &str = "onelogin";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("OneLogin; the issuer is `…/oidc/2`"),
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
    route("/auth", Kind::Authorization, Field),
    route("/token", Kind::Token, Field),
    route("/token/introspection", Kind::Introspection, Field),
    route("/token/revocation", Kind::Revocation, Field),
    route("/me", Kind::Userinfo, Field),
    route("/certs", Kind::Jwks, Field),
    route("/logout", Kind::EndSession, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
];
