//! Microsoft Entra B2C; the issuer is `…/{tid}/v2.0` (PROTOCOL §6.4).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Unknown};
use super::{Adapter, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "entra-b2c";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("Microsoft Entra B2C; the issuer is `…/{tid}/v2.0`"),
    suffix: word(""),
    case_insensitive: true,
    tenant: Some((word(""), word("{tenant}"))),
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["x-ms-cpim-sso*"]),
    internal_parameters: Cow::Borrowed(&[]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("//{tenant}/{policy}/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//{tenant}/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//{tenant}/{policy}/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//{tenant}/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//{tenant}/{policy}/oauth2/v2.0/logout", Kind::EndSession, Documentation),
    route("//{tenant}/oauth2/v2.0/logout", Kind::EndSession, Documentation),
    route("//{tenant}/{policy}/discovery/v2.0/keys", Kind::Jwks, Documentation),
    route("//{tenant}/discovery/v2.0/keys", Kind::Jwks, Documentation),
    route("//{tenant}/{policy}/openid/v2.0/userinfo", Kind::Userinfo, Documentation),
    route("//{tenant}/{policy}/v2.0/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{tenant}/v2.0/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("//{tenant}/{policy}/SelfAsserted", Kind::Interaction, Field),
    route("//{tenant}/{policy}/api/{step*}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("entra-b2c", "//{tenant}/{policy}/SelfAsserted", words!["signInName", "logonIdentifier", "email"], PAGE, Field),
];

/// The answer is JSON in 200, whose `status` is the outcome; other forms (registration) are posted there too.
const PAGE: &[Rule] = &[
    when(tests![Test::JsonIs(word("/status"), word("400")), Test::JsonCode(word("/errorCode"))], Failure),
    when(tests![Test::JsonIs(word("/status"), word("200"))], Unknown),
];
