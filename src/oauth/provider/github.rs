//! GitHub; OAuth 2.0 alone, errors come with 200 (PROTOCOL §6.20).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Field;
use super::Verdict::{Pending, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "github",
    about: "GitHub; OAuth 2.0 alone, errors come with 200",
    session_cookies: words!["user_session"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/login/oauth/authorize", Kind::Authorization, Field),
    route("/login/oauth/access_token", Kind::Token, Field),
    route("/login/device/code", Kind::DeviceAuthorization, Field),
    route("/login/device", Kind::DeviceVerification, Field),
    route("/session", Kind::Interaction, Field),
    route("/sessions/{step}", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[login("github", "/session", words!["login"], PAGE, Field)];

const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/sessions/{step*}"))], Pending),
    when(tests![Test::Redirect, Test::Cookie(word("user_session"))], Success),
];
