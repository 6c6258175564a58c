//! `LemonLDAP::NG` 2.16 (PROTOCOL §6.16).

use std::borrow::Cow;

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Failure, Success};
use super::{Adapter, Only, Profile, Route, Rule, Test, login, route, when, word};

pub(super) const NAME: &str = "lemonldap";

pub(super) static PROFILE: Profile = Profile {
    name: word(NAME),
    about: word("LemonLDAP::NG 2.16"),
    suffix: word(""),
    case_insensitive: false,
    tenant: None,
    session_state_is_sid: false,
    logout_consent: None,
    logout_parameters: Cow::Borrowed(&[]),
    logout_pages: Cow::Borrowed(&[]),
    session_cookies: Cow::Borrowed(words!["lemonldap"]),
    internal_parameters: Cow::Borrowed(words!["password"]),
    client_data: None,
    user_code_page: None,
    routes: Cow::Borrowed(ROUTES),
    adapters: Cow::Borrowed(ADAPTERS),
};

const ROUTES: &[Route] = &[
    route("/oauth2/authorize", Kind::Authorization, Source),
    route("/oauth2/token", Kind::Token, Source),
    route("/oauth2/userinfo", Kind::Userinfo, Source),
    route("/oauth2/jwks", Kind::Jwks, Source),
    route("/oauth2/register", Kind::Registration, Source),
    route("/oauth2/introspect", Kind::Introspection, Source),
    route("/oauth2/revoke", Kind::Revocation, Source),
    route("/oauth2/logout", Kind::EndSession, Source),
    route("/oauth2/checksession.html", Kind::CheckSession, Source),
    route("/oauth2/flogout", Kind::Other, Source),
    route("/oauth2/blogout", Kind::Other, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("lemonldap", "/oauth2/authorize", words!["user"], PORTAL, Run).only(Only::With(word("password"))),
];

/// The form is posted to the authorization endpoint; refused, the portal comes again, in 200 or 401.
const PORTAL: &[Rule] = &[
    when(tests![Test::JsonIs(word("/result"), word("0")), Test::JsonCode(word("/error"))], Failure),
    when(tests![Test::Status(401)], Failure),
    when(tests![Test::Status(200), Test::Attribute(word("name"), word("password"))], Failure),
    when(tests![Test::Redirect, Test::Cookie(word("lemonldap"))], Success),
];
