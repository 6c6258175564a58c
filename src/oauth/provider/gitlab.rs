//! GitLab (Doorkeeper) (PROTOCOL §6.17).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Success, Unknown};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "gitlab",
    about: "GitLab (Doorkeeper)",
    session_cookies: words!["_gitlab_session"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth/authorize", Kind::Authorization, Documentation),
    route("/oauth/authorize/native", Kind::Authorization, Documentation),
    route("/oauth/authorize/{code}", Kind::Resume, Documentation),
    route("/oauth/token", Kind::Token, Documentation),
    route("/oauth/revoke", Kind::Revocation, Documentation),
    route("/oauth/introspect", Kind::Introspection, Documentation),
    route("/oauth/userinfo", Kind::Userinfo, Documentation),
    route("/oauth/token/info", Kind::Other, Documentation),
    route("/oauth/authorize_device", Kind::DeviceAuthorization, Documentation),
    route("/oauth/device", Kind::DeviceVerification, Documentation),
    route("/oauth/discovery/keys", Kind::Jwks, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/users/sign_in", Kind::Interaction, Field),
    route("/users/auth/{provider}", Kind::Interaction, Field),
    route("/users/auth/{provider}/callback", Kind::Interaction, Field),
];

const ADAPTERS: &[Adapter] = &[
    login("gitlab", "/users/sign_in", words!["user[login]", "username"], PAGE, Field),
    login("gitlab-ldap", "/users/auth/{provider}/callback", words!["username"], PAGE, Field),
];

/// Status 422 (Unprocessable) is what the form says of bad credentials, and of nothing else on this path.
const PAGE: &[Rule] = &[
    when(tests![Test::Status(422)], Failure),
    when(tests![Test::RedirectTo(word("/users/sign_in"))], Unknown),
    when(tests![Test::Redirect, Test::Cookie(word("_gitlab_session"))], Success),
];
