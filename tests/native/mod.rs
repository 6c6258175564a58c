//! Plays a fixture through the core, without a host.

use oidc_audit::body::Body;
use oidc_audit::config::{self, Config, HostFacts};
use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::http::{Headers, RequestHead, ResponseHead};
use oidc_audit::oauth::{self, End as StreamEnd, ResponseSource, Transcript};
use oidc_audit::record::{self, BatchLimits, Direction, Drafting, Facts, Observer, Sealer, StreamId};
use oidc_audit::time::Timestamp;

use crate::support::fixture::{End, Exchange, Fixture, Message};

/// How bodies are cut into chunks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Chunking {
    /// Of so many bytes.
    Bytes(usize),
    Whole,
}

impl Chunking {
    /// Far beyond every limit the pieces become big, for the sake of time.
    fn cut(self, body: &[u8]) -> Vec<&[u8]> {
        let (fine, rest) = body.split_at(body.len().min(FINE));
        match self {
            Self::Whole => vec![body],
            Self::Bytes(size) => fine.chunks(size).chain(rest.chunks(FINE)).collect(),
        }
    }
}

/// Above every limit on bodies.
const FINE: usize = 300 * 1024;

/// Predictable bytes.
#[derive(Debug)]
pub(crate) struct Counter(pub(crate) u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            chunk.copy_from_slice(&self.0.to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The lines that a sink would get.
pub(crate) fn lines(fixture: &Fixture, chunking: Chunking) -> Vec<String> {
    let host = HostFacts { node: Some("corpus".to_owned()) };
    let text = fixture.configuration().to_string();
    let mut config = config::parse(text.as_bytes(), &|_| None, &host)
        .unwrap_or_else(|rejected| panic!("{}: {:?}", fixture.name, rejected.problems));
    let mut entropy = Counter(1);
    let mut sealer = Sealer::new(StreamId::draw(&mut entropy).unwrap());
    let mut lines = Vec::new();
    for (index, exchange) in fixture.exchanges.iter().enumerate() {
        let now = 1_768_469_400_000 + 10_000 * index as u64;
        lines.extend(play(&mut config, exchange, chunking, now, &mut sealer, &mut entropy));
    }
    lines
}

fn play(config: &mut Config, exchange: &Exchange, chunking: Chunking, now: u64, sealer: &mut Sealer, entropy: &mut Counter) -> Vec<String> {
    let request = RequestHead { headers: Headers::new(exchange.request.request_pairs(exchange.end)) };
    let Some(interest) = config.policy.triage(request.authority().unwrap(), request.path().unwrap()) else { return Vec::new() };
    let plan = config.policy.bodies(&interest, &request);
    let mut request_body = Body::default();
    if let Some(limit) = plan.request {
        for chunk in chunking.cut(&exchange.request.body) { request_body.push(chunk, limit); }
        request_body.end = !exchange.end.cuts_request();
    }
    let local = local_reply();
    let (message, source) = match (&exchange.response, exchange.end) {
        (_, End::ClientGoneMidRequest | End::ClientGoneBeforeResponse) => (None, ResponseSource::None),
        (None, _) => (Some(&local), ResponseSource::Local),
        (Some(response), _) => (Some(response), ResponseSource::Upstream),
    };
    let end = if source == ResponseSource::Local { End::Complete } else { exchange.end };
    let response = message.map(|message| ResponseHead { headers: Headers::new(message.response_pairs(end)) });
    let mut response_body = Body::default();
    if let (Some(head), Some(message)) = (&response, message)
        && let Some(limit) = config.policy.response_bodies(&interest, &request, head)
    {
        for chunk in chunking.cut(&message.body) { response_body.push(chunk, limit); }
        response_body.end = !end.cuts_response();
    }
    let direction = Direction::Unspecified;
    let transcript = Transcript {
        interest,
        vantage: config.vantage.of(direction),
        request: &request,
        request_body: &request_body,
        response: response.as_ref(),
        response_body: &response_body,
        end: StreamEnd { source, complete: message.is_some() && !end.cuts_response(), request_complete: !exchange.end.cuts_request() },
    };
    let observer = Observer { node: Some("corpus".to_owned()), ..Observer::default() };
    let mut id = [0; 16];
    entropy.fill(&mut id).unwrap();
    let facts = Facts {
        exchange_id: id,
        started: Timestamp::from_micros(now * 1000),
        ended: Timestamp::from_micros((now + 41) * 1000),
        source_address: Some("127.0.0.1:50000".to_owned()),
        mtls: Some(false),
        direction,
        response_source: Some(match source { ResponseSource::Local => "local", ResponseSource::None => "none", ResponseSource::Upstream => "upstream" }),
        ..Facts::default()
    };
    let mut out = Vec::new();
    let learned;
    {
        let decoded = oauth::decode(&config.policy, &transcript);
        let observations = oauth::observe(&config.policy, &decoded);
        let drafting = Drafting { keys: config.keys.as_ref().unwrap(), privacy: &config.privacy, observer: &observer };
        let mut batch = sealer.open(BatchLimits::default());
        for observation in &observations {
            let draft = record::draft(&drafting, &facts, &request, response.as_ref(), transcript.vantage.as_str(), observation);
            batch.add(draft, entropy).unwrap();
        }
        if let Some(batch) = batch.close() { out.extend(batch.lines().map(str::to_owned)); }
        learned = oauth::passing_metadata(&config.policy, &decoded).map(|(issuer, document)| (issuer, document.to_vec()));
    }
    if let Some((issuer, document)) = learned { let _ = config.policy.learn(issuer, &document); }
    out
}

/// What Envoy answers when the server closes the connection.
fn local_reply() -> Message {
    let body = b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";
    Message {
        start: (b"503".to_vec(), b"Service Unavailable".to_vec()),
        fields: vec![("content-type".to_owned(), b"text/plain".to_vec())],
        body: body.to_vec(),
    }
}
