//! Active Directory Federation Services (PROTOCOL §6.4).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Success, Unknown};
use super::{Adapter, Only, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "adfs";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Active Directory Federation Services"),
    suffix: word(""),
    case_insensitive: true,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["MSISAuth"]),
    internal_parameters: Cow::Borrowed(words!["Password"]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oauth2/authorize", Kind::Authorization, Documentation),
    route("/oauth2/token", Kind::Token, Documentation),
    route("/oauth2/logout", Kind::EndSession, Documentation),
    route("/oauth2/devicecode", Kind::DeviceAuthorization, Documentation),
    route("/userinfo", Kind::Userinfo, Documentation),
    route("/discovery/keys", Kind::Jwks, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/ls", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("adfs", "/oauth2/authorize", words!["UserName"], AT_AUTHORIZE, Field).only(Only::With(word("Password"))),
    login("adfs", "/ls", words!["UserName"], AT_AUTHORIZE, Field),
];

const AT_AUTHORIZE: &[Rule] = &[
    when(tests![Test::Redirect, Test::Cookie(word("MSISAuth*"))], Success),
    when(tests![Test::Status(200), Test::Attribute(word("id"), word("errorText"))], Unknown),
];
