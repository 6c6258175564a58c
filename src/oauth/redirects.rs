//! Messages of the front channel where they begin: in the answer of a client that sends the browser to an authorization
//! server (H-04).

use std::borrow::Cow;

use super::authorization::observe_initiated;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::json::{Json, Object};
use super::observation::{
    BodyFormat, Confidence, Delivery, LoginInitiation, Message, Observation, Outcome, Reason, Recognition, Tier,
};
use super::parameters::Parameters;
use super::recognise::request_rule;
use super::scene::{Answer, Scene, claim, was_sent};
use crate::http::{MediaType, UrlParts};

/// Where the browser is sent, and how.
struct Sent<'a> {
    target: Cow<'a, [u8]>,
    parameters: Parameters<'a>,
    delivery: Delivery,
}

/// The authorization request that a client's answer begins, if it does.
pub(super) fn observe<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let sent = redirect(scene).or_else(|| in_json(scene))?;
    initiated(scene, &sent)
}

/// A third party has sent the browser to begin a flow (OIDC Core §4). Without an endpoint that says so only where the
/// client does begin one (H-29).
pub(super) fn observe_third_party<'a>(scene: &Scene<'a>, begun: bool) -> Option<Observation<'a>> {
    let parameters = &scene.parameters;
    let expected = scene.endpoint.is_some_and(|endpoint| endpoint.kind == EndpointKind::InitiateLogin);
    let issuer = parameters.text("iss");
    let other = ["code", "error", "sid", "response", "state"].iter().any(|name| parameters.has(name));
    if !(scene.is_get() || scene.is_post()) || other || !(expected || (begun && was_sent(&issuer))) {
        return None;
    }
    let posted = scene.body_format == Some(BodyFormat::Form);
    let message = LoginInitiation {
        delivery: Some(if posted { Delivery::Post } else { Delivery::Query }),
        iss: issuer.clone(),
        target: parameters.text("target_link_uri"),
        login_hint: parameters.text("login_hint"),
    };
    let recognition = scene.recognition("H-29", Confidence::High);
    let message = Message::LoginInitiation(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::LoginInitiatedByThirdParty, recognition, message);
    scene.claim_named(&mut observation, issuer.as_ref().present().map(AsRef::as_ref));
    (observation.outcome, observation.reason) = match scene.answer() {
        _ if begun => (Outcome::Success, None),
        Answer::Nobody => (Outcome::Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => (Outcome::Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => (Outcome::Unknown, Some(Reason::LocalReply)),
        Answer::Server(400..) => (Outcome::Failure, Some(Reason::HttpStatus)),
        Answer::Server(_) => (Outcome::Unknown, Some(Reason::HttpStatus)),
    };
    Some(observation)
}

/// The same of an authorization server that is a client of another one. What it sends to itself is no request.
pub(super) fn observe_brokered<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let sent = redirect(scene)?;
    let parts = UrlParts::read(&sent.target);
    let own = parts.host().is_none_or(|host| scene.issuer.owns(host));
    let other = || {
        asked(scene, &parts).is_some_and(|(issuer, _)| {
            scene.policy.issuers.get(issuer).is_some_and(|issuer| issuer.name != scene.issuer.name)
        })
    };
    if own && !other() {
        return None;
    }
    let mut initiated = initiated(scene, &sent)?;
    initiated.broker = true;
    Some(initiated)
}

fn redirect<'a>(scene: &Scene<'a>) -> Option<Sent<'a>> {
    let location = scene.location()?;
    let parts = UrlParts::read(location);
    let query = parts.query.filter(|_| parts.is_absolute())?;
    let parameters = Parameters::read(query, &scene.policy.limits);
    Some(Sent { target: Cow::Borrowed(location), parameters, delivery: Delivery::Query })
}

/// A URL in the answer of the endpoint where a flow begins: a script sends the browser there (H-08).
fn in_json<'a>(scene: &Scene<'a>) -> Option<Sent<'a>> {
    let answered = matches!(scene.answer(), Answer::Server(200..=299));
    if !answered || scene.response_media() != Some(MediaType::Json) {
        return None;
    }
    let object: Object<'a> = scene.response_object()?;
    let urls = object.members().filter_map(|(_, value)| match value {
        Json::Text(text) if text.starts_with("https://") || text.starts_with("http://") => Some(text.as_ref()),
        _ => None,
    });
    urls.filter_map(|url| {
        let query = UrlParts::read(url.as_bytes()).query?;
        let parameters = Parameters::read(query, &scene.policy.limits).into_owned();
        request_rule(&parameters, true)?;
        Some(Sent { target: Cow::Owned(url.as_bytes().to_vec()), parameters, delivery: Delivery::Json })
    })
    .next()
}

fn initiated<'a>(scene: &Scene<'a>, sent: &Sent<'a>) -> Option<Observation<'a>> {
    let parts = UrlParts::read(&sent.target);
    let asked = asked(scene, &parts);
    let rule = request_rule(&sent.parameters, true);
    if rule.is_none() && asked.is_none() {
        return None;
    }
    let shape = Recognition {
        tier: Tier::Heuristic,
        rule: "H-04",
        confidence: if sent.delivery == Delivery::Json { Confidence::Medium } else { Confidence::High },
    };
    let recognition = asked.map_or(shape, |(_, recognition)| recognition);
    let mut observation = observe_initiated(scene, sent.target.clone(), &sent.parameters, sent.delivery, recognition);
    match asked.and_then(|(issuer, _)| scene.policy.issuers.get(issuer)) {
        Some(issuer) => claim(&mut observation, issuer),
        None => {
            (observation.issuer, observation.provider, observation.tenant) = (None, None, None);
        }
    }
    Some(observation)
}

/// The issuer whose authorization endpoint a URL is, and how that is known.
fn asked(scene: &Scene<'_>, parts: &UrlParts<'_>) -> Option<(usize, Recognition)> {
    let interest = scene.policy.triage(parts.host()?, parts.path)?;
    let endpoint = interest.endpoint.filter(|endpoint| endpoint.kind == EndpointKind::Authorization)?;
    Some((interest.issuer?, endpoint.recognition))
}
