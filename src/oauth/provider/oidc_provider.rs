//! node-oidc-provider 9 with its default routes; every one is configurable (PROTOCOL §6.11).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Run, Source};
use super::Verdict::{Step, Success, Unknown};
use super::{Adapter, Handle, JarSemantics, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "oidc-provider",
    about: "node-oidc-provider 9 with its default routes; every one is configurable",
    logout_consent: Some("logout"),
    logout_pages: words!["/session/end/success"],
    session_cookies: words!["_session"],
    user_code_page: Some(("id", "op.deviceInputForm")),
    jar_semantics: JarSemantics::Rfc9101,
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/.well-known/openid-configuration", Kind::Discovery, Run),
    route("/auth", Kind::Authorization, Run),
    route("/auth/{uid}", Kind::Resume, Run),
    route("/token", Kind::Token, Run),
    route("/token/introspection", Kind::Introspection, Run),
    route("/token/revocation", Kind::Revocation, Run),
    route("/me", Kind::Userinfo, Run),
    route("/jwks", Kind::Jwks, Run),
    route("/request", Kind::Par, Run),
    route("/device/auth", Kind::DeviceAuthorization, Run),
    route("/device", Kind::DeviceVerification, Run),
    route("/device/{uid}", Kind::DeviceVerification, Run),
    route("/backchannel", Kind::Ciba, Source),
    route("/reg", Kind::Registration, Source),
    route("/reg/{client}", Kind::Registration, Source),
    route("/session/end", Kind::EndSession, Run),
    route("/session/end/confirm", Kind::EndSessionConfirm, Run),
    route("/session/end/success", Kind::Other, Source),
    route("/challenge", Kind::Other, Source),
    route("/credential", Kind::Other, Source),
    route("/interaction/{uid}", Kind::Interaction, Run),
    route("/interaction/{uid}/{step}", Kind::Interaction, Run),
];

const ADAPTERS: &[Adapter] =
    &[login("oidc-provider", "/interaction/{uid}", words!["login"], PAGE, Run).handle(Handle::Path(word("uid")))];

/// The pages are the host's own, and consent is posted to the same path: only a user's name tells a login, and only
/// the bundled development pages were seen.
const PAGE: &[Rule] = &[
    when(tests![Test::RedirectTo(word("/auth/{uid}")), Test::Named], Success),
    when(tests![Test::RedirectTo(word("/device/{uid}")), Test::Named], Success),
    when(tests![Test::Redirect], Step),
    when(tests![Test::Status(200), Test::Attribute(word("type"), word("password"))], Unknown),
    when(tests![Test::Status(200)], Step),
    when(tests![Test::Status(400)], Step),
];
