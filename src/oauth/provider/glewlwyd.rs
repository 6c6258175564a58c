//! Glewlwyd; the issuer is `…/api/{plugin}` (PROTOCOL §6.15).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Field, Source};
use super::Verdict::{Failure, Success};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "glewlwyd";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Glewlwyd; the issuer is `…/api/{plugin}`"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["GLEWLWYD2_SESSION_ID"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/auth", Kind::Authorization, Source),
    route("/token", Kind::Token, Source),
    route("/token/{hash}", Kind::Revocation, Source),
    route("/userinfo", Kind::Userinfo, Source),
    route("/introspect", Kind::Introspection, Source),
    route("/revoke", Kind::Revocation, Source),
    route("/register", Kind::Registration, Source),
    route("/register/{client}", Kind::ClientConfiguration, Source),
    route("/end_session", Kind::EndSession, Source),
    route("/check_session_iframe", Kind::CheckSession, Source),
    route("/session/{sid}", Kind::AdminSession, Source),
    route("/device_authorization", Kind::DeviceAuthorization, Source),
    route("/device", Kind::DeviceVerification, Source),
    route("/par", Kind::Par, Source),
    route("/ciba", Kind::Ciba, Source),
    route("/jwks", Kind::Jwks, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/mtls/token", Kind::Token, Source),
    route("/mtls/device_authorization", Kind::DeviceAuthorization, Source),
    route("/mtls/introspect", Kind::Introspection, Source),
    route("/mtls/revoke", Kind::Revocation, Source),
    route("/mtls/par", Kind::Par, Source),
    route("/mtls/ciba", Kind::Ciba, Source),
    route("//api/auth", Kind::Interaction, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("glewlwyd", "//api/auth", words!["/username"], JSON, Field),
];

/// The status is the whole answer of this endpoint.
const JSON: &[Rule] = &[
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::Status(200), Test::Cookie(word("GLEWLWYD2_SESSION_ID"))], Success),
];
