//! Plays a fixture through the core, without a host.

use oidc_audit::config::{self, HostFacts};
use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::http::{Headers, RequestHead, ResponseHead};
use oidc_audit::oauth::Policy;
use oidc_audit::pipeline::{
    self, Budget, OutboxSettings, Recorder, RecorderSettings, Reply, SinkSettings, Statement, StreamEnd,
};
use oidc_audit::record::Observer;
use oidc_audit::record::audit::StopReason;
use oidc_audit::time::Timestamp;
use serde_json::Value;

use crate::support::fixture::{End, Exchange, Fixture, Message, NODE, SOURCE, local_reply};

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
    lines_with(fixture, &fixture.configuration(), chunking, 1)
}

/// The same with another configuration, and ids of another seed.
pub(crate) fn lines_with(fixture: &Fixture, configuration: &Value, chunking: Chunking, seed: u64) -> Vec<String> {
    let mut player = Player::new(fixture, configuration, seed);
    for (exchange, second) in fixture.exchanges.iter().zip(0..) {
        player.play(exchange, chunking, Timestamp::from_secs(STARTED + 10 * second));
    }
    player.flush()
}

/// A root context without a host.
struct Player {
    policy: Policy,
    recorder: Recorder,
    budget: Budget,
    entropy: Counter,
}

impl Player {
    fn new(fixture: &Fixture, configuration: &Value, seed: u64) -> Self {
        let host = HostFacts { node: Some(NODE.to_owned()) };
        let config = config::parse(configuration.to_string().as_bytes(), &|_| None, &host)
            .unwrap_or_else(|rejected| panic!("{}: {:?}", fixture.name, rejected.problems));
        let settings = RecorderSettings {
            keys: config.keys.expect("every fixture has the test keys"),
            privacy: config.privacy,
            observer: Observer { node: Some(NODE.to_owned()), ..Observer::default() },
            vantage: config.vantage,
            statement: Statement {
                version: "test".to_owned(),
                signing_key: config.statement.signing_key,
                ..Statement::default()
            },
            rules: config.rules,
            fetches: Vec::new(),
            outbox: OutboxSettings {
                evidence: config.outbox.evidence,
                ..OutboxSettings::new(SinkSettings::new("audit_log"))
            },
        };
        let recorder = Recorder::new(settings, &config.policy);
        Self { policy: config.policy, recorder, budget: Budget::new(8 << 20), entropy: Counter(seed) }
    }

    fn play(&mut self, played: &Exchange, chunking: Chunking, now: Timestamp) {
        let head = RequestHead { headers: Headers::new(played.request.request_pairs(played.end)) };
        let (authority, path) = (head.authority().unwrap().to_vec(), head.path().unwrap().to_vec());
        let Some(mut exchange) = pipeline::Exchange::open(&self.policy, &authority, &path, now, || head) else {
            return;
        };
        for chunk in chunking.cut(&played.request.body) {
            exchange.request_body(chunk, false, &self.budget);
        }
        if !played.end.cuts_request() {
            exchange.request_body(b"", true, &self.budget);
        }
        let outcome = Outcome::of(played);
        if let Some((response, end)) = &outcome.response {
            exchange.response_head(&self.policy, ResponseHead { headers: Headers::new(response.response_pairs(*end)) });
            for chunk in chunking.cut(&response.body) {
                exchange.response_body(chunk, false, &self.budget);
            }
            if !end.cuts_response() {
                exchange.response_body(b"", true, &self.budget);
            }
        }
        let end = StreamEnd {
            now: now.plus_millis(41),
            response_details: Some(outcome.details.as_bytes().to_vec()),
            response_flags: outcome.flag.map_or(0, |bit: u32| 1 << bit),
            source_address: Some(SOURCE.to_owned()),
            mtls: Some(false),
            ..StreamEnd::default()
        };
        self.recorder.record(&mut self.policy, exchange.complete(end), &mut self.entropy);
    }

    fn flush(mut self) -> Vec<String> {
        let now = Timestamp::from_secs(STARTED + 1_000);
        self.recorder.stop(StopReason::Shutdown);
        let mut lines = Vec::new();
        while let Some(delivery) = self.recorder.outbox().next(now, &mut self.entropy) {
            lines.extend(str::from_utf8(&delivery.body).unwrap().lines().map(str::to_owned));
            let reply = Reply::Response { status: 200, retry_after: None, body_prefix: Vec::new() };
            self.recorder.outbox().settle(delivery.id, &reply, now, &mut self.entropy);
        }
        lines
    }
}

/// What Envoy says of an exchange.
struct Outcome {
    response: Option<(Message, End)>,
    details: &'static str,
    flag: Option<u32>,
}

impl Outcome {
    fn of(exchange: &Exchange) -> Self {
        let answered = exchange.response.clone().map(|response| (response, exchange.end));
        let (response, details, flag) = match (exchange.end, answered) {
            (End::ClientGoneBeforeResponse | End::ClientGoneMidRequest, _) => {
                (None, "downstream_remote_disconnect", Some(14))
            }
            (End::ClientGoneMidResponse, answered) => (answered, "downstream_remote_disconnect", Some(14)),
            (End::UpstreamReset, None) => {
                let details = "upstream_reset_before_response_started{connection_termination}";
                (Some((local_reply(), End::Complete)), details, Some(6))
            }
            (End::UpstreamReset, answered) => {
                (answered, "upstream_reset_after_response_started{connection_termination}", Some(23))
            }
            (End::Complete | End::EarlyResponse, answered) => (answered, "via_upstream", None),
        };
        Self { response, details, flag }
    }
}

const STARTED: u64 = 1_768_469_400;
