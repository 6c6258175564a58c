//! Keycloak (PROTOCOL §6.1), measured on 26.4. The issuer is `https://host[/auth]/realms/{realm}`.

use super::super::endpoint::EndpointKind as Kind;
use super::{Profile, Route, route};

pub(super) static PROFILE: Profile =
    Profile { routes: ROUTES, tenant: Some(("realms", "{realm}")), session_state_is_sid: true, logout_consent: None };

const ROUTES: &[Route] = &[
    route("/.well-known/openid-configuration", Kind::Discovery),
    route("/protocol/openid-connect/auth", Kind::Authorization),
    route("/protocol/openid-connect/registrations", Kind::Authorization),
    route("/protocol/openid-connect/forgot-credentials", Kind::Authorization),
    route("/protocol/openid-connect/token", Kind::Token),
    route("/protocol/openid-connect/token/introspect", Kind::Introspection),
    route("/protocol/openid-connect/revoke", Kind::Revocation),
    route("/protocol/openid-connect/userinfo", Kind::Userinfo),
    route("/protocol/openid-connect/certs", Kind::Jwks),
    route("/protocol/openid-connect/logout", Kind::EndSession),
    route("/protocol/openid-connect/logout/logout-confirm", Kind::EndSessionConfirm),
    // Here Keycloak is a client: an upstream provider tells it of a logout.
    route("/protocol/openid-connect/logout/backchannel-logout", Kind::Other),
    route("/protocol/openid-connect/ext/par/request", Kind::Par),
    route("/protocol/openid-connect/ext/ciba/auth", Kind::Ciba),
    route("/protocol/openid-connect/ext/ciba/auth/callback", Kind::Other),
    route("/protocol/openid-connect/auth/device", Kind::DeviceAuthorization),
    route("/device", Kind::DeviceVerification),
    route("/device/status", Kind::DeviceVerification),
    route("/clients-registrations/{provider}", Kind::Registration),
    route("/clients-registrations/{provider}/{client}", Kind::Registration),
    route("/protocol/openid-connect/login-status-iframe.html", Kind::CheckSession),
    route("/protocol/openid-connect/login-status-iframe.html/init", Kind::CheckSession),
    route("/login-actions/{action}", Kind::Interaction),
    route("/broker/{alias}/login", Kind::Interaction),
    route("/broker/{alias}/endpoint", Kind::Interaction),
    route("/broker/after-first-broker-login", Kind::Interaction),
];
