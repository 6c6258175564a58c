//! What an authorization server fetches from a client (RFC 9101 §5.2.3; client metadata and keys), and what a client
//! fetches from a resource server (RFC 9728 §3).

use std::borrow::Cow;

use super::authorization::observe_fetched;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::jwt;
use super::observation::{Confidence, Message, Observation, Outcome, Reason};
use super::scene::{Answer, Scene};
use crate::http::ResponseHead;

/// A request object on its way to the authorization server: the parameters of the request that refers to it.
pub(super) fn request_object<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_get() {
        return None;
    }
    let recognition = scene.recognition("request_object_type", Confidence::Certain);
    let object = scene.decoded.response_content.whole().map(<[u8]>::trim_ascii);
    let read = object.and_then(jwt::read);
    let mut observation = observe_fetched(scene, reference(scene), object.filter(|_| read.is_some()), recognition);
    judge(scene, &mut observation);
    match &read {
        _ if observation.outcome != Outcome::Success => {}
        Some(object) if object.encrypted => observation.reason = Some(Reason::Encrypted),
        Some(_) => {}
        None => {
            (observation.outcome, observation.reason) = (Outcome::Unknown, Some(Reason::BodyUnparseable));
        }
    }
    Some(observation)
}

/// Whether an answer says that it is a request object (RFC 9101 §10.1).
pub(super) fn is_request_object(response: &ResponseHead) -> bool {
    response.headers.first("content-type").is_some_and(|value| {
        let name = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"application/oauth-authz-req+jwt")
    })
}

/// A document of the client, or of a resource server about itself.
pub(super) fn fetched<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_get() {
        return None;
    }
    let resource = scene.endpoint.is_some_and(|endpoint| endpoint.kind == EndpointKind::PrMetadata);
    let event = if resource { ProtocolEvent::DiscoveryFetched } else { ProtocolEvent::ClientMetadataFetched };
    let recognition = scene.recognition("client_metadata", Confidence::High);
    let mut observation = scene.observation(event, recognition, Message::Fetched);
    scene.claim_named(&mut observation, None);
    judge(scene, &mut observation);
    Some(observation)
}

/// The `request_uri` that this is. It is an https URL (RFC 9101 §5.2.1), whatever the hop to the proxy is.
fn reference(scene: &Scene<'_>) -> Cow<'static, [u8]> {
    let head = scene.decoded.request;
    let (authority, path) = (head.authority().unwrap_or_default(), head.path().unwrap_or_default());
    Cow::Owned([b"https://".as_slice(), authority, path].concat())
}

fn judge(scene: &Scene<'_>, observation: &mut Observation<'_>) {
    (observation.outcome, observation.reason) = match scene.answer() {
        Answer::Nobody => (Outcome::Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => (Outcome::Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => (Outcome::Unknown, Some(Reason::LocalReply)),
        Answer::Server(200 | 304) => (Outcome::Success, None),
        Answer::Server(400..) => (Outcome::Failure, Some(Reason::HttpStatus)),
        Answer::Server(_) => (Outcome::Unknown, Some(Reason::HttpStatus)),
    };
}
