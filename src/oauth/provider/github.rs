//! GitHub; OAuth 2.0 alone, errors come with 200 (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::Verdict::{Pending, Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "github";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("GitHub; OAuth 2.0 alone, errors come with 200"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["user_session"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/login/oauth/authorize", Kind::Authorization, Field),
    route("/login/oauth/access_token", Kind::Token, Field),
    route("/login/device/code", Kind::DeviceAuthorization, Field),
    route("/login/device", Kind::DeviceVerification, Field),
    route("/session", Kind::Interaction, Field),
    route("/sessions/{step}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("github", "/session", words!["login"], PAGE, Field),
];

const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/sessions/{step*}"))], Pending),
    when(tests![Test::Redirect, Test::Cookie(word("user_session"))], Success),
];
