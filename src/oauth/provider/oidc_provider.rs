//! node-oidc-provider with its default routes (PROTOCOL §6.11). Every route of it is configurable.

use super::super::endpoint::EndpointKind as Kind;
use super::{Profile, Route, route};

pub(super) static PROFILE: Profile =
    Profile { routes: ROUTES, tenant: None, session_state_is_sid: false, logout_consent: Some("logout") };

const ROUTES: &[Route] = &[
    route("/.well-known/openid-configuration", Kind::Discovery),
    route("/auth", Kind::Authorization),
    route("/auth/{uid}", Kind::Resume),
    route("/token", Kind::Token),
    route("/token/introspection", Kind::Introspection),
    route("/token/revocation", Kind::Revocation),
    route("/me", Kind::Userinfo),
    route("/jwks", Kind::Jwks),
    route("/request", Kind::Par),
    route("/device/auth", Kind::DeviceAuthorization),
    route("/device", Kind::DeviceVerification),
    route("/device/{uid}", Kind::DeviceVerification),
    route("/backchannel", Kind::Ciba),
    route("/reg", Kind::Registration),
    route("/reg/{client}", Kind::Registration),
    route("/session/end", Kind::EndSession),
    route("/session/end/confirm", Kind::EndSessionConfirm),
    route("/session/end/success", Kind::Other),
    route("/challenge", Kind::Other),
    route("/credential", Kind::Other),
    route("/interaction/{uid}", Kind::Interaction),
    route("/interaction/{uid}/{step}", Kind::Interaction),
];
