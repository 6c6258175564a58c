//! Drafts, entropy and settings of the tests.

use std::borrow::Cow;

use crate::body::Completeness;
use crate::entropy::{Entropy, NoEntropy};
use crate::http::{Headers, RequestHead, ResponseHead};
use crate::oauth::{
    Circumstances, Client, Confidence, EndpointKind, Endpoints, Integrity, IssuerSettings, Limits, Message, OAuthError,
    Observation, Outcome, Policy, ProtocolEvent, Recognition, Side, Tier, TokenExchange, Vantage,
};
use crate::pipeline::{OutboxSettings, SinkSettings};
use crate::record::{Draft, Drafting, Facts, KeyId, KeyRing, Keys, NamedKey, Observer, Privacy, draft};
use crate::secret::Secret;
use crate::seen::Seen;
use crate::time::Timestamp;

/// Has run dry.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}

/// `SplitMix64`: any seed, always the same bytes.
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) fn keys() -> Keys {
    let mut secret = [0; 32];
    for (byte, value) in secret.iter_mut().zip(0..) {
        *byte = value;
    }
    let ring = KeyRing::of(NamedKey::new(KeyId::parse("k1").unwrap(), Secret::new(secret)));
    Keys::from_secrets(&ring, &ring)
}

pub(crate) const TOKEN_PATH: &str = "/token";

/// One issuer with two configured endpoints.
pub(crate) fn policy() -> Policy {
    let endpoints = [(EndpointKind::Token, TOKEN_PATH), (EndpointKind::Authorization, "/auth")];
    let issuer = IssuerSettings {
        issuer: "https://idp.example.test".to_owned(),
        endpoints: Endpoints(endpoints.map(|(kind, path)| (kind, path.to_owned())).to_vec()),
        ..IssuerSettings::default()
    };
    Policy::new(vec![issuer], Limits::default()).unwrap()
}

pub(crate) fn head(pairs: &[(&[u8], &[u8])]) -> Headers {
    Headers::new(pairs.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect())
}

pub(crate) fn request(method: &str, path: &str) -> RequestHead {
    let pairs: [(&[u8], &[u8]); 4] = [
        (b":method", method.as_bytes()),
        (b":path", path.as_bytes()),
        (b":authority", b"idp.example.test"),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ];
    RequestHead { headers: head(&pairs) }
}

pub(crate) fn response(status: u16) -> ResponseHead {
    let status = status.to_string();
    ResponseHead { headers: head(&[(b":status", status.as_bytes()), (b"content-type", b"application/json")]) }
}

/// A token request that was refused; `source` is `address:port`.
pub(crate) fn failure(error: &str, source: &str) -> Draft {
    event(ProtocolEvent::TokenDenied, Outcome::Failure, Some(error), source, 0)
}

/// A page was asked for.
pub(crate) fn normal() -> Draft {
    padded_normal(0)
}

/// The same with a record of about `bytes` more.
pub(crate) fn padded_normal(bytes: usize) -> Draft {
    event(ProtocolEvent::AuthorizationRequest, Outcome::Pending, None, "192.0.2.1:1", bytes)
}

/// Tokens left.
pub(crate) fn issuance() -> Draft {
    padded_issuance(0)
}

/// The same with a record of about `bytes` more.
pub(crate) fn padded_issuance(bytes: usize) -> Draft {
    event(ProtocolEvent::TokenIssued, Outcome::Success, None, "192.0.2.1:1", bytes)
}

pub(crate) fn settings(queue_bytes: usize) -> OutboxSettings {
    OutboxSettings { queue_bytes, ..OutboxSettings::new(SinkSettings::new("audit_log")) }
}

fn event(event: ProtocolEvent, outcome: Outcome, error: Option<&str>, source: &str, padding: usize) -> Draft {
    let error = error.map(|code| OAuthError {
        code: Seen::Present(Cow::Borrowed(code)),
        description: Seen::Absent,
        uri: Seen::Absent,
    });
    let mut token = TokenExchange::default();
    token.request.resource = vec![Cow::Owned("r".repeat(200)); padding / 200];
    let observation = Observation {
        event,
        outcome,
        reason: None,
        error,
        recognition: Recognition { tier: Tier::Configured, rule: "token_endpoint", confidence: Confidence::Certain },
        issuer: None,
        endpoint_kind: None,
        provider: None,
        tenant: None,
        path_template: Cow::Borrowed("/token"),
        client: Client::default(),
        subject: None,
        message: Message::Token(Box::new(token)),
        links: Vec::new(),
        malformed: Vec::new(),
        ambiguous: Vec::new(),
        hidden: Vec::new(),
        integrity: Integrity { request_body: Completeness::Complete, ..Integrity::default() },
        side: Side::AuthorizationServer,
        broker: false,
        upstream: None,
        circumstances: Circumstances::default(),
    };
    let facts = Facts { source_address: Some(source.to_owned()), started: Timestamp::from_secs(1), ..Facts::default() };
    let request = RequestHead { headers: Headers::new(vec![(b":method".to_vec(), b"POST".to_vec())]) };
    let (keys, privacy, observer) = (keys(), Privacy::default(), Observer::default());
    let context = Drafting { keys: &keys, privacy: &privacy, observer: &observer };
    draft(&context, &facts, &request, None, Vantage::IdpIn, &observation, &[])
}
