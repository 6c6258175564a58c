//! Backchannel authentication requests (CIBA Core §7).

use super::authorization::effective;
use super::back_channel::{Answered, CREDENTIALS, judge, observation};
use super::event::ProtocolEvent;
use super::links::{Links, octets};
use super::messages::CibaRequest;
use super::observation::{LinkRole, Message, Observation, Recognition};
use super::scene::{Scene, was_sent};

/// A request and its acknowledgement; `None` for another method than POST.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let body = Answered::read(scene);
    let verdict = judge(scene, ProtocolEvent::CibaRequest, &body, body.has_text("auth_req_id"));
    let parameters = effective(scene);
    let sent = |name: &str| was_sent(&parameters.octets(name));
    let mut unknown_parameters = parameters.unknown(KNOWN);
    unknown_parameters.retain(|name| !CREDENTIALS.contains(&name.as_ref()));
    let expiry = parameters.whole("requested_expiry");
    let mut message = CibaRequest {
        scope: parameters.words("scope"),
        acr_values: parameters.words("acr_values"),
        hint: HINTS.into_iter().find(|hint| sent(hint)),
        login_hint: parameters.text("login_hint"),
        requested_expiry: if expiry.is_absent() { parameters.whole("request_expiry") } else { expiry },
        binding_message: sent("binding_message"),
        user_code: sent("user_code"),
        notification: sent("client_notification_token"),
        signed: was_sent(&scene.parameters.octets("request")),
        unknown_parameters,
        ..CibaRequest::default()
    };
    let mut links = Links::default();
    links.add(LinkRole::Idt, "request.id_token_hint", parameters.octets("id_token_hint"));
    links.add(LinkRole::Robj, "request.request", scene.parameters.octets("request"));
    if verdict.is_success() {
        message.expires_in = body.whole("expires_in");
        message.interval = body.whole("interval");
        links.add(LinkRole::Ciba, "response.auth_req_id", body.text("auth_req_id").map(octets));
    }
    let message = Message::Ciba(Box::new(message));
    Some(observation(scene, recognition, (verdict, body.completeness), (message, links)))
}

/// CIBA Core §7.1: one of them, and only one.
const HINTS: [&str; 3] = ["login_hint", "login_hint_token", "id_token_hint"];

const KNOWN: &[&str] = &[
    "acr_values",
    "aud",
    "binding_message",
    "client_notification_token",
    "exp",
    "iat",
    "id_token_hint",
    "iss",
    "jti",
    "login_hint",
    "login_hint_token",
    "nbf",
    "request",
    "request_expiry",
    "requested_expiry",
    "scope",
    "user_code",
];
