//! What the endpoints have in common to which clients speak themselves: how an answer is judged, who asked, and what is
//! said of a client that was not let in.

use std::borrow::Cow;

use super::client_authentication::{credentials, identify};
use super::event::ProtocolEvent;
use super::form;
use super::json::Object;
use super::jwt;
use super::links::{Links, octets};
use super::observation::{
    Client, ClientAuthMethod, LinkRole, Message, OAuthError, Observation, Outcome, Reason, Recognition,
};
use super::scene::{Answer, Scene, put_links, was_sent};
use crate::body::Completeness;
use crate::seen::{Malformation, Seen};

/// What became of a request (PROTOCOL §1.6).
pub(super) struct Verdict<'a> {
    pub(super) event: ProtocolEvent,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) error: Option<OAuthError<'a>>,
}

impl Verdict<'_> {
    pub(super) fn is_success(&self) -> bool {
        self.outcome == Outcome::Success
    }
}

/// The response body as an object, whichever way it was written.
pub(super) struct Answered<'a> {
    pub(super) object: Option<Object<'a>>,
    pub(super) completeness: Completeness,
}

impl<'a> Answered<'a> {
    /// PROTOCOL §2.2, HR-07: JSON whatever its media type, and the form encoding of old servers.
    pub(super) fn read(scene: &Scene<'a>) -> Self {
        let content = &scene.decoded.response_content;
        let object = scene.response_object().or_else(|| read_form(content.whole()?));
        let unparseable = object.is_none() && content.completeness == Completeness::Complete;
        let completeness = if unparseable { Completeness::Unparseable } else { content.completeness };
        Self { object, completeness }
    }

    /// Whether a member is there that can be a token: a text, even one that cannot be used.
    pub(super) fn has_text(&self, name: &str) -> bool {
        let text = self.text(name);
        was_sent(&text) && !matches!(text, Seen::Malformed(Malformation::Type))
    }

    pub(super) fn text(&self, name: &str) -> Seen<Cow<'a, str>> {
        self.object.as_ref().map_or(Seen::Absent, |object| object.text(name, TOKEN))
    }

    pub(super) fn whole(&self, name: &str) -> Seen<u64> {
        self.object.as_ref().map_or(Seen::Absent, |object| object.whole(name))
    }

    pub(super) fn names(&self) -> Vec<Cow<'a, str>> {
        self.object.as_ref().map(|object| object.names(NAMES)).unwrap_or_default()
    }

    pub(super) fn error(&self) -> Option<OAuthError<'a>> {
        self.object.as_ref().and_then(OAuthError::of_object)
    }
}

fn read_form(body: &[u8]) -> Option<Object<'_>> {
    let begins = |name: &[u8]| body.starts_with(name);
    let form =
        [b"access_token=".as_slice(), b"error=", b"token_type=", b"scope=", b"expires_in="].into_iter().any(begins);
    form.then(|| {
        let text = |octets: Cow<'_, [u8]>| String::from_utf8_lossy(&octets).into_owned();
        Object::of_texts(form::read(body).map(|pair| (text(pair.name), text(pair.value.unwrap_or_default()))))
    })
}

/// Judges the answer to a request for `event`; `granted` says whether a 2xx has what was asked for.
pub(super) fn judge<'a>(scene: &Scene<'a>, event: ProtocolEvent, body: &Answered<'a>, granted: bool) -> Verdict<'a> {
    use Outcome::{Failure, Success, Unknown};
    let verdict = |outcome, reason| Verdict { event, outcome, reason, error: None };
    let status = match scene.answer() {
        Answer::Nobody => return verdict(Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => return verdict(Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => return verdict(Unknown, Some(Reason::LocalReply)),
        Answer::Server(status) => status,
    };
    let of_head = || scene.decoded.response.filter(|_| status >= 400).and_then(OAuthError::of_challenges);
    if let Some(error) = body.error().or_else(of_head) {
        return refused(event, status, error);
    }
    match (status, body.completeness) {
        (200..=299, Completeness::Truncated) => verdict(Unknown, Some(Reason::BodyTruncated)),
        (200..=299, Completeness::Undecoded) => verdict(Unknown, Some(Reason::BodyEncoding)),
        (200..=299, _) if granted => verdict(Success, None),
        (200..=299, _) => verdict(Unknown, Some(Reason::BodyUnparseable)),
        (401, _) if is_of_client(event) => {
            Verdict { event: ProtocolEvent::ClientAuthFailed, ..verdict(Failure, Some(Reason::HttpStatus)) }
        }
        (400.., _) => verdict(Failure, Some(Reason::HttpStatus)),
        _ => verdict(Unknown, Some(Reason::HttpStatus)),
    }
}

/// An `error` decides at any status.
fn refused(event: ProtocolEvent, status: u16, error: OAuthError<'_>) -> Verdict<'_> {
    let (event, outcome, reason) = match () {
        () if error.is("use_dpop_nonce") => (event, Outcome::Pending, Reason::RetryNonce),
        () if error.is_any(&["insufficient_authorization", "redirect_to_web", "insufficient_user_authentication"]) => {
            (event, Outcome::Pending, Reason::Interaction)
        }
        () if error.is("issuance_pending") => (event, Outcome::Pending, Reason::Poll),
        () if is_of_client(event) && (status == 401 || error.is("invalid_client")) => {
            (ProtocolEvent::ClientAuthFailed, Outcome::Failure, Reason::OauthError)
        }
        () => (event, Outcome::Failure, Reason::OauthError),
    };
    Verdict { event, outcome, reason: Some(reason), error: Some(error) }
}

/// Whether `401` means the client: where it shows its own credentials and nobody else's.
fn is_of_client(event: ProtocolEvent) -> bool {
    use ProtocolEvent::{CibaRequest, DeviceAuthorization, ParRequest, TokenIntrospected, TokenRevoked};
    matches!(event, CibaRequest | DeviceAuthorization | ParRequest | TokenIntrospected | TokenRevoked)
}

/// The observation of a request in which the client authenticates itself.
pub(super) fn observation<'a>(
    scene: &Scene<'a>,
    recognition: Recognition,
    (verdict, completeness): (Verdict<'a>, Completeness),
    (message, mut links): (Message<'a>, Links<'a>),
) -> Observation<'a> {
    let (mut client, not_encoded) = identify(&scene.decoded.request.headers, &scene.parameters);
    client.authenticated = match verdict.event {
        ProtocolEvent::ClientAuthFailed => Some(false),
        _ if verdict.is_success() && proves(&client) => Some(true),
        _ => None,
    };
    link_assertion(scene, &client, &mut links);
    let mut observation = scene.observation(verdict.event, recognition, message);
    observation.client = client;
    observation.integrity.basic_not_encoded = not_encoded;
    conclude(&mut observation, (verdict, completeness), links);
    observation
}

/// Puts in how it ended, and what links it.
pub(super) fn conclude<'a>(
    observation: &mut Observation<'a>,
    (verdict, completeness): (Verdict<'a>, Completeness),
    links: Links<'a>,
) {
    observation.outcome = verdict.outcome;
    observation.reason = verdict.reason;
    observation.error = verdict.error;
    observation.integrity.response_body = completeness;
    put_links(observation, links);
}

/// Whether the client tried to authenticate.
pub(super) fn proves(client: &Client<'_>) -> bool {
    client.auth_method.is_some_and(|method| method != ClientAuthMethod::None)
}

/// `jti` of a client assertion (RFC 7523 §3), in the scope of the client: shown twice, it was replayed.
pub(super) fn link_assertion<'a>(scene: &Scene<'a>, client: &Client<'a>, links: &mut Links<'a>) {
    let assertion = scene.parameters.octets("client_assertion").present().and_then(|assertion| jwt::read(&assertion));
    if let (Some(claims), Seen::Present(id)) = (assertion.and_then(|jwt| jwt.claims), &client.id) {
        let jti = claims.text("jti", VALUE).map(octets);
        links.add_scoped(LinkRole::Cajti, "request.client_assertion.jti", id.clone(), jti);
    }
}

/// The access token in the `Authorization` field (RFC 6750 §2.1, RFC 9449 §7.1); two of them are none.
pub(super) fn bearer<'a>(scene: &Scene<'a>) -> Seen<Cow<'a, [u8]>> {
    let token = |value: &'a [u8]| credentials(value, b"bearer").or_else(|| credentials(value, b"dpop"));
    let mut tokens = scene.decoded.request.headers.all("authorization").filter_map(token);
    match (tokens.next(), tokens.next()) {
        (None, _) => Seen::Absent,
        (Some(token), None) => Seen::Present(Cow::Borrowed(token)),
        (Some(_), Some(_)) => Seen::Malformed(Malformation::Duplicate),
    }
}

/// Bytes of a token (PROTOCOL §2.9, JWT values).
pub(super) const TOKEN: usize = 64 * 1024;

/// Bytes of another member.
pub(super) const VALUE: usize = 8 * 1024;

/// Names of members (PROTOCOL §2.9).
pub(super) const NAMES: usize = 64;

/// Parameters by which clients authenticate: known everywhere, recorded nowhere.
pub(super) const CREDENTIALS: [&str; 4] = ["client_assertion", "client_assertion_type", "client_id", "client_secret"];
