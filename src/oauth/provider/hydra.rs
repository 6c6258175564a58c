//! Ory Hydra, public and admin API; name the admin host in `authorities` (PROTOCOL §6.7).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::Source;
use super::Verdict::{Failure, Success};
use super::{Adapter, Handle, Route, Rows, Rule, Test, consent, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "hydra",
    about: "Ory Hydra, public and admin API; name the admin host in `authorities`",
    session_cookies: words!["ory_hydra_session*"],
    internal_parameters: words!["login_verifier", "consent_verifier", "device_verifier"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth2/auth", Kind::Authorization, Source),
    route("/oauth2/token", Kind::Token, Source),
    route("/oauth2/revoke", Kind::Revocation, Source),
    route("/userinfo", Kind::Userinfo, Source),
    route("/.well-known/jwks.json", Kind::Jwks, Source),
    route("/.well-known/openid-configuration", Kind::Discovery, Source),
    route("/.well-known/oauth-authorization-server", Kind::Discovery, Source),
    route("/oauth2/sessions/logout", Kind::EndSession, Source),
    route("/oauth2/device/auth", Kind::DeviceAuthorization, Source),
    route("/oauth2/device/verify", Kind::DeviceVerification, Source),
    route("/oauth2/register", Kind::Registration, Source),
    route("/oauth2/register/{client}", Kind::Registration, Source),
    route("/credentials", Kind::Credential, Source),
    route("/oauth2/fallbacks/{page*}", Kind::Other, Source),
    route("//admin/oauth2/introspect", Kind::Introspection, Source),
    route("//admin/clients", Kind::Registration, Source),
    route("//admin/clients/{client}", Kind::Registration, Source),
    route("//admin/oauth2/auth/requests/{step}", Kind::Interaction, Source),
    route("//admin/oauth2/auth/requests/{step}/{answer}", Kind::Interaction, Source),
    route("//admin/oauth2/auth/sessions/{kind}", Kind::AdminSession, Source),
    route("//admin/oauth2/tokens", Kind::Revocation, Source),
    route("//admin/keys/{set*}", Kind::Other, Source),
    route("//admin/trust/{rest*}", Kind::Other, Source),
];

const ADAPTERS: &[Adapter] = &[
    login("hydra", "//admin/oauth2/auth/requests/login/accept", &[], ACCEPT, Source)
        .method("PUT")
        .handle(Handle::Query(word("login_challenge")))
        .means(None),
    login("hydra", "//admin/oauth2/auth/requests/login/reject", &[], REJECT, Source)
        .method("PUT")
        .handle(Handle::Query(word("login_challenge")))
        .means(None),
    consent("hydra", "//admin/oauth2/auth/requests/consent/accept", ACCEPT, Source)
        .method("PUT")
        .handle(Handle::Query(word("consent_challenge"))),
    consent("hydra", "//admin/oauth2/auth/requests/consent/reject", REJECT, Source)
        .method("PUT")
        .handle(Handle::Query(word("consent_challenge"))),
];

const ACCEPT: &[Rule] = &[when(tests![Test::Status(200), Test::Json(word("/redirect_to"))], Success)];

const REJECT: &[Rule] = &[when(tests![Test::Status(200), Test::Json(word("/redirect_to"))], Failure)];
