//! Gluu Server (oxAuth) (PROTOCOL §6.13).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "gluu";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Gluu Server (oxAuth)"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["session_id"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oxauth/restv1/authorize", Kind::Authorization, Source),
    route("/oxauth/restv1/token", Kind::Token, Source),
    route("/oxauth/restv1/userinfo", Kind::Userinfo, Source),
    route("/oxauth/restv1/introspection", Kind::Introspection, Source),
    route("/oxauth/restv1/revoke", Kind::Revocation, Source),
    route("/oxauth/restv1/end_session", Kind::EndSession, Source),
    route("/oxauth/restv1/jwks", Kind::Jwks, Source),
    route("/oxauth/restv1/register", Kind::Registration, Source),
    route("/oxauth/restv1/device_authorization", Kind::DeviceAuthorization, Source),
    route("/oxauth/restv1/bc-authorize", Kind::Ciba, Source),
    route("/oxauth/restv1/clientinfo", Kind::Other, Source),
    route("/oxauth/opiframe", Kind::CheckSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/oxauth/{page}", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("gluu", "/oxauth/{page}", words!["loginForm:username"], PAGE, Field),
];

const PAGE: &[Rule] = &[when(tests![Test::RedirectTo(word("/oxauth/restv1/authorize"))], Success)];
