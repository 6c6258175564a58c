//! Janssen (PROTOCOL §6.13).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "janssen";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Janssen"),
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
    route("/jans-auth/restv1/authorize", Kind::Authorization, Source),
    route("/jans-auth/restv1/token", Kind::Token, Source),
    route("/jans-auth/restv1/userinfo", Kind::Userinfo, Source),
    route("/jans-auth/restv1/introspection", Kind::Introspection, Source),
    route("/jans-auth/restv1/revoke", Kind::Revocation, Source),
    route("/jans-auth/restv1/end_session", Kind::EndSession, Source),
    route("/jans-auth/restv1/jwks", Kind::Jwks, Source),
    route("/jans-auth/restv1/register", Kind::Registration, Source),
    route("/jans-auth/restv1/par", Kind::Par, Source),
    route("/jans-auth/restv1/device_authorization", Kind::DeviceAuthorization, Source),
    route("/jans-auth/restv1/bc-authorize", Kind::Ciba, Source),
    route("/jans-auth/restv1/clientinfo", Kind::Other, Source),
    route("/jans-auth/opiframe.htm", Kind::CheckSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/jans-auth/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/jans-auth/{page}", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("janssen", "/jans-auth/{page}", words!["loginForm:username"], PAGE, Field),
];

const PAGE: &[Rule] = &[when(tests![Test::RedirectTo(word("/jans-auth/restv1/authorize"))], Success)];
