//! Endpoints of which little is said: credentials (`OpenID4VCI` 1.0 §8), sessions that are looked at or ended, and messages
//! at known endpoints that nothing here understands.

use std::borrow::Cow;

use super::back_channel::{Answered, VALUE, bearer, conclude, judge};
use super::client_authentication::named;
use super::endpoint::EndpointKind as Kind;
use super::event::ProtocolEvent;
use super::form;
use super::json::Json;
use super::links::{Links, octets};
use super::messages::Named;
use super::observation::{
    Confidence, LinkRole, Message, OAuthError, Observation, Outcome, Reason, Recognition, Subject, Tier, Trust,
};
use super::scene::{Scene, was_sent};
use crate::http::split_path;
use crate::seen::Seen;

/// A credential request and its answer; `None` for another method than POST.
pub(super) fn observe_credential<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let body = Answered::read(scene);
    let has = |name: &str| body.object.as_ref().is_some_and(|object| was_sent(&object.get(name)));
    let mut verdict = judge(
        scene,
        ProtocolEvent::CredentialIssued,
        &body,
        ["credential", "credentials", "transaction_id"].iter().any(|name| has(name)),
    );
    // OpenID4VCI §8.3: it is made later, and fetched.
    if verdict.is_success() && has("transaction_id") {
        verdict.outcome = Outcome::Pending;
        verdict.reason = Some(Reason::Poll);
    }
    let parameters = &scene.parameters;
    let credential = CREDENTIAL_NAMES.iter().map(|name| parameters.text(name)).find(|name| !name.is_absent());
    let token = bearer(scene);
    let message = Named { credential: credential.unwrap_or_default(), bearer: was_sent(&token), ..Named::default() };
    let mut links = Links::default();
    links.add(LinkRole::At, "request.access_token", token);
    let message = Message::Named(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::CredentialIssued, recognition, message);
    conclude(&mut observation, (verdict, body.completeness), links);
    Some(observation)
}

/// An administrator's or an API's end of sessions: a DELETE (Ory Hydra), or a POST (Okta's global token revocation). `None`
/// for what only looks.
pub(super) fn observe_session<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let parameters = &scene.parameters;
    if !scene.is_post() && scene.decoded.request.method() != Some(b"DELETE") {
        return None;
    }
    let mut body = Answered::read(scene);
    body.completeness = scene.decoded.response_content.completeness;
    let verdict = judge(scene, ProtocolEvent::SessionTerminated, &body, true);
    let token = bearer(scene);
    let message = Named { bearer: was_sent(&token), ..Named::default() };
    let message = Message::Named(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::SessionTerminated, recognition, message);
    let mut links = Links::default();
    links.add(LinkRole::At, "request.access_token", token);
    let (issuer, sub) = subject(scene);
    let issuer = issuer.or_else(|| observation.issuer.clone());
    if let Some(issuer) = &issuer {
        links.add_scoped(LinkRole::Sid, "request.sid", issuer.clone(), parameters.octets("sid"));
        links.add_scoped(LinkRole::Sub, "request.sub", issuer.clone(), sub.clone().map(octets));
    }
    observation.subject = was_sent(&sub).then_some(Subject { issuer, sub, trust: Trust::Unverified });
    conclude(&mut observation, (verdict, body.completeness), links);
    Some(observation)
}

/// A look at the session (Session Management 1.0 §3.3): browsers look every few seconds, so that it is recorded only where
/// the operator named the endpoint.
pub(super) fn observe_check<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if recognition.tier != Tier::Configured || !scene.is_get() {
        return None;
    }
    let mut body = Answered::read(scene);
    body.completeness = scene.decoded.response_content.completeness;
    let verdict = judge(scene, ProtocolEvent::SessionChecked, &body, true);
    let message = Message::Named(Box::default());
    let mut observation = scene.observation(ProtocolEvent::SessionChecked, recognition, message);
    observation.client = named(&scene.parameters);
    conclude(&mut observation, (verdict, body.completeness), Links::default());
    Some(observation)
}

/// `subject` of Hydra's query, or the subject identifier of a JSON body (RFC 9493 §3.2.4).
fn subject<'a>(scene: &Scene<'a>) -> (Option<Cow<'a, str>>, Seen<Cow<'a, str>>) {
    match scene.parameters.json("sub_id") {
        Seen::Present(Json::Object(identifier)) => {
            (identifier.text("iss", VALUE).present(), identifier.text("sub", VALUE))
        }
        _ => (None, scene.parameters.text("subject")),
    }
}

/// A message at a known endpoint that none of the readers took, by the names in it. Shapes alone name no endpoint.
pub(super) fn observe_unknown<'a>(
    scene: &Scene<'a>,
    (kind, recognition): (Kind, Recognition),
) -> Option<Observation<'a>> {
    if recognition.tier > Tier::Profile || !speaks(scene, kind) {
        return None;
    }
    let body = Answered::read(scene);
    let challenge = scene.decoded.response.and_then(OAuthError::of_challenges);
    let nonce = body.error().or(challenge).is_some_and(|error| error.is("use_dpop_nonce"));
    let event = if nonce { ProtocolEvent::SecurityDpopNonce } else { ProtocolEvent::OauthUnknown };
    let mut verdict = judge(scene, event, &body, false);
    if !nonce {
        verdict.outcome = Outcome::Unknown;
    }
    let message = Named { parameters: scene.parameters.unknown(&[]), members: body.names(), ..Named::default() };
    let mut observation = scene.observation(event, recognition, Message::Named(Box::new(message)));
    observation.endpoint_kind = Some(kind);
    conclude(&mut observation, (verdict, scene.decoded.response_content.completeness), Links::default());
    Some(observation)
}

/// A request whose path is an endpoint's for whoever unescapes it once more than the proxy does. Its content is not read:
/// nobody knows what became of it.
pub(super) fn observe_ambiguous<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let request = scene.decoded.request;
    let (path, _) = split_path(request.path()?);
    if !path.contains(&b'%') {
        return None;
    }
    let endpoint = scene.policy.triage(request.authority()?, &form::decode(path))?.endpoint?;
    let recognition = Recognition { tier: Tier::Heuristic, rule: "escaped_path", confidence: Confidence::Medium };
    let message = Message::Named(Box::default());
    let mut observation = scene.observation(ProtocolEvent::OauthUnknown, recognition, message);
    observation.endpoint_kind = Some(endpoint.kind);
    Some(observation)
}

/// Endpoints whose every message is the protocol's. Pages are not, and what looks at a session; nor is what an
/// authorization endpoint does inside its provider.
fn speaks(scene: &Scene<'_>, kind: Kind) -> bool {
    match kind {
        Kind::Authorization | Kind::EndSession => !scene.is_get() && !scene.is_post(),
        Kind::Token | Kind::Userinfo => true,
        _ => kind.is_back_channel(),
    }
}

/// `OpenID4VCI` 1.0 §8.2, and its earlier drafts.
const CREDENTIAL_NAMES: [&str; 3] = ["credential_configuration_id", "credential_identifier", "format"];
