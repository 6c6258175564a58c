use proptest::prelude::*;

use super::*;
use crate::body::Completeness;
use crate::oauth::{Observation, Outcome, ProtocolEvent, Reason, decode, observe};
use crate::pipeline::fixture::{TOKEN_PATH, head, policy, request, response};

const AUTHORITY: &[u8] = b"idp.example.test";
const FORM: &[u8] = b"grant_type=authorization_code&code=abc&client_id=web";
const TOKENS: &[u8] = br#"{"access_token":"at","token_type":"Bearer","expires_in":60}"#;
const DC: u64 = 1 << 14;
const UPE: u64 = 1 << 23;

fn open(method: &str) -> Exchange {
    Exchange::open(&policy(), AUTHORITY, TOKEN_PATH.as_bytes(), Timestamp::from_secs(1), || request(method, TOKEN_PATH))
        .unwrap()
}

fn end(details: &str, flags: u64) -> StreamEnd {
    StreamEnd {
        now: Timestamp::from_secs(2),
        response_details: Some(details.into()),
        response_flags: flags,
        ..StreamEnd::default()
    }
}

/// Event, outcome, reason and both bodies of the only observation.
fn seen(completed: &CompletedExchange) -> (ProtocolEvent, Outcome, Option<Reason>, Completeness, Completeness) {
    let policy = policy();
    let decoded = decode(&policy, &completed.transcript());
    let observations: Vec<Observation<'_>> = observe(&policy, &decoded);
    let [observation] = observations.as_slice() else { panic!("{observations:?}") };
    let integrity = &observation.integrity;
    (observation.event, observation.outcome, observation.reason, integrity.request_body, integrity.response_body)
}

#[test]
fn an_unrelated_request_is_not_even_read() {
    let unread = || -> RequestHead { panic!("read") };
    let now = Timestamp::default();
    assert!(Exchange::open(&policy(), b"app.example.test", b"/token", now, unread).is_none());
    let preflight = || request("OPTIONS", TOKEN_PATH);
    assert!(Exchange::open(&policy(), AUTHORITY, TOKEN_PATH.as_bytes(), now, preflight).is_none());
}

#[test]
fn a_whole_exchange_is_whole_with_its_end_in_an_empty_chunk() {
    let budget = Budget::new(1 << 20);
    let mut exchange = open("POST");
    assert!(exchange.wants_request_body() && !exchange.wants_response_body());
    exchange.request_body(&FORM[..10], false, &budget);
    exchange.request_body(b"", false, &budget);
    exchange.request_body(&FORM[10..], false, &budget);
    exchange.request_body(b"", true, &budget);
    exchange.response_head(&policy(), response(200));
    assert!(exchange.wants_response_body());
    exchange.response_body(TOKENS, true, &budget);
    assert!(!exchange.wants_response_body());
    let completed = exchange.complete(end("via_upstream", 0));
    let whole = Completeness::Complete;
    assert_eq!(seen(&completed), (ProtocolEvent::TokenIssued, Outcome::Success, None, whole, whole));
    drop(completed);
    assert_eq!(budget.free(), 1 << 20);
}

#[test]
fn a_client_that_leaves_is_recorded_with_what_was_seen() {
    let budget = Budget::new(1 << 20);
    let mut mid_request = open("POST");
    mid_request.request_body(&FORM[..30], false, &budget);
    let completed = mid_request.complete(end("downstream_remote_disconnect", DC));
    assert_eq!(seen(&completed).2, Some(Reason::NoResponse));
    assert_eq!(seen(&completed).3, Completeness::Truncated);

    let mut mid_response = open("POST");
    mid_response.request_body(FORM, true, &budget);
    mid_response.response_head(&policy(), response(200));
    mid_response.response_body(&TOKENS[..20], false, &budget);
    let completed = mid_response.complete(end("downstream_remote_disconnect", DC));
    let (event, outcome, reason, request_body, response_body) = seen(&completed);
    assert_eq!((event, outcome), (ProtocolEvent::TokenRequest, Outcome::Unknown));
    assert_eq!(reason, Some(Reason::BodyTruncated));
    assert_eq!((request_body, response_body), (Completeness::Complete, Completeness::Truncated));
    assert_eq!(completed.facts([0; 16]).response_source, ResponseSource::Upstream);
}

#[test]
fn a_token_request_of_ten_megabytes_is_cut_and_says_so() {
    let budget = Budget::new(1 << 20);
    let mut exchange = open("POST");
    exchange.request_body(FORM, false, &budget);
    exchange.request_body(b"&x=", false, &budget);
    let big = vec![b'a'; 10 << 20];
    assert_eq!(exchange.request_room(&budget), 64 * 1_024 + 1 - FORM.len() - 3);
    exchange.request_body(&big, false, &budget);
    assert!(!exchange.wants_request_body());
    assert!(budget.free() >= (1 << 20) - 64 * 1_024);
    exchange.request_body(&big, true, &budget);
    exchange.response_head(&policy(), response(200));
    exchange.response_body(TOKENS, true, &budget);
    let completed = exchange.complete(end("via_upstream", 0));
    assert!(completed.is_truncated());
    assert_eq!(seen(&completed).3, Completeness::Truncated);
}

#[test]
fn bodies_of_all_exchanges_share_one_budget() {
    let budget = Budget::new(100);
    let mut first = open("POST");
    first.request_body(&[b'a'; 80], false, &budget);
    let mut second = open("POST");
    assert_eq!(second.request_room(&budget), 21);
    second.request_body(&[b'b'; 80], true, &budget);
    assert_eq!(budget.free(), 0);
    assert!(second.complete(StreamEnd::default()).is_truncated());
    assert_eq!(budget.free(), 20);
    drop(first);
    assert_eq!(budget.free(), 100);
}

#[test]
fn the_access_log_phase_may_be_all_there_is() {
    let mut only = end("lua_response", 0);
    only.response = Some(response(403));
    only.log_only = true;
    let completed = open("POST").complete(only);
    assert_eq!(completed.facts([0; 16]).response_source, ResponseSource::Local);
    let (event, outcome, reason, ..) = seen(&completed);
    assert_eq!((event, outcome, reason), (ProtocolEvent::TokenDenied, Outcome::Failure, Some(Reason::LocalReply)));
}

#[test]
fn who_answered_is_the_hosts_word() {
    for (details, answered, in_its_phase, wanted) in [
        (Some("via_upstream"), true, true, ResponseSource::Upstream),
        (Some("via_upstream"), false, false, ResponseSource::None),
        (Some("upstream_reset_after_response_started{connection_termination}"), true, true, ResponseSource::Upstream),
        (Some("upstream_reset_before_response_started{connection_failure}"), true, true, ResponseSource::Local),
        (Some("response_timeout"), true, true, ResponseSource::Local),
        (Some("direct_response"), true, true, ResponseSource::Local),
        (Some("downstream_remote_disconnect"), true, true, ResponseSource::Upstream),
        (Some("downstream_remote_disconnect"), true, false, ResponseSource::Local),
        (Some("http1.codec_error"), true, false, ResponseSource::Local),
        (None, true, true, ResponseSource::Upstream),
        (None, false, false, ResponseSource::None),
    ] {
        assert_eq!(source(details.map(str::as_bytes), answered, in_its_phase), wanted, "{details:?}");
    }
}

#[test]
fn a_response_without_a_body_is_whole_unless_the_stream_was_cut() {
    for (flags, complete) in [(0, true), (1 << 15, true), (DC, false), (UPE, false)] {
        let mut exchange = open("POST");
        exchange.response_head(&policy(), response(200));
        assert_eq!(exchange.complete(end("via_upstream", flags)).seen.complete, complete, "{flags}");
    }
}

#[test]
fn of_several_response_heads_the_first_counts() {
    let mut exchange = open("POST");
    exchange.response_head(&policy(), response(200));
    exchange.response_head(&policy(), response(500));
    let mut late = end("via_upstream", 0);
    late.response = Some(response(400));
    assert_eq!(exchange.complete(late).response().and_then(ResponseHead::status), Some(200));
}

#[derive(Clone, Debug)]
enum Call {
    RequestBody(Vec<u8>, bool),
    ResponseHead(u16),
    ResponseBody(Vec<u8>, bool),
}

#[expect(clippy::disallowed_types, reason = "prop_oneof shares its strategies in an Arc")]
fn calls() -> impl Strategy<Value = Vec<Call>> {
    let chunk = || proptest::collection::vec(any::<u8>(), 0..200);
    let call = prop_oneof![
        (chunk(), any::<bool>()).prop_map(|(chunk, end)| Call::RequestBody(chunk, end)),
        (100u16..600).prop_map(Call::ResponseHead),
        (chunk(), any::<bool>()).prop_map(|(chunk, end)| Call::ResponseBody(chunk, end)),
    ];
    proptest::collection::vec(call, 0..20)
}

proptest! {
    #[test]
    fn callbacks_in_any_order_complete_within_the_budget(
        calls in calls(), limit in 0usize..2_000, details in "\\PC{0,30}", flags in any::<u64>(), field in any::<Vec<u8>>(),
    ) {
        let budget = Budget::new(limit);
        let policy = policy();
        let odd = head(&[(b":method", b"POST"), (b":path", TOKEN_PATH.as_bytes()), (b"x", &field)]);
        let now = Timestamp::default();
        let path = TOKEN_PATH.as_bytes();
        let mut exchange = Exchange::open(&policy, AUTHORITY, path, now, || RequestHead { headers: odd }).unwrap();
        for call in calls {
            match call {
                Call::RequestBody(chunk, end) => exchange.request_body(&chunk, end, &budget),
                Call::ResponseHead(status) => exchange.response_head(&policy, response(status)),
                Call::ResponseBody(chunk, end) => exchange.response_body(&chunk, end, &budget),
            }
            let held = exchange.request_body.body.memory() + exchange.response_body.body.memory();
            prop_assert!(held <= limit);
            prop_assert_eq!(budget.free(), limit - held);
        }
        let completed = exchange.complete(end(&details, flags));
        let decoded = decode(&policy, &completed.transcript());
        prop_assert!(observe(&policy, &decoded).len() <= 2);
        drop(decoded);
        drop(completed);
        prop_assert_eq!(budget.free(), limit);
    }
}
