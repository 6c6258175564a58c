//! Logout at the authorization server (RP-Initiated Logout 1.0 §2, §3; Keycloak's logout with a refresh token).

use std::borrow::Cow;

use super::checks::Companions;
use super::client_authentication::{identify, named};
use super::event::ProtocolEvent;
use super::html_form;
use super::keys::Carrier;
use super::links::Links;
use super::observation::{
    BodyFormat, Delivery, IdToken, LinkRole, Logout, Message, OAuthError, Observation, Outcome, Reason, Recognition,
    Trust,
};
use super::parameters::{Parameters, text};
use super::policy::SUBPATH;
use super::scene::{Answer, Scene, put_links, was_sent};
use super::signature::SignatureCheck;
use super::token_claims::{Claims, NOT_A_JWT, OF_HINT};
use crate::http::{MediaType, ResponseHead, UrlParts, normalise_path};
use crate::seen::Seen;

/// Whether the answer finishes the logout.
enum Ending<'a> {
    Finished,
    Open(Outcome, Option<Reason>, Option<OAuthError<'a>>),
}

/// A logout request, and its completion where the server needs no further question.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Vec<Observation<'a>> {
    if !(scene.is_get() || scene.is_post()) {
        return Vec::new();
    }
    let with_refresh_token = scene.is_post() && scene.parameters.has("refresh_token");
    match judge(scene) {
        Ending::Finished => {
            let completed = observation(scene, recognition, ProtocolEvent::LogoutCompleted);
            // Without a browser there is no request apart from its completion.
            let requested = || observation(scene, recognition, ProtocolEvent::LogoutRequested);
            let mut events = if with_refresh_token { vec![completed] } else { vec![requested(), completed] };
            events.iter_mut().for_each(|event| event.outcome = Outcome::Success);
            events
        }
        Ending::Open(outcome, reason, error) => {
            let mut requested = observation(scene, recognition, ProtocolEvent::LogoutRequested);
            requested.outcome = outcome;
            requested.reason = reason;
            requested.error = error;
            vec![requested]
        }
    }
}

/// PROTOCOL §1.6, `end_session`.
fn judge<'a>(scene: &Scene<'a>) -> Ending<'a> {
    use Outcome::{Failure, Pending, Unknown};
    let error = || {
        let of_body = scene.response_object().and_then(|object| OAuthError::of_object(&object));
        of_body.or_else(|| scene.decoded.response.and_then(OAuthError::of_challenges))
    };
    match scene.answer() {
        Answer::Nobody => Ending::Open(Unknown, Some(Reason::NoResponse), None),
        Answer::Local(400..=499) => Ending::Open(Failure, Some(Reason::LocalReply), None),
        Answer::Local(_) => Ending::Open(Unknown, Some(Reason::LocalReply), None),
        Answer::Server(204) => Ending::Finished,
        Answer::Server(300..=399) => judge_redirect(scene),
        Answer::Server(400..) => match error() {
            Some(error) => Ending::Open(Failure, Some(Reason::OauthError), Some(error)),
            None => Ending::Open(Failure, Some(Reason::HttpStatus), None),
        },
        // A question, or a page whose frames tell the clients (Front-Channel Logout 1.0 §3).
        Answer::Server(_) if scene.response_media() == Some(MediaType::Html) => {
            Ending::Open(Pending, Some(Reason::Interaction), None)
        }
        Answer::Server(_) => Ending::Open(Unknown, Some(Reason::HttpStatus), None),
    }
}

fn judge_redirect<'a>(scene: &Scene<'a>) -> Ending<'a> {
    let Some(location) = scene.location() else {
        return Ending::Open(Outcome::Unknown, Some(Reason::HttpStatus), None);
    };
    let target = UrlParts::read(location);
    let asked = after_logout(scene).and_then(|name| scene.parameters.octets(name).present());
    if asked.is_some_and(|asked| UrlParts::read(&asked).same_place(&target)) || is_signed_out(scene) {
        return Ending::Finished;
    }
    let inside = target.host().is_none_or(|host| scene.issuer.owns(host));
    if inside && is_end_page(scene, target.path) {
        return Ending::Finished;
    }
    if inside {
        Ending::Open(Outcome::Pending, Some(Reason::Interaction), None)
    } else {
        Ending::Open(Outcome::Unknown, Some(Reason::HttpStatus), None)
    }
}

/// The parameter that says where to go after the logout: the standard's, or the provider's own name for it.
fn after_logout<'s>(scene: &'s Scene<'_>) -> Option<&'s str> {
    let aliases = scene.issuer.profile().map_or(&[][..], |profile| &profile.logout_parameters);
    let mut names = std::iter::once(STANDARD).chain(aliases.iter().map(AsRef::as_ref));
    names.find(|name| scene.parameters.has(name))
}

/// Whether the answer deletes the cookie that is the end-user's session, as the profile knows it.
fn is_signed_out(scene: &Scene<'_>) -> bool {
    let head = scene.decoded.response;
    let cookies = scene.issuer.profile().map_or(&[][..], |profile| &profile.session_cookies);
    head.is_some_and(|head| cookies.iter().any(|name| head.deletes_cookie_named(name)))
}

/// Whether a path is a page on which the provider's logouts end.
fn is_end_page(scene: &Scene<'_>, path: &[u8]) -> bool {
    let path = normalise_path(path);
    scene
        .issuer
        .profile()
        .is_some_and(|profile| profile.logout_pages.iter().any(|page| profile.fits(page, scene.issuer.path(), &path)))
}

/// The end-user's answer to "log out?". `None` for what is no such answer.
pub(super) fn observe_answer<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let (event, outcome, reason) = judge_answer(scene, recognition)?;
    let mut observation = observation(scene, recognition, event);
    observation.outcome = outcome;
    observation.reason = reason;
    Some(observation)
}

fn judge_answer(scene: &Scene<'_>, recognition: Recognition) -> Option<(ProtocolEvent, Outcome, Option<Reason>)> {
    use ProtocolEvent::{LogoutCompleted, LogoutRequested};
    if !scene.is_post() {
        return None;
    }
    // Where only the path is a guess, only a redirect tells: other things live below an end session endpoint.
    let guessed = recognition.rule == SUBPATH;
    let consent = scene.issuer.profile().and_then(|profile| profile.logout_consent.as_deref());
    let read = scene.body_format == Some(BodyFormat::Form);
    let declined = read && consent.is_some_and(|member| !scene.parameters.has(member));
    match scene.answer() {
        Answer::Server(200..=399) if declined => Some((LogoutRequested, Outcome::Failure, Some(Reason::Interaction))),
        Answer::Server(300..=399) => Some((LogoutCompleted, Outcome::Success, None)),
        _ if guessed => None,
        Answer::Server(200..=299) => Some((LogoutCompleted, Outcome::Success, None)),
        Answer::Server(_) => Some((LogoutRequested, Outcome::Failure, Some(Reason::HttpStatus))),
        Answer::Local(400..=499) => Some((LogoutRequested, Outcome::Failure, Some(Reason::LocalReply))),
        Answer::Local(_) => Some((LogoutRequested, Outcome::Unknown, Some(Reason::LocalReply))),
        Answer::Nobody => Some((LogoutRequested, Outcome::Unknown, Some(Reason::NoResponse))),
    }
}

fn observation<'a>(scene: &Scene<'a>, recognition: Recognition, event: ProtocolEvent) -> Observation<'a> {
    let parameters = &scene.parameters;
    let mut links = Links::default();
    let hint = read_hint(scene, &mut links);
    let target = scene.location();
    link(scene, target, &mut links);
    let (hint, claims) = hint.unzip();
    let trust = hint.as_ref().and_then(|hint| hint.trust).unwrap_or(Trust::Unverified);
    let message = Logout {
        delivery: Some(if scene.body_format == Some(BodyFormat::Form) { Delivery::Post } else { Delivery::Query }),
        post_logout_redirect_uri: after_logout(scene).map_or(Seen::Absent, |name| parameters.text(name)),
        target: target.map_or(Seen::Absent, |target| text(Cow::Borrowed(target))),
        logout_hint: parameters.text("logout_hint"),
        id_token_hint: was_sent(&parameters.octets("id_token_hint")),
        hint,
        cookie_cleared: scene.decoded.response.is_some_and(ResponseHead::deletes_cookie),
        targets: if event == ProtocolEvent::LogoutRequested { frames(scene) } else { Vec::new() },
        unknown_parameters: unknown(scene),
        ..Logout::default()
    };
    let mut observation = scene.observation(event, recognition, Message::Logout(Box::new(message)));
    let issuer = claims.as_ref().and_then(Claims::issuer);
    scene.claim_named(&mut observation, issuer.as_deref());
    if let Some(claims) = &claims {
        claims.link(&mut links, &OF_HINT, observation.issuer.as_ref());
        observation.subject = claims.subject(trust);
    }
    if parameters.has("refresh_token") {
        let (mut client, not_encoded) = identify(&scene.decoded.request.headers, parameters);
        client.authenticated = (event == ProtocolEvent::LogoutCompleted && proves(&client)).then_some(true);
        observation.client = client;
        observation.integrity.basic_not_encoded = not_encoded;
    } else {
        observation.client = named(parameters);
    }
    put_links(&mut observation, links);
    observation
}

/// The frames of a logout page: each tells a client (Front-Channel Logout 1.0 §3).
fn frames<'a>(scene: &Scene<'a>) -> Vec<Cow<'a, str>> {
    if scene.response_media() != Some(MediaType::Html) {
        return Vec::new();
    }
    let frames = html_form::frames(scene.decoded.response_content.bytes());
    let absolute = frames.filter(|frame| UrlParts::read(frame).web_authority().is_some());
    absolute.filter_map(|frame| text(Cow::Owned(frame.into_owned())).present()).take(TARGETS).collect()
}

/// Frames of one page: with more a page could fill the record.
const TARGETS: usize = 16;

/// Parameters that neither the specification nor the profile knows.
fn unknown<'a>(scene: &Scene<'a>) -> Vec<Cow<'a, str>> {
    let aliases = scene.issuer.profile().map_or(&[][..], |profile| &profile.logout_parameters);
    let known: Vec<&str> = KNOWN.iter().copied().chain(aliases.iter().map(AsRef::as_ref)).collect();
    scene.parameters.unknown(&known)
}

fn proves(client: &super::observation::Client<'_>) -> bool {
    client.auth_method.is_some_and(|method| method != super::observation::ClientAuthMethod::None)
}

/// Anybody can write a hint: its claims are `unverified`, unless its issuer signed them.
fn read_hint<'a>(scene: &Scene<'a>, links: &mut Links<'a>) -> Option<(IdToken<'a>, Claims)> {
    let hint = scene.parameters.octets("id_token_hint");
    let client = scene.parameters.text("client_id").present();
    let with = Companions { client: client.as_deref(), ..Companions::default() };
    let carried = (Trust::Unverified, Carrier::Browser);
    let mut read = hint.as_ref().present().and_then(|hint| scene.id_token(hint, carried, &with));
    if let Some((token, _)) = &mut read
        && token.signature == SignatureCheck::Verified
    {
        token.trust = Some(Trust::Verified);
    }
    match (&hint, &read) {
        (Seen::Present(_), None) => links.note_if_malformed("request.id_token_hint", &NOT_A_JWT),
        _ => links.add(LinkRole::Idt, "request.id_token_hint", hint),
    }
    read
}

/// RP-Initiated Logout 1.0 §3: `state` comes back at the post logout redirection endpoint.
fn link<'a>(scene: &Scene<'a>, target: Option<&'a [u8]>, links: &mut Links<'a>) {
    let sent = scene.parameters.octets("state");
    let returned = target.and_then(|target| UrlParts::read(target).query);
    let returned = returned.map_or(Seen::Absent, |query| Parameters::read(query, &scene.policy.limits).octets("state"));
    let value = if sent.is_absent() { returned } else { sent };
    links.add(LinkRole::Lstate, "request.state", value);
    links.add(LinkRole::RtIn, "request.refresh_token", scene.parameters.octets("refresh_token"));
}

/// RP-Initiated Logout 1.0 §2
const STANDARD: &str = "post_logout_redirect_uri";

/// Parameters of a logout request that are recorded or known to be none of the record's business.
const KNOWN: &[&str] = &[
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "id_token_hint",
    "logout_hint",
    "post_logout_redirect_uri",
    "refresh_token",
    "state",
    "ui_locales",
];
