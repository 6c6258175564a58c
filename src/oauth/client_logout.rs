//! Logout at a client: that the browser returns from the authorization server (RP-Initiated Logout 1.0 §3), that a session
//! ends here alone, that an authorization server's page says so (Front-Channel Logout 1.0 §2), and where a logout begins.

use std::borrow::Cow;

use super::checks::Companions;
use super::client_authentication::named;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::keys::Carrier;
use super::links::Links;
use super::observation::{
    Confidence, Delivery, LinkRole, Logout, Message, Observation, Outcome, Reason, Recognition, Tier, Trust,
};
use super::parameters::{Parameters, text};
use super::recognise::end_session_parameters;
use super::scene::{Answer, Scene, claim, put_links, was_sent};
use super::token_claims::OF_HINT;
use crate::http::{ResponseHead, UrlParts};

/// The browser returns from a logout.
pub(super) fn returned<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_get() && !scene.is_post() {
        return None;
    }
    let mut observation =
        observation(scene, ProtocolEvent::LogoutReturned, scene.recognition("post_logout", Confidence::High));
    judge(scene, &mut observation);
    let mut links = Links::default();
    links.add(LinkRole::Lstate, "request.state", scene.parameters.octets("state"));
    put_links(&mut observation, links);
    Some(observation)
}

/// The client's own logout, unless it sends the browser on to the authorization server: then that is the event.
pub(super) fn local<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if let Some(requested) = requested(scene) {
        return Some(requested);
    }
    if !scene.is_get() && !scene.is_post() {
        return None;
    }
    let mut observation =
        observation(scene, ProtocolEvent::LogoutLocal, scene.recognition("local_logout", Confidence::High));
    judge(scene, &mut observation);
    // Without a cookie that goes nothing shows that a session has ended.
    if observation.outcome == Outcome::Success && !clears(scene) {
        observation.outcome = Outcome::Unknown;
        observation.reason = Some(Reason::HttpStatus);
    }
    Some(observation)
}

/// A frame of the authorization server's logout page. A client that answers well has not shown that it did it: cookies may
/// not have come (Front-Channel Logout 1.0 §4.1).
pub(super) fn frontchannel<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_get() {
        return None;
    }
    let recognition = scene.recognition("H-21", Confidence::Medium);
    let mut observation = observation(scene, ProtocolEvent::LogoutFrontchannel, recognition);
    let issuer = scene.parameters.text("iss");
    scene.claim_named(&mut observation, issuer.as_ref().present().map(AsRef::as_ref));
    judge(scene, &mut observation);
    match scene.answer() {
        Answer::Server(200..=299) => observation.recognition.confidence = Confidence::Low,
        Answer::Server(300..=399) => {
            (observation.outcome, observation.reason) = (Outcome::Unknown, Some(Reason::HttpStatus));
        }
        _ => {}
    }
    let mut links = Links::default();
    let scope = issuer.as_ref().present().cloned().or_else(|| observation.issuer.clone());
    if let Some(scope) = scope {
        links.add_scoped(LinkRole::Sid, "request.sid", scope, scene.parameters.octets("sid"));
    }
    if let Message::Logout(message) = &mut observation.message {
        message.iss = issuer;
    }
    put_links(&mut observation, links);
    Some(observation)
}

/// H-21: nothing but the issuer and the session.
pub(super) fn is_frontchannel(scene: &Scene<'_>) -> bool {
    let parameters = &scene.parameters;
    let absolute = parameters.octets("iss").present().is_some_and(|iss| UrlParts::read(&iss).is_absolute());
    scene.is_get() && absolute && was_sent(&parameters.octets("sid")) && parameters.unknown(&["iss", "sid"]).is_empty()
}

/// A client sends the browser to an end session endpoint (RP-Initiated Logout 1.0 §2).
pub(super) fn requested<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let location = scene.location()?;
    let parts = UrlParts::read(location);
    let sent = Parameters::read(parts.query.filter(|_| parts.is_absolute()).unwrap_or_default(), &scene.policy.limits);
    let asked = scene.policy.triage(parts.host()?, parts.path);
    let endpoint = asked.and_then(|asked| asked.endpoint).filter(|endpoint| endpoint.kind == EndpointKind::EndSession);
    let shape = Recognition { tier: Tier::Heuristic, rule: "H-19", confidence: Confidence::High };
    if endpoint.is_none() && !end_session_parameters(&sent) {
        return None;
    }
    let recognition = endpoint.map_or(shape, |endpoint| endpoint.recognition);
    let mut links = Links::default();
    links.add(LinkRole::Lstate, "request.state", sent.octets("state"));
    let hint = sent.octets("id_token_hint");
    let carried = (Trust::Unverified, Carrier::Browser);
    let with = Companions::default();
    let read = hint.as_ref().present().and_then(|hint| scene.id_token(hint, carried, &with));
    let (hint_claims, claims) = read.unzip();
    links.add(LinkRole::Idt, "request.id_token_hint", hint.clone());
    let message = Logout {
        delivery: Some(Delivery::Query),
        redirected: true,
        post_logout_redirect_uri: sent.text("post_logout_redirect_uri"),
        target: text(Cow::Borrowed(location)),
        logout_hint: sent.text("logout_hint"),
        id_token_hint: was_sent(&hint),
        hint: hint_claims,
        cookie_cleared: clears(scene),
        ..Logout::default()
    };
    let message = Message::Logout(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::LogoutRequested, recognition, message);
    if let Some(issuer) = endpoint.and(asked).and_then(|asked| scene.policy.issuers.get(asked.issuer?)) {
        claim(&mut observation, issuer);
    }
    if let Some(claims) = &claims {
        claims.link(&mut links, &OF_HINT, observation.issuer.as_ref());
        observation.subject = claims.subject(Trust::Unverified);
    }
    observation.client = named(&sent);
    // The request has left the client; what becomes of it is seen elsewhere.
    observation.outcome = Outcome::Success;
    put_links(&mut observation, links);
    Some(observation)
}

fn observation<'a>(scene: &Scene<'a>, event: ProtocolEvent, recognition: Recognition) -> Observation<'a> {
    let posted = scene.is_post();
    let message = Logout {
        delivery: Some(if posted { Delivery::Post } else { Delivery::Query }),
        cookie_cleared: clears(scene),
        ..Logout::default()
    };
    let mut observation = scene.observation(event, recognition, Message::Logout(Box::new(message)));
    if event != ProtocolEvent::LogoutFrontchannel {
        scene.claim_named(&mut observation, None);
    }
    observation
}

fn clears(scene: &Scene<'_>) -> bool {
    scene.decoded.response.is_some_and(ResponseHead::deletes_cookie)
}

fn judge(scene: &Scene<'_>, observation: &mut Observation<'_>) {
    (observation.outcome, observation.reason) = match scene.answer() {
        Answer::Nobody => (Outcome::Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => (Outcome::Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => (Outcome::Unknown, Some(Reason::LocalReply)),
        Answer::Server(400..) => (Outcome::Failure, Some(Reason::HttpStatus)),
        Answer::Server(_) => (Outcome::Success, None),
    };
}
