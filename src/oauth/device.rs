//! The device flow at the authorization server (RFC 8628 §3.1–3.3).

use std::borrow::Cow;

use super::back_channel::{Answered, CREDENTIALS, Verdict, conclude, judge, observation};
use super::event::ProtocolEvent;
use super::links::{Links, octets};
use super::messages::{DeviceAuthorization, Named};
use super::observation::{LinkRole, Message, Observation, Outcome, Reason, Recognition};
use super::scene::{Answer, Scene, was_sent};
use crate::body::Completeness;
use crate::http::{MediaType, UrlParts};
use crate::seen::Seen;

/// A device authorization request and its answer; `None` for another method than POST.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let body = Answered::read(scene);
    let verdict = judge(scene, ProtocolEvent::DeviceAuthorization, &body, body.has_text("device_code"));
    let mut links = Links::default();
    let mut unknown_parameters = scene.parameters.unknown(KNOWN);
    unknown_parameters.retain(|name| !CREDENTIALS.contains(&name.as_ref()));
    let mut message = DeviceAuthorization {
        scope: scene.parameters.words("scope"),
        body_format: scene.body_format,
        unknown_parameters,
        ..DeviceAuthorization::default()
    };
    if verdict.is_success() {
        message.verification_uri = either(body.text("verification_uri"), || body.text("verification_url"));
        message.complete =
            ["verification_uri_complete", "verification_url_complete"].iter().any(|name| body.has_text(name));
        message.expires_in = body.whole("expires_in");
        message.interval = body.whole("interval");
        links.add(LinkRole::Dev, "response.device_code", body.text("device_code").map(octets));
        links.add(
            LinkRole::Ucode,
            "response.user_code",
            body.text("user_code").map(|code| normal_code(code.as_bytes())),
        );
    }
    let message = Message::DeviceAuthorization(Box::new(message));
    Some(observation(scene, recognition, (verdict, body.completeness), (message, links)))
}

/// The end-user's code at the verification page; `None` where none was sent. Whether a page that comes back says "wrong"
/// is written in the end-user's language: only a redirect or a refusal tells.
pub(super) fn observe_code<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let codes = USER_CODES.iter().map(|name| scene.parameters.octets(name));
    let code = codes.into_iter().find(|code| !code.is_absent())?;
    if !scene.is_get() && !scene.is_post() {
        return None;
    }
    let message = Named { in_query: scene.parameters.in_query(), user_code: was_sent(&code), ..Named::default() };
    let mut links = Links::default();
    links.add(LinkRole::Ucode, "request.user_code", code.map(|code| normal_code(&code)));
    let mut observation =
        scene.observation(ProtocolEvent::DeviceUserCode, recognition, Message::Named(Box::new(message)));
    let (outcome, reason) = judge_code(scene);
    let verdict = Verdict { event: ProtocolEvent::DeviceUserCode, outcome, reason, error: None };
    conclude(&mut observation, (verdict, Completeness::Absent), links);
    Some(observation)
}

fn judge_code(scene: &Scene<'_>) -> (Outcome, Option<Reason>) {
    let failed = || {
        let target = scene.location().and_then(|location| UrlParts::read(location).query);
        target.is_some_and(|query| query.split(|byte| *byte == b'&').any(|pair| pair.starts_with(b"error")))
    };
    match scene.answer() {
        Answer::Nobody => (Outcome::Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => (Outcome::Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => (Outcome::Unknown, Some(Reason::LocalReply)),
        Answer::Server(400..) => (Outcome::Failure, Some(Reason::HttpStatus)),
        Answer::Server(300..=399) if failed() => (Outcome::Failure, Some(Reason::HttpStatus)),
        // The code came in a link: the end-user is asked whether it is theirs.
        Answer::Server(_) if scene.is_get() => (Outcome::Pending, Some(Reason::Interaction)),
        Answer::Server(300..=399) => (Outcome::Success, None),
        Answer::Server(200) if asks_again(scene) == Some(true) => (Outcome::Failure, Some(Reason::CredentialsRejected)),
        Answer::Server(200) if asks_again(scene) == Some(false) => (Outcome::Success, None),
        Answer::Server(_) => (Outcome::Unknown, Some(Reason::HttpStatus)),
    }
}

/// Whether the page asks for the code again, where the provider's profile knows that page.
fn asks_again(scene: &Scene<'_>) -> Option<bool> {
    let page = scene.decoded.response_content.whole().filter(|_| scene.response_media() == Some(MediaType::Html))?;
    scene.issuer.profile()?.asks_for_user_code(page)
}

/// RFC 8628 §6.1: people type it in any case and with any separator.
fn normal_code(code: &[u8]) -> Cow<'static, [u8]> {
    let letters = code.iter().filter(|byte| byte.is_ascii_alphanumeric());
    Cow::Owned(letters.map(u8::to_ascii_uppercase).collect())
}

fn either<T>(first: Seen<T>, second: impl FnOnce() -> Seen<T>) -> Seen<T> {
    if first.is_absent() { second() } else { first }
}

/// RFC 8628 §3.3.1 and Keycloak.
const USER_CODES: [&str; 2] = ["user_code", "device_user_code"];

const KNOWN: &[&str] = &["nonce", "scope"];
