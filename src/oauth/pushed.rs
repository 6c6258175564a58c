//! Authorization requests over the back channel: pushed ones (RFC 9126 §2), and those of first-party applications to an
//! authorization challenge endpoint (OAuth 2.0 for First-Party Applications).

use super::authorization::{Opened, link, open, read, request_form};
use super::back_channel::{Answered, CREDENTIALS, judge, observation};
use super::event::ProtocolEvent;
use super::links::{Links, octets};
use super::messages::PushedRequest;
use super::observation::{Hidden, LinkRole, Message, Observation, Recognition};
use super::scene::Scene;

/// A pushed request and its answer; `None` for another method than POST.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    one(scene, recognition, ProtocolEvent::ParRequest, ("request_uri", LinkRole::Par, "response.request_uri"))
}

/// One step of a first-party application: the server gives a code, or says what it still wants to know.
pub(super) fn observe_challenge<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let code = ("authorization_code", LinkRole::Code, "response.authorization_code");
    let mut observation = one(scene, recognition, ProtocolEvent::ChallengeResponse, code)?;
    if let Message::Pushed(message) = &mut observation.message {
        message.request.unknown_parameters.retain(|name| !ANSWERS.contains(&name.as_ref()));
    }
    Some(observation)
}

fn one<'a>(
    scene: &Scene<'a>,
    recognition: Recognition,
    event: ProtocolEvent,
    (member, role, name): (&str, LinkRole, &'static str),
) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let body = Answered::read(scene);
    let verdict = judge(scene, event, &body, body.has_text(member));
    let form = request_form(&scene.parameters);
    let Opened { parameters, object, differs } = open(scene);
    let encrypted = object.as_ref().is_some_and(|object| object.encrypted);
    let mut links = Links::default();
    link(&parameters, form, &mut links);
    let mut request = read(scene, &parameters, form);
    (request.object, request.object_differs) = (object, differs);
    request.unknown_parameters.retain(|name| !CREDENTIALS.contains(&name.as_ref()));
    let mut message = PushedRequest {
        request,
        username: parameters.text("username"),
        dpop: scene.decoded.request.headers.first("dpop").is_some(),
        ..PushedRequest::default()
    };
    if verdict.is_success() {
        message.expires_in = body.whole("expires_in");
        links.add(role, name, body.text(member).map(octets));
    }
    let message = Message::Pushed(Box::new(message));
    let mut observation = observation(scene, recognition, (verdict, body.completeness), (message, links));
    if encrypted {
        observation.hide(Hidden::JweRequest);
    }
    Some(observation)
}

/// What the end-user answered, and the handle of the session: known, and secret.
const ANSWERS: [&str; 5] = ["auth_session", "device_session", "otp", "password", "username"];
