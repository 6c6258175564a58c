//! OpenIddict with the paths of its samples; the host defines them (PROTOCOL §6.14).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "openiddict";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("OpenIddict with the paths of its samples; the host defines them"),
    suffix: word(""),
    case_insensitive: true,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words![".AspNetCore.Identity.Application"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/connect/authorize", Kind::Authorization, Source),
    route("/connect/token", Kind::Token, Source),
    route("/connect/introspect", Kind::Introspection, Source),
    route("/connect/revocation", Kind::Revocation, Source),
    route("/connect/revoke", Kind::Revocation, Source),
    route("/connect/userinfo", Kind::Userinfo, Source),
    route("/connect/logout", Kind::EndSession, Source),
    route("/connect/endsession", Kind::EndSession, Source),
    route("/connect/device", Kind::DeviceAuthorization, Source),
    route("/connect/verify", Kind::DeviceVerification, Source),
    route("/connect/par", Kind::Par, Field),
    route("/.well-known/jwks", Kind::Jwks, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/Account/{page*}", Kind::Interaction, Field),
    route("/Identity/Account/{page*}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("openiddict", "/Account/Login", words!["Input.Email", "Email"], PAGE, Field),
    login("openiddict", "/Identity/Account/Login", words!["Input.Email", "Email"], PAGE, Field),
];

const PAGE: &[Rule] = &[when(tests![Test::Redirect, Test::Cookie(word(".AspNetCore.Identity.Application"))], Success)];
