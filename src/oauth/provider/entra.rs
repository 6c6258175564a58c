//! Microsoft Entra ID; the issuer is `…/{tid}/v2.0` (PROTOCOL §6.4).

use super::super::endpoint::EndpointKind as Kind;
use super::Evidence::{Documentation, Field};
use super::Verdict::{Failure, Success};
use super::{Adapter, Route, Rows, Rule, Test, login, route, when, word};

pub(super) const ROWS: Rows = Rows {
    name: "entra",
    about: "Microsoft Entra ID; the issuer is `…/{tid}/v2.0`",
    suffix: "/v2.0",
    case_insensitive: true,
    tenant: Some(("", "{tenant}")),
    session_cookies: words!["ESTSAUTH", "ESTSAUTHPERSISTENT"],
    routes: ROUTES,
    adapters: ADAPTERS,
    ..Rows::PLAIN
};

const ROUTES: &[Route] = &[
    route("/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("/oauth2/authorize", Kind::Authorization, Documentation),
    route("/oauth2/v2.0/token", Kind::Token, Documentation),
    route("/oauth2/token", Kind::Token, Documentation),
    route("/oauth2/v2.0/logout", Kind::EndSession, Documentation),
    route("/oauth2/logout", Kind::EndSession, Documentation),
    route("/oauth2/v2.0/devicecode", Kind::DeviceAuthorization, Documentation),
    route("/oauth2/devicecode", Kind::DeviceAuthorization, Documentation),
    route("/discovery/v2.0/keys", Kind::Jwks, Documentation),
    route("/discovery/keys", Kind::Jwks, Documentation),
    route("/v2.0/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/.well-known/openid-configuration", Kind::Discovery, Documentation),
    route("/openid/userinfo", Kind::Userinfo, Documentation),
    route("/login", Kind::Interaction, Field),
    route("/reprocess", Kind::Interaction, Field),
    route("/kmsi", Kind::Interaction, Field),
    route("/SAS/{step}", Kind::Interaction, Field),
    route("//common/login", Kind::Interaction, Field),
    route("//common/reprocess", Kind::Interaction, Field),
    route("//common/SAS/{step}", Kind::Interaction, Field),
    route("//common/GetCredentialType", Kind::Interaction, Field),
    route("//kmsi", Kind::Interaction, Field),
    route("//appverify", Kind::Interaction, Field),
    route("//common/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//organizations/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//consumers/oauth2/v2.0/authorize", Kind::Authorization, Documentation),
    route("//common/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//organizations/oauth2/v2.0/token", Kind::Token, Documentation),
    route("//consumers/oauth2/v2.0/token", Kind::Token, Documentation),
    route("/oauth2/v2.0/initiate", Kind::Challenge, Documentation),
    route("/oauth2/v2.0/challenge", Kind::Challenge, Documentation),
];

const ADAPTERS: &[Adapter] = &[
    login("entra", "/login", words!["login", "loginfmt"], PAGE, Field),
    login("entra", "//common/login", words!["login", "loginfmt"], PAGE, Field),
];

/// `sErrorCode` is a machine's word for a refusal, and recorded; without it the page is the next step.
const PAGE: &[Rule] = &[
    when(tests![Test::Status(200), Test::PageCode(word("sErrorCode"))], Failure),
    when(tests![Test::Redirect, Test::Cookie(word("ESTSAUTH*"))], Success),
    when(tests![Test::Status(200), Test::Cookie(word("ESTSAUTH*"))], Success),
];
