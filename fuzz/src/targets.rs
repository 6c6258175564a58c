//! The parsers, each with what it must hold to beside not panicking.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc_audit::body::{self, DecodeLimits};
use oidc_audit::config::{self, Config, HostFacts};
use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::http::{
    Authority, Headers, MediaType, RequestHead, ResponseHead, UrlParts, normalise_path, read_challenges, split_path,
};
use oidc_audit::oauth::{
    Limits, Parameters, client_authentication, form, html_form, json, jwt, multipart, scripted_response,
};
use oidc_audit::pipeline::{
    Budget, Exchange, OutboxSettings, Recorder, RecorderSettings, Reply, SinkSettings, Statement, StreamEnd,
};
use oidc_audit::record::Observer;
use oidc_audit::record::evidence::{CheckpointLine, TYP};
use oidc_audit::time::Timestamp;
use serde_json::Value;

use crate::line;

/// A parser, and what it is fed.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) run: fn(&[u8]),
}

/// Which seeds suit it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Message bodies: forms, JSON, JWTs, pages; and records.
    Body,
    /// Plugin configurations.
    Configuration,
    /// Whole messages as text.
    Exchange,
    /// Bodies in a content coding.
    Packed,
    /// Field values, targets, tokens and parts of them.
    Value,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "authority", kind: Kind::Value, run: authority },
    Target { name: "basic", kind: Kind::Value, run: basic },
    Target { name: "challenges", kind: Kind::Value, run: challenges },
    Target { name: "checkpoint", kind: Kind::Body, run: checkpoint },
    Target { name: "coding", kind: Kind::Packed, run: coding },
    Target { name: "collect_lines", kind: Kind::Body, run: collect_lines },
    Target { name: "config", kind: Kind::Configuration, run: config },
    Target { name: "exchange", kind: Kind::Exchange, run: exchange },
    Target { name: "form", kind: Kind::Body, run: form },
    Target { name: "html_form", kind: Kind::Body, run: html_form },
    Target { name: "json", kind: Kind::Body, run: json },
    Target { name: "jwt", kind: Kind::Value, run: jwt },
    Target { name: "location", kind: Kind::Value, run: location },
    Target { name: "media_type", kind: Kind::Value, run: media_type },
    Target { name: "metadata", kind: Kind::Body, run: metadata },
    Target { name: "multipart", kind: Kind::Body, run: multipart },
    Target { name: "parameters", kind: Kind::Body, run: parameters },
    Target { name: "path", kind: Kind::Value, run: path },
    Target { name: "scripted_response", kind: Kind::Body, run: scripted_response },
    Target { name: "time", kind: Kind::Value, run: time },
    Target { name: "triage", kind: Kind::Value, run: triage },
];

fn authority(input: &[u8]) {
    let known = Authority::parse("idp.example.test").expect("an authority");
    black_box(known.matches(input));
    if let Some(authority) = str::from_utf8(input).ok().and_then(Authority::parse) {
        assert!(authority.matches(authority.as_str().as_bytes()), "an authority matches itself");
    }
}

fn basic(input: &[u8]) {
    black_box(client_authentication::read_basic(input));
}

fn challenges(input: &[u8]) {
    for challenge in read_challenges(input) {
        black_box((challenge.is("Bearer"), challenge.parameter("error")));
    }
}

fn coding(input: &[u8]) {
    let limits = DecodeLimits::default();
    for coding in [b"gzip".as_slice(), b"deflate", b"br", b"zstd"] {
        if let Ok(plain) = body::decode([coding], input, &limits) {
            assert!(plain.len() <= limits.output, "unpacked beyond the limit");
        }
    }
    black_box(body::decode([b"gzip".as_slice(), b"deflate"], input, &limits).ok());
}

/// A line that is taken is written as it was read. What is no line is tried as the claims of one.
fn checkpoint(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(line) = CheckpointLine::parse(text) {
        assert_eq!(line.text(), text);
    }
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = format!(r#"{{"alg":"none","typ":"{TYP}"}}"#);
    let jws = format!("{}.{}.", part(&header), part(text));
    if let Ok(line) = CheckpointLine::read(&serde_json::json!({ "jws": jws })) {
        black_box(line);
    }
}

fn collect_lines(input: &[u8]) {
    black_box(line::Batch::read(&input.to_vec().into()).ok());
}

fn config(input: &[u8]) {
    match config::parse(input, &|_| None, &HostFacts::default()) {
        Ok(config) => drop(black_box(config)),
        Err(rejected) => assert!(!rejected.problems.is_empty(), "refused without a reason"),
    }
}

/// A message as a fixture writes it, in an exchange with messages that make much of it be read.
fn exchange(input: &[u8]) {
    let this = message(input);
    let response = this.first.starts_with(b"HTTP/1.1 ");
    for (request, answer) in COMPANIONS {
        let mut player = Player::new();
        if response {
            player.play(&message(request.as_bytes()), &this);
        } else {
            player.play(&this, &message(answer.as_bytes()));
        }
        player.check();
    }
}

fn form(input: &[u8]) {
    for pair in form::read(input) {
        black_box((pair.name, pair.value));
    }
    black_box((form::decode(input), form::is_well_escaped(input)));
}

fn html_form(input: &[u8]) {
    black_box((html_form::read(input), html_form::is_decided(input)));
}

fn json(input: &[u8]) {
    if let Some(object) = json::read_object(input) {
        for name in ["access_token", "iss", "aud", "exp", "", "a"] {
            black_box((object.text(name, 64), object.texts(name, 64), object.whole(name), object.date(name)));
        }
        assert!(object.names(64).len() <= 64, "more names than asked for");
    }
    black_box(json::read(input));
}

fn jwt(input: &[u8]) {
    black_box((jwt::read(input), jwt::format(input), jwt::base64_octets(input)));
}

fn location(input: &[u8]) {
    let parts = UrlParts::read(input);
    black_box((parts.is_absolute(), parts.host(), parts.same_place(&UrlParts::read(b"https://app.example.test/cb"))));
}

fn media_type(input: &[u8]) {
    black_box(MediaType::read(input));
}

fn metadata(input: &[u8]) {
    let mut config = configuration();
    black_box(config.policy.learn(0, input).ok());
    black_box(config.policy.learn_keys(0, input).ok());
}

fn parameters(input: &[u8]) {
    let parameters = Parameters::read(input, &Limits::default());
    for name in ["code", "state", "scope", "client_id", "claims", ""] {
        black_box((parameters.octets(name), parameters.words(name), parameters.whole(name), parameters.json(name)));
        black_box(parameters.repeated(name));
    }
    assert!(parameters.unknown(&[]).len() <= 200, "more parameters than the limit");
}

fn multipart(input: &[u8]) {
    let boundary = multipart::boundary(input).unwrap_or(b"XX");
    for part in multipart::read(input, boundary) {
        black_box((part.name, part.value));
    }
}

fn scripted_response(input: &[u8]) {
    black_box(scripted_response::read(input, &|object| scripted_response::has_text(object, "code")));
    if let Some(object) = json::read_object(input) {
        black_box(scripted_response::read_json(&object));
    }
}

fn path(input: &[u8]) {
    let normal = normalise_path(input).into_owned();
    // Escapes are undone once: what looks like one afterwards was escaped twice, or broken.
    assert!(normal.contains(&b'%') || normalise_path(&normal) == normal, "a normal path is normal");
    black_box(split_path(input));
}

fn time(input: &[u8]) {
    if let Some(time) = str::from_utf8(input).ok().and_then(Timestamp::parse_rfc3339) {
        let text = time.rfc3339_millis();
        assert_eq!(Timestamp::parse_rfc3339(&text).map(Timestamp::rfc3339_millis), Some(text), "a time comes back");
    }
}

fn triage(input: &[u8]) {
    let config = configuration();
    black_box(config.policy.triage(b"idp.example.test", input));
    black_box(config.policy.triage(input, b"/token"));
}

fn configuration() -> Config {
    config::parse(CONFIGURATION.as_bytes(), &|_| None, &HostFacts::default()).expect("a configuration")
}

struct Message {
    /// Start line.
    first: Vec<u8>,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

fn message(text: &[u8]) -> Message {
    let end = text.windows(2).position(|window| window == b"\n\n").unwrap_or(text.len());
    let mut lines = text[..end].split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default().to_vec();
    let field = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        (line[..colon].to_ascii_lowercase(), value.trim_ascii().to_vec())
    };
    let body = text.get(end + 2..).unwrap_or_default().to_vec();
    Message { first, fields: lines.map(field).collect(), body }
}

/// A root context without a host.
struct Player {
    config: Config,
    recorder: Recorder,
    entropy: Counter,
}

struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl Player {
    fn new() -> Self {
        let mut config = configuration();
        let settings = RecorderSettings {
            keys: config.keys.take().expect("keys"),
            privacy: config.privacy.clone(),
            observer: Observer::default(),
            vantage: config.vantage,
            rules: config.rules.clone(),
            statement: Statement::default(),
            fetches: Vec::new(),
            outbox: OutboxSettings::new(SinkSettings::new("audit_log")),
        };
        let recorder = Recorder::new(settings, &config.policy);
        Self { config, recorder, entropy: Counter(1) }
    }

    fn play(&mut self, request: &Message, answer: &Message) {
        let mut words = request.first.split(|byte| *byte == b' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut pairs = vec![
            (b":authority".to_vec(), b"idp.example.test".to_vec()),
            (b":path".to_vec(), path.to_vec()),
            (b":method".to_vec(), method.to_vec()),
        ];
        pairs.extend(request.fields.iter().cloned());
        let head = RequestHead { headers: Headers::new(pairs) };
        let budget = Budget::new(1 << 20);
        let opened = Exchange::open(&self.config.policy, b"idp.example.test", path, Timestamp::from_secs(1), || head);
        let Some(mut exchange) = opened else { return };
        exchange.request_body(&request.body, true, &budget);
        let status = answer.first.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let mut pairs = vec![(b":status".to_vec(), status.to_vec())];
        pairs.extend(answer.fields.iter().cloned());
        exchange.response_head(&self.config.policy, ResponseHead { headers: Headers::new(pairs) });
        exchange.response_body(&answer.body, true, &budget);
        let end = StreamEnd { now: Timestamp::from_secs(2), ..StreamEnd::default() };
        self.recorder.record(&mut self.config.policy, exchange.complete(end), &mut self.entropy);
    }

    /// Whatever came in, what goes out is short lines without control characters.
    fn check(&mut self) {
        let now = Timestamp::from_secs(3);
        while let Some(delivery) = self.recorder.outbox().next(now, &mut self.entropy) {
            let text = str::from_utf8(&delivery.body).expect("records are UTF-8");
            for line in text.lines() {
                assert!(line.len() <= 16 * 1024, "a record of {} bytes", line.len());
                // the JWS of a checkpoint is longer than any text of a record
                if CheckpointLine::parse(line).is_err() {
                    plain(&serde_json::from_str(line).expect("a record is JSON"));
                }
            }
            let reply = Reply::Response { status: 200, retry_after: None, body_prefix: Vec::new() };
            self.recorder.outbox().settle(delivery.id, &reply, now, &mut self.entropy);
        }
    }
}

/// No text that a terminal would take for more.
fn plain(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(plain),
        Value::Object(members) => members.values().for_each(plain),
        Value::String(text) => {
            let odd = |c: char| {
                c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            assert!(!text.is_empty() && !text.contains(odd), "a text that is empty or holds a control character");
            assert!(text.chars().count() <= 256, "a text of more than 256 characters");
        }
        Value::Number(number) => assert!(number.as_u64().is_some_and(|number| number < 1 << 53), "a number"),
        Value::Null => panic!("null"),
        Value::Bool(_) => {}
    }
}

const CONFIGURATION: &str = r#"{
    "issuers": [{"issuer": "https://idp.example.test", "endpoints": {
        "authorization": "/auth", "token": "/token", "userinfo": "/userinfo", "end_session": "/logout"}}],
    "sinks": [{"cluster": "audit_log"}],
    "privacy": {"profile": "full", "purpose": "fuzzing"},
    "insecure_inline": true,
    "keys": {
        "join": {"current": {"id": "k1", "inline": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}},
        "pseudonym": {"current": {"id": "k1", "inline": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}}}
}"#;

/// Requests for responses, responses for requests.
const COMPANIONS: &[(&str, &str)] = &[
    (
        "POST /token HTTP/1.1\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=refresh_token&refresh_token=a",
        "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{\"access_token\":\"a\",\"refresh_token\":\"b\"}",
    ),
    (
        "GET /auth?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fa.test%2F&state=s HTTP/1.1\n\n",
        "HTTP/1.1 302 Found\nlocation: https://a.test/?code=c&state=s\n\n",
    ),
    (
        "GET /userinfo HTTP/1.1\nauthorization: Bearer a\n\n",
        "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{\"sub\":\"a\"}",
    ),
    ("GET /logout?post_logout_redirect_uri=https%3A%2F%2Fa.test%2F HTTP/1.1\n\n", "HTTP/1.1 400 Bad Request\n\n"),
];
