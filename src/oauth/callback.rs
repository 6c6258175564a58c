//! Authorization responses where they arrive: at a client's redirection endpoint (RFC 6749 §3.1.2), or at an authorization
//! server that is itself a client of another one (PROTOCOL §1.5).

use super::authorization_response::{self, Found};
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::observation::{Confidence, Link, LinkRole, Message, Observation, Outcome, Reason, Trust};
use super::recognise::is_internal_hop;
use super::redirects;
use super::scene::{Answer, Scene, was_sent};
use super::signature::SignatureCheck;
use crate::http::{ResponseHead, UrlParts};
use crate::secret::Secret;

/// A response that a browser brings to a client.
pub(super) fn observe<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !(scene.is_get() || scene.is_post()) {
        return None;
    }
    let expected = is_callback(scene);
    let set_cookie = scene.decoded.response.is_some_and(ResponseHead::sets_some_cookie);
    // An answer without a session does not tell whether the client believed what it was shown.
    let trust = if set_cookie { Trust::Unverified } else { Trust::Claimed };
    let found = authorization_response::arrived(scene, expected, trust)?;
    let mut observation = authorization_response::observation(scene, &found, &scene.parameters);
    observation.event = ProtocolEvent::CallbackReceived;
    observation.recognition = scene.recognition("H-09", Confidence::High);
    (observation.outcome, observation.reason) = judge(scene, &found);
    if observation.outcome == Outcome::Success {
        // What the client thinks of it is not to be seen in its answer.
        observation.recognition.confidence = observation.recognition.confidence.min(Confidence::Medium);
    }
    if let Message::AuthorizationResponse(message) = &mut observation.message {
        message.set_cookie = set_cookie;
        if let Some(token) = &mut message.id_token
            && token.signature == SignatureCheck::Verified
        {
            token.trust = Some(Trust::Verified);
            if let Some(subject) = &mut observation.subject {
                subject.trust = Trust::Verified;
            }
        }
    }
    Some(observation)
}

/// Where an authorization server is a client itself: what came back to it from the other one, and where it sends the
/// browser there. What the same exchange shows of its own client's flow then names the flow with the other one.
pub(super) fn add_brokered<'a>(scene: &Scene<'a>, events: &mut Vec<Observation<'a>>) {
    let callback = if comes_back(scene) { observe(scene) } else { None };
    if let Some(mut callback) = callback {
        callback.broker = true;
        for event in events.iter_mut() {
            event.upstream = anchor(&callback);
        }
        events.insert(0, callback);
    }
    if let Some(initiated) = redirects::observe_brokered(scene) {
        for event in events.iter_mut().filter(|event| event.event == ProtocolEvent::AuthorizationRequest) {
            event.upstream = anchor(&initiated);
        }
        events.push(initiated);
    }
}

/// What an authorization server sends to itself may hold a `code` too: only with `state` it is a response.
fn comes_back(scene: &Scene<'_>) -> bool {
    let parameters = &scene.parameters;
    let kind = scene.endpoint.map(|endpoint| endpoint.kind);
    let place = matches!(kind, None | Some(EndpointKind::Callback | EndpointKind::Interaction | EndpointKind::Resume));
    let member = ["code", "error", "response"].iter().any(|name| was_sent(&parameters.octets(name)));
    place
        && (is_callback(scene)
            || (member && was_sent(&parameters.octets("state")) && !is_internal_hop(parameters, scene.issuer)))
}

fn is_callback(scene: &Scene<'_>) -> bool {
    scene.endpoint.is_some_and(|endpoint| endpoint.kind == EndpointKind::Callback)
}

/// The strongest value that binds the exchanges of a flow (PROTOCOL §3.4), once more.
fn anchor<'a>(observation: &Observation<'a>) -> Option<Link<'a>> {
    let order = [LinkRole::Pkce, LinkRole::Nonce, LinkRole::Par, LinkRole::State, LinkRole::Code];
    let strongest = order.iter().find_map(|role| observation.links.iter().find(|link| link.role == *role))?;
    let value = Secret::new(strongest.value.expose().clone());
    Some(Link { role: strongest.role, scope: strongest.scope.clone(), value })
}

/// PROTOCOL §1.6, `callback`.
fn judge(scene: &Scene<'_>, found: &Found<'_>) -> (Outcome, Option<Reason>) {
    let told = match found.outcome() {
        (Outcome::Failure, reason) => Some((Outcome::Failure, reason)),
        _ => None,
    };
    match (scene.answer(), told) {
        (_, Some(failure)) => failure,
        (Answer::Nobody, None) => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Answer::Local(400..=499), None) => (Outcome::Failure, Some(Reason::LocalReply)),
        (Answer::Local(_), None) => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Answer::Server(400..), None) => (Outcome::Failure, Some(Reason::HttpStatus)),
        (Answer::Server(300..=399), None) if refuses(scene) => (Outcome::Failure, Some(Reason::HttpStatus)),
        (Answer::Server(_), None) => (Outcome::Success, None),
    }
}

/// A client that leads the browser to a page of its own with `error` did not take what came (Spring Security: `/login?error`).
fn refuses(scene: &Scene<'_>) -> bool {
    let Some(target) = scene.location().map(UrlParts::read) else { return false };
    let own = target.authority.is_none() || target.authority == scene.decoded.request.authority();
    let mut pairs = target.query.unwrap_or_default().split(|byte| *byte == b'&');
    own && pairs.any(|pair| pair.split(|byte| *byte == b'=').next() == Some(b"error"))
}

#[cfg(test)]
mod tests {
    use super::super::observe::tests::Case;
    use super::super::policy::IssuerSettings;
    use super::super::{Limits, Policy};
    use super::*;

    fn policy() -> Policy {
        let issuer = IssuerSettings { issuer: "https://idp.test".to_owned(), ..IssuerSettings::default() };
        Policy::new(vec![issuer], Limits::default()).unwrap()
    }

    #[test]
    fn a_broker_binds_both_flows_where_one_exchange_shows_both() {
        let exchange = Case::new(policy(), "GET /broker/up/endpoint?code=a&state=b", &[], "");
        let exchange = exchange.answered("302", &["location: https://app.test/cb?code=c&state=d"], "");
        exchange.see(|seen| {
            let events: Vec<_> = seen.iter().map(|one| (one.event, one.broker)).collect();
            use ProtocolEvent::{AuthorizationResponse, CallbackReceived};
            assert_eq!(events, [(CallbackReceived, true), (AuthorizationResponse, false)]);
            let upstream = seen[1].upstream.as_ref().unwrap();
            assert_eq!((upstream.role, upstream.value.expose().as_ref()), (LinkRole::State, b"b".as_slice()));
        });
    }

    #[test]
    fn a_code_without_state_is_no_response_to_a_broker() {
        let exchange = Case::new(policy(), "GET /login-actions?code=a&execution=b", &[], "");
        assert!(exchange.answered("200", &["content-type: text/html"], "").events().is_empty());
    }
}
