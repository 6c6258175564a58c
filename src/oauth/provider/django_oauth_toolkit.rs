//! django-oauth-toolkit below `/o`, with Django's login (PROTOCOL §2.6).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Failure, Step, Success};
use super::{Adapter, Only, Profile, Route, Rule, Test, consent, login, route, when, word};

pub(super) const NAME: &str = "django-oauth-toolkit";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("django-oauth-toolkit below `/o`, with Django's login"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: Some(word("allow")),
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["sessionid"]),
    internal_parameters: Cow::Borrowed(words!["csrfmiddlewaretoken"]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/authorize", Kind::Authorization, Run),
    route("/token", Kind::Token, Run),
    route("/revoke_token", Kind::Revocation, Run),
    route("/introspect", Kind::Introspection, Run),
    route("/userinfo", Kind::Userinfo, Run),
    route("/.well-known/jwks.json", Kind::Jwks, Run),
    route("/logout", Kind::EndSession, Run),
    route("/.well-known/openid-configuration", Kind::Discovery, Run),
    route("/device-authorization", Kind::DeviceAuthorization, Source),
    route("//accounts/login", Kind::Interaction, Run),
    route("//admin/login", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("django", "//accounts/login", words!["username"], PAGE, Run),
    login("django", "//admin/login", words!["username"], PAGE, Source),
    consent("django-consent", "/authorize", &[], Run).only(Only::With(word("csrfmiddlewaretoken"))),
];

/// Django's view renders its form again with 200 whatever is wrong, and a session begins with success alone.
const PAGE: &[Rule] = &[
    when(tests![Test::Redirect, Test::Cookie(word("sessionid"))], Success),
    when(tests![Test::Status(200), Test::Attribute(word("name"), word("password"))], Failure),
    when(tests![Test::Status(403)], Step),
];
