//! The UserInfo endpoint (OIDC Core §5.3): who asked with which token, and which claims came back.

use std::borrow::Cow;

use super::client_authentication::credentials;
use super::event::ProtocolEvent;
use super::json::Object;
use super::jwt;
use super::links::{Links, octets};
use super::observation::{
    BearerTransport, Hidden, LinkRole, Message, OAuthError, Observation, Outcome, Reason, Recognition, Subject, Trust,
    Userinfo, UserinfoForm,
};
use super::scene::{Answer, Scene, put_links};
use super::token_claims::{ClaimNames, identity, names, read_access_token};
use crate::body::Completeness;
use crate::seen::{Malformation, Seen};

/// Reads a request and its answer. `None` for another method than GET and POST.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !scene.is_get() && !scene.is_post() {
        return None;
    }
    let error = read_error(scene);
    let (outcome, reason) = judge(scene, error.as_ref());
    let (transport, token) = presented_token(scene);
    let (form, claims) = if outcome == Outcome::Success { read_claims(scene) } else { (None, None) };
    let encrypted = form == Some(UserinfoForm::Jwe);
    let message = Userinfo {
        form,
        claim_names: claims.as_ref().map(names).unwrap_or_default(),
        identity: claims.as_ref().map(identity).unwrap_or_default(),
        email_verified: claims.as_ref().map_or(Seen::Absent, |claims| claims.boolean("email_verified")),
        transport,
    };
    let mut observation =
        scene.observation(ProtocolEvent::UserinfoAccessed, recognition, Message::Userinfo(Box::new(message)));
    let named = claims.as_ref().and_then(|claims| claims.text("iss", CLAIM).present());
    scene.claim_named(&mut observation, named.as_deref());
    let issuer = observation.issuer.clone();
    let mut links = Links::default();
    if outcome == Outcome::Success {
        link_token_claims(&token, &mut links, issuer.as_ref());
    }
    links.add(LinkRole::At, "request.access_token", token);
    let sub = claims.as_ref().map_or(Seen::Absent, |claims| claims.text("sub", CLAIM));
    if let Some(issuer) = &issuer {
        links.add_scoped(LinkRole::Sub, "userinfo.sub", issuer.clone(), sub.clone().map(octets));
    }
    observation.subject = (!sub.is_absent()).then_some(Subject { issuer, sub, trust: Trust::Direct });
    let whole = scene.decoded.response_content.completeness == Completeness::Complete;
    if outcome == Outcome::Success && whole && claims.is_none() && !encrypted {
        observation.integrity.response_body = Completeness::Unparseable;
    }
    if encrypted {
        observation.hide(Hidden::JweUserinfo);
    }
    observation.outcome = outcome;
    observation.reason = reason.or(encrypted.then_some(Reason::Encrypted));
    observation.error = error;
    put_links(&mut observation, links);
    Some(observation)
}

/// RFC 6750 §3 puts the error into the challenge; some servers only into a JSON body.
fn read_error<'a>(scene: &Scene<'a>) -> Option<OAuthError<'a>> {
    let Answer::Server(400..=599) = scene.answer() else { return None };
    let of_head = scene.decoded.response.and_then(OAuthError::of_challenges);
    of_head.or_else(|| OAuthError::of_object(&scene.response_object()?))
}

fn judge(scene: &Scene<'_>, error: Option<&OAuthError<'_>>) -> (Outcome, Option<Reason>) {
    match (scene.answer(), error) {
        (Answer::Nobody, _) => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Answer::Local(400..=499), _) => (Outcome::Failure, Some(Reason::LocalReply)),
        (Answer::Local(_), _) => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Answer::Server(200..=299), _) => (Outcome::Success, None),
        (Answer::Server(401), Some(error)) if error.is("use_dpop_nonce") => {
            (Outcome::Pending, Some(Reason::RetryNonce))
        }
        (Answer::Server(401), Some(error)) if error.is("insufficient_user_authentication") => {
            (Outcome::Pending, Some(Reason::Interaction))
        }
        (Answer::Server(400..=599), Some(_)) => (Outcome::Failure, Some(Reason::OauthError)),
        (Answer::Server(400..=599), None) => (Outcome::Failure, Some(Reason::HttpStatus)),
        (Answer::Server(_), _) => (Outcome::Unknown, Some(Reason::HttpStatus)),
    }
}

/// RFC 6750 §2, RFC 9449 §7.1. Sent in two ways, or twice, it is a duplicate.
fn presented_token<'a>(scene: &Scene<'a>) -> (Option<BearerTransport>, Seen<Cow<'a, [u8]>>) {
    let bearer = |value: &'a [u8]| credentials(value, b"bearer").or_else(|| credentials(value, b"dpop"));
    let mut headers = scene.decoded.request.headers.all("authorization").filter_map(bearer);
    let parameter = scene.parameters.octets("access_token");
    match (headers.next(), headers.next(), parameter) {
        (Some(token), None, Seen::Absent) => (Some(BearerTransport::Header), Seen::Present(Cow::Borrowed(token))),
        (Some(_), _, _) => (Some(BearerTransport::Header), Seen::Malformed(Malformation::Duplicate)),
        (None, _, Seen::Absent) => (None, Seen::Absent),
        (None, _, token) if scene.parameters.in_query() => (Some(BearerTransport::Query), token),
        (None, _, token) => (Some(BearerTransport::Body), token),
    }
}

fn read_claims<'a>(scene: &Scene<'a>) -> (Option<UserinfoForm>, Option<Object<'a>>) {
    let Some(body) = scene.decoded.response_content.whole() else { return (None, None) };
    if let Some(object) = scene.response_object() {
        return (Some(UserinfoForm::Json), Some(object));
    }
    match jwt::read(body.trim_ascii()) {
        Some(jwt) if jwt.encrypted => (Some(UserinfoForm::Jwe), None),
        Some(jwt) => (Some(UserinfoForm::Jws), jwt.claims),
        None => (None, None),
    }
}

/// The server accepted the token: what it says of its session and itself stands.
fn link_token_claims<'a>(token: &Seen<Cow<'a, [u8]>>, links: &mut Links<'a>, issuer: Option<&Cow<'a, str>>) {
    let Seen::Present(token) = token else { return };
    if let (_, Some(claims)) = read_access_token(token) {
        claims.link(
            links,
            &ClaimNames { sid: Some("token.sid"), jti: Some("token.jti"), ..ClaimNames::default() },
            issuer,
        );
    }
}

/// Bytes of a claim; the record cuts it further.
const CLAIM: usize = 8 * 1024;
