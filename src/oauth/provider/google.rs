//! Google; name its other hosts in `authorities` (PROTOCOL §6.5).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field, Source};
use super::{Profile, Route, route, word};

pub(super) const NAME: &str = "google";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Google; name its other hosts in `authorities`"),
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
    route("/o/oauth2/v2/auth", Kind::Authorization, Source),
    route("/o/oauth2/auth", Kind::Authorization, Field),
    route("/token", Kind::Token, Source),
    route("/oauth2/v4/token", Kind::Token, Field),
    route("/device/code", Kind::DeviceAuthorization, Source),
    route("/revoke", Kind::Revocation, Source),
    route("/v1/userinfo", Kind::Userinfo, Source),
    route("/oauth2/v3/certs", Kind::Jwks, Source),
    route("/tokeninfo", Kind::Other, Field),
    route("/v1/token", Kind::Token, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];
