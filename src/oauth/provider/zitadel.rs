//! ZITADEL (PROTOCOL §6.9).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Success, Unknown};
use super::{Adapter, Handle, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "zitadel";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("ZITADEL"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(&[]),
    internal_parameters: Cow::Borrowed(words!["authRequestID"]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oauth/v2/authorize", Kind::Authorization, Source),
    route("/oauth/v2/authorize/callback", Kind::Resume, Source),
    route("/oauth/v2/token", Kind::Token, Source),
    route("/oauth/v2/introspect", Kind::Introspection, Source),
    route("/oauth/v2/revoke", Kind::Revocation, Source),
    route("/oauth/v2/keys", Kind::Jwks, Source),
    route("/oauth/v2/device_authorization", Kind::DeviceAuthorization, Source),
    route("/oidc/v1/userinfo", Kind::Userinfo, Source),
    route("/oidc/v1/end_session", Kind::EndSession, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/ui/login/{page*}", Kind::Interaction, Field),
    route("/ui/v2/login/{page*}", Kind::Interaction, Field),
    route("/v2/sessions", Kind::Interaction, Field),
    route("/v2/sessions/{id}", Kind::Interaction, Field),
    route("/idps/callback", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("zitadel", "/ui/login/loginname", words!["loginName"], PAGE, Field).handle(Handle::Query(word("authRequestID"))),
    login("zitadel", "/ui/login/password", words!["loginName"], PAGE, Field).handle(Handle::Query(word("authRequestID"))),
];

/// A page again can be the next step as well.
const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/oauth/v2/authorize/callback"))], Success),
    when(tests![Test::Status(200)], Unknown),
];
