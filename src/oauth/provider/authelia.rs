//! Authelia (PROTOCOL §6.20).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field};
use super::Verdict::{Failure, Unknown};
use super::{Adapter, Means, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "authelia";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Authelia"),
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
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/api/oidc/authorization", Kind::Authorization, Field),
    route("/api/oidc/token", Kind::Token, Field),
    route("/api/oidc/introspection", Kind::Introspection, Field),
    route("/api/oidc/revocation", Kind::Revocation, Field),
    route("/api/oidc/userinfo", Kind::Userinfo, Field),
    route("/api/oidc/pushed-authorization-request", Kind::Par, Field),
    route("/api/oidc/device-authorization", Kind::DeviceAuthorization, Field),
    route("/jwks.json", Kind::Jwks, Field),
    route("/.well-known/openid-configuration", Kind::Discovery, Field),
    route("/api/firstfactor", Kind::Interaction, Field),
    route("/api/secondfactor/{way}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("authelia", "/api/firstfactor", words!["/username"], JSON, Field),
    login("authelia-second", "/api/secondfactor/{way}", &[], JSON, Field).means(Some(Means::Otp)),
];

const JSON: &[Rule] = &[
    when(tests![Test::Status(401), Test::JsonIs(word("/status"), word("KO"))], Failure),
    when(tests![Test::Status(200), Test::JsonIs(word("/status"), word("OK"))], Unknown),
];
