//! What an authorization server tells clients and resource servers by itself: that a session has ended (Back-Channel Logout
//! 1.0), what happened to an account (RFC 8935, CAEP, RISC), how a backchannel authentication came out (CIBA Core §10).
//! Anybody can send such a message: what it says rests on the receiver's answer.

use std::borrow::Cow;

use super::event::ProtocolEvent;
use super::json::{self, Json, Object};
use super::links::{Links, octets};
use super::observation::{
    Confidence, Delivery, LinkRole, Logout, Message, OAuthError, Observation, Outcome, Reason, Signal, Subject,
    TokenExchange, Trust,
};
use super::scene::{Answer, Scene, put_links};
use super::token;
use super::token_claims::{ClaimNames, Claims, NOT_A_JWT, read_presented};
use crate::body::Completeness;
use crate::seen::Seen;

/// A logout token and what the client made of it (Back-Channel Logout 1.0 §2.5, §2.8).
pub(super) fn logout<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let token = scene.parameters.octets("logout_token");
    let mut links = Links::default();
    let (read, claims) = token.as_ref().present().map(|token| read_presented(token, false)).unzip();
    let claims = claims.flatten();
    let shape = if claims.is_some() { Confidence::Certain } else { Confidence::High };
    let recognition = scene.recognition("H-20", shape);
    let message = Logout {
        delivery: Some(Delivery::Post),
        events: claims.as_ref().map(Claims::events).unwrap_or_default(),
        token: read,
        ..Logout::default()
    };
    let message = Message::Logout(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::LogoutBackchannel, recognition, message);
    link(scene, &mut observation, &mut links, claims.as_ref());
    if token.as_ref().present().is_some_and(|token| super::jwt::read(token).is_none()) {
        links.note_if_malformed("request.logout_token", &NOT_A_JWT);
    } else {
        links.add(LinkRole::Tok, "request.logout_token", token);
    }
    // §2.8: 200, and 204 of frameworks that send nothing; a redirect is not followed.
    judge(scene, &mut observation, |status| matches!(status, 200 | 204), answer_error(scene, "error"));
    put_links(&mut observation, links);
    Some(observation)
}

/// A security event token that is pushed (RFC 8935 §2).
pub(super) fn signal<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if !scene.is_post() {
        return None;
    }
    let content = &scene.decoded.request_content;
    let token = content.whole().map(<[u8]>::trim_ascii);
    let mut links = Links::default();
    let (read, claims) = token.map(|token| read_presented(token, false)).unzip();
    let claims = claims.flatten();
    let named = claims.as_ref().and_then(Claims::event_subject);
    let message = Signal {
        events: claims.as_ref().map(Claims::events).unwrap_or_default(),
        subject_format: named.as_ref().map_or(Seen::Absent, |named| named.text("format", 64)),
        token: read,
    };
    let recognition = scene.recognition("H-26", Confidence::Certain);
    let message = Message::Signal(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::SignalReceived, recognition, message);
    link(scene, &mut observation, &mut links, claims.as_ref());
    if let Some(claims) = &claims {
        links.add(LinkRole::Txn, "token.txn", claims.text("txn").map(octets));
    }
    if let Some(named) = named {
        observation.subject = subject(&named, observation.subject.take(), &mut links);
    }
    match token {
        Some(token) if super::jwt::read(token).is_some() => {
            links.add(LinkRole::Tok, "request.token", Seen::Present(Cow::Owned(token.to_vec())));
            observation.integrity.request_body = Completeness::Complete;
        }
        _ => links.note_if_malformed("request.token", &NOT_A_JWT),
    }
    judge(scene, &mut observation, |status| (200..300).contains(&status), answer_error(scene, "err"));
    put_links(&mut observation, links);
    Some(observation)
}

/// A ping, or the tokens or the error themselves (CIBA Core §10.2, §10.3, §12).
pub(super) fn authenticated<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let body = scene.decoded.request_content.whole().filter(|_| scene.is_post());
    let object = body.and_then(json::read_object)?;
    let error = OAuthError::of_object(&object);
    let pushed = error.is_some() || object.has("access_token") || object.has("id_token");
    let recognition = scene.recognition("H-28", Confidence::Certain);
    let mut links = Links::default();
    let mut observation = if pushed {
        token::observe_pushed(scene, &object, recognition, &mut links)
    } else {
        let message = Message::Token(Box::new(TokenExchange::default()));
        scene.observation(ProtocolEvent::CibaNotified, recognition, message)
    };
    links.add(LinkRole::Ciba, "request.auth_req_id", object.text("auth_req_id", VALUE).map(octets));
    scene.claim_named(&mut observation, None);
    judge(scene, &mut observation, |status| (200..300).contains(&status), None);
    if error.is_some() {
        (observation.outcome, observation.reason) = (Outcome::Failure, Some(Reason::OauthError));
        observation.error = error;
    }
    put_links(&mut observation, links);
    Some(observation)
}

/// Whether a request that nobody named an endpoint for is such a message.
pub(super) fn of_shape<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if super::bodies::is_security_event(scene.decoded.request) {
        return signal(scene);
    }
    let token = scene.parameters.octets("logout_token").present()?;
    super::jwt::read(&token)?;
    logout(scene)
}

/// The claims that bind the message to others, and whom it is about.
fn link<'a>(scene: &Scene<'a>, observation: &mut Observation<'a>, links: &mut Links<'a>, claims: Option<&Claims>) {
    let issuer = claims.and_then(Claims::issuer);
    scene.claim_named(observation, issuer.as_deref());
    if let Some(claims) = claims {
        claims.link(links, &OF_NOTICE, observation.issuer.as_ref());
        observation.subject = claims.subject(Trust::Unverified);
    }
}

/// Whom a subject identifier names (RFC 9493 §3), of the formats that name one account.
fn subject<'a>(named: &Object<'static>, fallback: Option<Subject<'a>>, links: &mut Links<'a>) -> Option<Subject<'a>> {
    let text = |name: &str| named.text(name, VALUE);
    let issuer = text("iss").present().or_else(|| {
        let issuer = fallback.as_ref().and_then(|subject| subject.issuer.clone());
        issuer.map(Cow::into_owned).map(Cow::Owned)
    });
    let sub = match text("format") {
        Seen::Present(format) if format == "iss_sub" => text("sub"),
        Seen::Present(format) if format == "email" => text("email"),
        Seen::Present(format) if format == "opaque" => text("id"),
        _ => return fallback,
    };
    if let (Some(issuer), Seen::Present(sub)) = (&issuer, &sub)
        && text("format") == Seen::Present(Cow::Borrowed("iss_sub"))
    {
        links.add_scoped(LinkRole::Sub, "subject.sub", issuer.clone(), Seen::Present(octets(sub.clone())));
    }
    (!sub.is_absent()).then_some(Subject { issuer, sub, trust: Trust::Unverified })
}

/// The error in a JSON answer.
fn answer_error<'a>(scene: &Scene<'a>, member: &'static str) -> Option<OAuthError<'a>> {
    let Answer::Server(400..=599) = scene.answer() else { return None };
    let object = scene.response_object()?;
    if member == "error" {
        return OAuthError::of_object(&object);
    }
    // RFC 8935 §2.3
    let Seen::Present(Json::Text(_)) = object.get(member) else { return None };
    let code = object.text(member, 64);
    Some(OAuthError { code, description: object.text("description", VALUE), uri: Seen::Absent })
}

fn judge<'a>(
    scene: &Scene<'a>,
    observation: &mut Observation<'a>,
    accepted: fn(u16) -> bool,
    error: Option<OAuthError<'a>>,
) {
    (observation.outcome, observation.reason) = match (scene.answer(), &error) {
        (Answer::Nobody, _) => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Answer::Local(400..=499), _) => (Outcome::Failure, Some(Reason::LocalReply)),
        (Answer::Local(_), _) => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Answer::Server(status), _) if accepted(status) => (Outcome::Success, None),
        (Answer::Server(_), Some(_)) => (Outcome::Failure, Some(Reason::OauthError)),
        (Answer::Server(_), None) => (Outcome::Failure, Some(Reason::HttpStatus)),
    };
    observation.error = error;
}

/// Who asked is known of all these by the endpoint alone.
const OF_NOTICE: ClaimNames =
    ClaimNames { token: None, nonce: None, sid: Some("token.sid"), sub: Some("token.sub"), jti: Some("token.jti") };

/// Bytes of one value.
const VALUE: usize = 8 * 1024;
