//! The use of access tokens at a resource server (RFC 6750; RFC 9449 §7): who came with which token, and what the server
//! thought of it.

use std::borrow::Cow;

use super::client_authentication::credentials;
use super::dpop;
use super::event::ProtocolEvent;
use super::links::Links;
use super::observation::{
    Bearer, BearerChallenge, BearerScheme, BearerTransport, Client, ClientIdSource, Comparison, Confidence, DpopProof,
    LinkRole, Message, OAuthError, Observation, Outcome, Reason, Trust,
};
use super::parameters::Parameters;
use super::party::Party;
use super::scene::{Answer, Scene, put_links};
use super::token_claims::{Claims, OF_ACCESS_TOKEN, read_presented};
use crate::http::{Challenge, MediaType, RequestHead, ResponseHead, normalise_path, read_challenges};
use crate::seen::{Malformation, Seen};

/// Whether a request to a resource server is to be looked at: it shows a token, or its want of one is an event.
pub(super) fn is_use(server: &Party, head: &RequestHead) -> bool {
    let method = head.method().unwrap_or_default();
    let spoken = !matches!(method, b"HEAD" | b"OPTIONS" | b"CONNECT" | b"TRACE");
    if !spoken || head.headers.media_type() == Some(MediaType::Grpc) {
        return false;
    }
    let shown = head.headers.all("authorization").any(|value| presented(value).is_some()) || has_parameter(head);
    (shown || server.missing_tokens) && !server.is_anonymous(&normalise_path(head.path().unwrap_or_default()))
}

/// The query parameter of RFC 6750 §2.3.
fn has_parameter(head: &RequestHead) -> bool {
    let mut pairs = head.query().into_iter().flat_map(|query| query.split(|byte| *byte == b'&'));
    pairs.any(|pair| pair.starts_with(b"access_token="))
}

fn presented(value: &[u8]) -> Option<(BearerScheme, &[u8])> {
    let bearer = credentials(value, b"bearer").map(|token| (BearerScheme::Bearer, token));
    bearer.or_else(|| credentials(value, b"dpop").map(|token| (BearerScheme::Dpop, token)))
}

/// Reads the use of a token. `None` for a request without one that nobody wants to know of.
pub(super) fn observe<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    let shown = Shown::of(scene);
    let response = scene.decoded.response;
    let challenge = response.and_then(read_challenge);
    if shown.transport.is_none() {
        return observe_missing(scene, challenge);
    }
    let error = refusal(scene, challenge.is_some());
    let (event, outcome, reason) = judge(scene, error.as_ref(), challenge.is_some());
    let refused = event == ProtocolEvent::BearerRejected;
    let mut links = Links::default();
    let (access_token, claims) = shown.token.as_ref().present().map(|token| read_presented(token, refused)).unzip();
    let claims = claims.flatten();
    let issuer = claims.as_ref().and_then(|claims| claims.issuer());
    let (dpop, certificate) = possession(scene, &shown.token, claims.as_ref());
    let message = Bearer {
        transport: shown.transport,
        several: shown.several,
        scheme: shown.scheme,
        dpop,
        certificate,
        access_token,
        challenge: challenge.filter(|_| refused),
    };
    let recognition = scene.recognition("H-27", shown.confidence());
    let mut observation = scene.observation(event, recognition, Message::Bearer(Box::new(message)));
    scene.claim_named(&mut observation, issuer.as_deref());
    if let Some(claims) = &claims {
        claims.link(&mut links, &OF_ACCESS_TOKEN, observation.issuer.as_ref());
        dpop::link_certificates(scene, Some(claims), &mut links);
        observation.subject = claims.subject(Trust::Unverified);
        observation.client = client(claims.client());
    }
    links.add(LinkRole::At, "request.access_token", shown.token);
    observation.outcome = outcome;
    observation.reason = reason;
    observation.error = error.filter(|_| refused);
    put_links(&mut observation, links);
    Some(observation)
}

/// The proof and the certificate that came with a token, beside what it is bound to.
fn possession<'a>(
    scene: &Scene<'a>,
    token: &Seen<Cow<'_, [u8]>>,
    claims: Option<&Claims>,
) -> (Option<DpopProof<'a>>, Option<Comparison>) {
    let bound = |member| claims.and_then(|claims| claims.confirmation(member).present());
    let token = token.as_ref().present().map(AsRef::as_ref);
    let is_own = |authority: &[u8]| scene.party.is_some_and(|party| party.owns(authority));
    let proof = dpop::read(scene.decoded.request, token, bound("jkt").as_deref(), &is_own);
    let certificate = bound("x5t#S256").map(|named| match dpop::certificate(&scene.decoded.request.headers) {
        None => Comparison::Missing,
        Some(shown) if shown == *named => Comparison::Right,
        Some(_) => Comparison::Wrong,
    });
    (proof.map(|proof| proof.facts), certificate)
}

/// What a token says of its client.
fn client(id: Seen<Cow<'_, str>>) -> Client<'_> {
    let id_source = matches!(id, Seen::Present(_)).then_some(ClientIdSource::Token);
    Client { id, id_source, ..Client::default() }
}

/// A request that was refused because it had no token.
fn observe_missing<'a>(scene: &Scene<'a>, challenge: Option<BearerChallenge<'static>>) -> Option<Observation<'a>> {
    let wanted = scene.party.is_some_and(|party| party.missing_tokens);
    let (Answer::Server(401) | Answer::Local(401)) = scene.answer() else { return None };
    let challenge = challenge.filter(|_| wanted)?;
    let message = Bearer { challenge: Some(challenge), ..Bearer::default() };
    let recognition = scene.recognition("H-27", Confidence::High);
    let mut observation =
        scene.observation(ProtocolEvent::BearerMissing, recognition, Message::Bearer(Box::new(message)));
    scene.claim_named(&mut observation, None);
    observation.outcome = Outcome::Failure;
    let local = matches!(scene.answer(), Answer::Local(_));
    observation.reason = Some(if local { Reason::LocalReply } else { Reason::HttpStatus });
    Some(observation)
}

/// PROTOCOL §1.6. What the server says beside 400, 401 and 403 is about the resource, not about the token.
fn judge(
    scene: &Scene<'_>,
    error: Option<&OAuthError<'_>>,
    challenged: bool,
) -> (ProtocolEvent, Outcome, Option<Reason>) {
    use Outcome::{Failure, Pending, Success, Unknown};
    use ProtocolEvent::{BearerRejected, BearerUsed};
    let why = if error.is_some() { Reason::OauthError } else { Reason::HttpStatus };
    match scene.answer() {
        Answer::Nobody => (BearerUsed, Unknown, Some(Reason::NoResponse)),
        Answer::Local(400..=499) => (BearerRejected, Failure, Some(Reason::LocalReply)),
        Answer::Local(_) => (BearerUsed, Unknown, Some(Reason::LocalReply)),
        Answer::Server(401) if error.is_some_and(|error| error.is("use_dpop_nonce")) => {
            (BearerRejected, Pending, Some(Reason::RetryNonce))
        }
        Answer::Server(401) if error.is_some_and(|error| error.is("insufficient_user_authentication")) => {
            (BearerRejected, Pending, Some(Reason::Interaction))
        }
        Answer::Server(401 | 403) => (BearerRejected, Failure, Some(why)),
        Answer::Server(400) if challenged => (BearerRejected, Failure, Some(why)),
        Answer::Server(500..) => (BearerUsed, Unknown, Some(Reason::HttpStatus)),
        Answer::Server(_) => (BearerUsed, Success, None),
    }
}

/// RFC 6750 §3: the error is in the challenge.
fn refusal(scene: &Scene<'_>, challenged: bool) -> Option<OAuthError<'static>> {
    let (Answer::Server(400..=499) | Answer::Local(400..=499)) = scene.answer() else { return None };
    scene.decoded.response.filter(|_| challenged).and_then(OAuthError::of_challenges)
}

/// The challenges that ask for a token: what the first of them says, and of all which schemes they are.
fn read_challenge(head: &ResponseHead) -> Option<BearerChallenge<'static>> {
    let scheme = |challenge: &Challenge<'_>| {
        let schemes = [("bearer", BearerScheme::Bearer), ("dpop", BearerScheme::Dpop)];
        schemes.into_iter().find_map(|(name, scheme)| challenge.is(name).then_some(scheme))
    };
    let all: Vec<Challenge<'_>> = head.headers.all("www-authenticate").flat_map(read_challenges).collect();
    let mut ours = all.iter().filter(|challenge| scheme(challenge).is_some());
    let telling = all.iter().find(|challenge| scheme(challenge).is_some() && challenge.parameter("error").is_some());
    let first = telling.or_else(|| ours.next())?;
    let mut schemes: Vec<BearerScheme> = Vec::new();
    for scheme in all.iter().filter_map(scheme) {
        if !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    let text = |name: &str| match first.parameter(name) {
        None => Seen::Absent,
        Some("") => Seen::Malformed(Malformation::Empty),
        Some(text) if text.len() > PARAMETER => Seen::Malformed(Malformation::TooLong),
        Some(text) => Seen::Present(Cow::Owned(text.to_owned())),
    };
    let words = |name: &str| text(name).map(|text| words(&text));
    let max_age =
        text("max_age").and_then(|text| text.parse().map_or(Seen::Malformed(Malformation::Type), Seen::Present));
    Some(BearerChallenge {
        schemes,
        scope: words("scope"),
        acr_values: words("acr_values"),
        max_age,
        resource_metadata: text("resource_metadata"),
    })
}

fn words(text: &str) -> Vec<Cow<'static, str>> {
    let words = text.split(' ').filter(|word| !word.is_empty()).take(WORDS);
    words.map(|word| Cow::Owned(word.to_owned())).collect()
}

/// How a token was sent.
struct Shown<'a> {
    transport: Option<BearerTransport>,
    scheme: Option<BearerScheme>,
    token: Seen<Cow<'a, [u8]>>,
    several: bool,
}

impl<'a> Shown<'a> {
    /// RFC 6750 §2: one way only. The same token in two ways is still one; two tokens are none that could be named.
    fn of(scene: &Scene<'a>) -> Self {
        let fields: Vec<(BearerScheme, &'a [u8])> =
            scene.decoded.request.headers.all("authorization").filter_map(presented).collect();
        let parameter = Self::parameter(&scene.parameters);
        let first = fields.first().copied();
        let several = fields.len() > 1 || (first.is_some() && !parameter.is_absent());
        let transport = match (first, &parameter) {
            (Some(_), _) => Some(BearerTransport::Header),
            (None, Seen::Absent) => None,
            (None, _) if scene.parameters.in_query() => Some(BearerTransport::Query),
            (None, _) => Some(BearerTransport::Body),
        };
        let token = match (first, &parameter) {
            (None, _) => parameter,
            (Some((_, token)), Seen::Absent) if fields.iter().all(|(_, other)| *other == token) => {
                Seen::Present(Cow::Borrowed(token))
            }
            (Some((_, token)), Seen::Present(other)) if **other == *token && fields.len() == 1 => {
                Seen::Present(Cow::Borrowed(token))
            }
            (Some(_), _) => Seen::Malformed(Malformation::Duplicate),
        };
        Self { transport, scheme: first.map(|(scheme, _)| scheme), token, several }
    }

    fn parameter(parameters: &Parameters<'a>) -> Seen<Cow<'a, [u8]>> {
        match parameters.octets("access_token") {
            Seen::Malformed(Malformation::Empty) => Seen::Absent,
            other => other,
        }
    }

    /// PROTOCOL §1.4, H-27.
    fn confidence(&self) -> Confidence {
        if self.transport == Some(BearerTransport::Header) { Confidence::Certain } else { Confidence::Medium }
    }
}

/// Bytes of one parameter of a challenge.
const PARAMETER: usize = 2048;

/// Words of `scope` (PROTOCOL §2.9).
const WORDS: usize = 64;
