use serde_json::Value;

use super::*;
use crate::http::RequestHead;
use crate::pipeline::fixture::{Dry, Seeded, head, keys, policy, request, response, settings};
use crate::pipeline::{Budget, Exchange, Reply, StreamEnd};

const TOKENS: &[u8] = br#"{"access_token":"marker-at","token_type":"Bearer","refresh_token":"marker-rt"}"#;
const DISCOVERY: &str = "/.well-known/openid-configuration";
const DOCUMENT: &[u8] = br#"{"issuer":"https://idp.example.test","token_endpoint":"https://idp.example.test/t"}"#;

fn recorder(policy: &Policy) -> Recorder {
    let settings = RecorderSettings {
        keys: keys(),
        privacy: Privacy::default(),
        observer: Observer { node: Some("envoy-1".to_owned()), ..Observer::default() },
        vantage: VantageRule::new(None, None),
        rules: RuleSettings::default(),
        statement: Statement { version: "0.1.0".to_owned(), ..Statement::default() },
        fetches: Vec::new(),
        outbox: settings(8 << 20),
    };
    Recorder::new(settings, policy)
}

fn exchange(policy: &Policy, request: RequestHead, body: &[u8], status: u16, answer: &[u8]) -> CompletedExchange {
    answered(policy, request, body, response(status), answer)
}

fn answered(
    policy: &Policy,
    request: RequestHead,
    body: &[u8],
    head: crate::http::ResponseHead,
    answer: &[u8],
) -> CompletedExchange {
    let budget = Budget::new(1 << 20);
    let path = request.path().unwrap().to_vec();
    let mut exchange =
        Exchange::open(policy, b"idp.example.test", &path, Timestamp::from_secs(10), || request).unwrap();
    exchange.request_body(body, true, &budget);
    exchange.response_head(policy, head);
    exchange.response_body(answer, true, &budget);
    let details = Some(b"via_upstream".to_vec());
    exchange.complete(StreamEnd { now: Timestamp::from_secs(11), response_details: details, ..StreamEnd::default() })
}

fn token(policy: &Policy) -> CompletedExchange {
    let body = b"grant_type=authorization_code&code=marker-code&client_id=web&client_secret=marker-secret";
    exchange(policy, request("POST", "/token"), body, 200, TOKENS)
}

fn delivered(recorder: &mut Recorder) -> Vec<Value> {
    let now = Timestamp::from_secs(12);
    let delivery = recorder.outbox().next(now, &mut Seeded(1)).unwrap();
    let reply = Reply::Response { status: 200, retry_after: None, body_prefix: Vec::new() };
    recorder.outbox().settle(delivery.id, &reply, now, &mut Seeded(1));
    let text = String::from_utf8(delivery.body.to_vec()).unwrap();
    assert!(!text.contains("marker"), "a secret is in a record");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["event"] != "audit.checkpoint").collect()
}

#[test]
fn a_stream_begins_with_its_first_record_and_not_before() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    let other = exchange(&policy, request("GET", "/jwks"), b"", 200, b"{}");
    assert!(recorder.record(&mut policy, other, &mut Seeded(1)).is_empty());
    assert!(recorder.outbox().next(Timestamp::from_secs(12), &mut Seeded(1)).is_none());
    assert_eq!(recorder.counters().created, 0);
    for _ in 0..2 {
        let exchange = token(&policy);
        recorder.record(&mut policy, exchange, &mut Seeded(1));
    }
    let records = delivered(&mut recorder);
    let events: Vec<&str> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["audit.start", "token.issued", "token.issued"]);
    assert_eq!(records[0]["audit"]["version"], "0.1.0");
    assert!(records[0]["id"].as_str().unwrap().ends_with("-1"));
    assert_eq!(records[1]["vantage"], "idp-in");
    assert_eq!(records[1]["dur_ms"], 1_000);
    assert_eq!(records[1]["exchange"]["response_source"], "upstream");
}

#[test]
fn the_records_of_one_exchange_share_its_id() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    let path = "/auth?response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&state=marker-state";
    let budget = Budget::new(1 << 20);
    let mut exchange =
        Exchange::open(&policy, b"idp.example.test", path.as_bytes(), Timestamp::default(), || request("GET", path))
            .unwrap();
    let location = b"https://app.test/cb?code=marker-code&state=marker-state";
    let redirect = crate::http::ResponseHead { headers: head(&[(b":status", b"302"), (b"location", location)]) };
    exchange.response_head(&policy, redirect);
    exchange.response_body(b"", true, &budget);
    let details = Some(b"via_upstream".to_vec());
    let completed = exchange.complete(StreamEnd { response_details: details, ..StreamEnd::default() });
    recorder.record(&mut policy, completed, &mut Seeded(9));
    let records = delivered(&mut recorder);
    assert_eq!(records.len(), 3);
    assert_eq!(records[1]["event"], "authorization.request");
    assert_eq!(records[2]["event"], "authorization.response");
    assert_eq!(records[1]["exchange"]["id"], records[2]["exchange"]["id"]);
    assert_eq!(records[1]["exchange"]["id"].as_str().unwrap().len(), 32);
}

#[test]
fn without_entropy_an_event_is_dropped_and_declared() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    let lost = token(&policy);
    recorder.record(&mut policy, lost, &mut Dry);
    assert_eq!(recorder.counters().dropped(), 1);
    let kept = token(&policy);
    recorder.record(&mut policy, kept, &mut Seeded(1));
    let records = delivered(&mut recorder);
    let events: Vec<&str> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["audit.start", "audit.drop", "token.issued"]);
    assert_eq!(records[1]["audit"]["dropped"], serde_json::json!({"issuance.no_entropy": 1}));
}

#[test]
fn metadata_that_passes_by_is_learned_and_shared() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    let completed = exchange(&policy, request("GET", DISCOVERY), b"", 200, DOCUMENT);
    let effects = recorder.record(&mut policy, completed, &mut Seeded(1));
    let [Effect::Share { key, value }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(key.starts_with("oidc-audit/1/metadata/"));
    assert!(value.ends_with(DOCUMENT));
    assert!(policy.knows_metadata(0));
    assert_eq!((recorder.counters().learned, recorder.counters().created), (1, 2));

    let mut other = crate::pipeline::fixture::policy();
    let mut second = self::recorder(&other);
    let mut read = |asked: &str| SharedValue { value: (asked == key).then(|| value.clone()), version: Some(1) };
    let effects = second.tick(&mut other, &mut read, Timestamp::from_secs(20), &mut Seeded(1));
    assert!(effects.is_empty() && other.knows_metadata(0));
    assert_eq!(second.counters().learned, 1);
}

#[test]
fn truncated_and_undecoded_bodies_are_counted() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    let big = vec![b'a'; 100_000];
    let truncated = exchange(&policy, request("POST", "/token"), &big, 400, br#"{"error":"invalid_request"}"#);
    recorder.record(&mut policy, truncated, &mut Seeded(1));
    let mut brotli = request("POST", "/token").headers;
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = vec![(b"content-encoding".to_vec(), b"br".to_vec())];
    for name in [":method", ":path", "content-type"] {
        pairs.push((name.as_bytes().to_vec(), brotli.first(name).unwrap().to_vec()));
    }
    brotli = crate::http::Headers::new(pairs);
    let undecoded = exchange(&policy, RequestHead { headers: brotli }, b"\x0b\x02\x80", 200, TOKENS);
    recorder.record(&mut policy, undecoded, &mut Seeded(1));
    let counters = recorder.counters();
    assert_eq!((counters.bodies_truncated, counters.undecoded), (1, 1));
}

#[test]
fn a_stop_is_the_end_of_the_stream() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    recorder.stop(StopReason::Reload);
    assert!(recorder.is_drained());
    let mut recorder = self::recorder(&policy);
    let exchange = token(&policy);
    recorder.record(&mut policy, exchange, &mut Seeded(1));
    recorder.stop(StopReason::Reload);
    assert!(!recorder.is_drained());
    let records = delivered(&mut recorder);
    assert_eq!(records.last().unwrap()["event"], "audit.stop");
    assert!(recorder.is_drained());
}

#[test]
fn a_checkpoint_says_how_far_a_providers_clock_is_from_ours() {
    let mut policy = policy();
    let mut recorder = recorder(&policy);
    // ours says 1970-01-01T00:00:10 to 11
    for (date, age) in
        [(b"Thu, 01 Jan 1970 00:01:10 GMT".as_slice(), None), (b"Thu, 01 Jan 1970 01:00:00 GMT", Some(b"9"))]
    {
        let mut fields: Vec<(&[u8], &[u8])> =
            vec![(b":status", b"200"), (b"content-type", b"application/json"), (b"date", date)];
        fields.extend(age.map(|age| (b"age".as_slice(), age.as_slice())));
        let answer = crate::http::ResponseHead { headers: head(&fields) };
        let body = b"grant_type=client_credentials&client_id=web&client_secret=marker-secret";
        let done = answered(&policy, request("POST", "/token"), body, answer, TOKENS);
        recorder.record(&mut policy, done, &mut Seeded(1));
    }
    let delivery = recorder.outbox().next(Timestamp::from_secs(12), &mut Seeded(1)).unwrap();
    let text = String::from_utf8(delivery.body.to_vec()).unwrap();
    let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let checkpoint = crate::record::evidence::CheckpointLine::read(&line).unwrap().checkpoint;
    let skews: Vec<_> = checkpoint.skews.iter().map(|skew| (skew.issuer.as_str(), skew.from_ms, skew.to_ms)).collect();
    assert_eq!(skews, [("https://idp.example.test", 59_000, 61_000)]);
}
