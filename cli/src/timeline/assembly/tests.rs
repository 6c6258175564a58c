use proptest::prelude::*;

use super::*;
use crate::timeline::sample::{Sample, entries};

fn flows(samples: &[Sample]) -> Vec<Vec<usize>> {
    assembled(samples).flows
}

fn assembled(samples: &[Sample]) -> Assembly {
    let entries = entries(samples);
    assemble(&entries, &groups(&entries))
}

fn at(seconds: u64, event: &str) -> Sample {
    Sample::new(seconds, event)
}

#[test]
fn two_interleaved_logins_of_one_user_stay_two() {
    let login = |second: u64, n: &str| {
        [
            at(second, "authorization.request").join("state", n).join("nonce", n).join("pkce", n),
            at(second + 10, "authorization.response").join("state", n).join("code", n),
            at(second + 20, "token.issued").join("code", n).join("pkce", n).join("at", n).join("sub", "alice"),
            at(second + 30, "userinfo.accessed").join("at", n).join("sub", "alice").join("username", "alice"),
        ]
    };
    assert_eq!(flows(&[login(0, "a"), login(1, "b")].concat()), [[0, 2, 4, 6], [1, 3, 5, 7]]);
}

#[test]
fn a_constant_state_joins_nothing_and_is_named() {
    let login = |second: u64, n: &str| {
        [
            at(second, "authorization.request").join("state", "const").join("nonce", n),
            at(second + 10, "authorization.response").join("state", "const").join("code", n),
            at(second + 20, "token.issued").join("code", n).join("nonce", n),
        ]
    };
    let assembly = assembled(&[login(0, "a"), login(1, "b")].concat());
    assert_eq!(assembly.flows, [[0, 2, 4], [1, 3, 5]]);
    assert_eq!(assembly.shared.iter().map(|(role, _)| *role).collect::<Vec<_>>(), [Role::State]);
}

#[test]
fn a_constant_state_of_logins_that_came_to_nothing_joins_nothing_either() {
    let request = |second, nonce| at(second, "authorization.request").join("state", "const").join("nonce", nonce);
    assert_eq!(flows(&[request(0, "a"), request(1, "b")]), [[0], [1]]);
}

#[test]
fn a_key_that_rotates_makes_no_second_value() {
    let records = [
        at(0, "authorization.request").join("state", "k1.s").join("pkce", "k1.p"),
        at(1, "authorization.response")
            .join("state", "k1.s")
            .join("state", "k2.s")
            .join("code", "k1.c")
            .join("code", "k2.c"),
        at(2, "token.issued").join("code", "k2.c").join("pkce", "k2.p"),
        at(3, "callback.received").join("state", "k2.s").join("code", "k2.c"),
    ];
    assert_eq!(flows(&records), [[0, 1, 2, 3]]);
}

#[test]
fn refresh_tokens_chain_whatever_the_order_of_lines() {
    let mut records = vec![
        at(0, "token.issued").join("rt_out", "r1"),
        at(100, "token.refreshed").join("rt_in", "r1").join("rt_out", "r2").join("at", "a2"),
        at(200, "token.refreshed").join("rt_in", "r2").join("rt_out", "r3"),
        at(300, "token.revoked").join("tok", "r3"),
        at(400, "token.introspected").join("tok", "a2"),
        at(500, "token.issued").join("rt_out", "r9"),
    ];
    assert_eq!(flows(&records), [vec![0, 1, 2, 3, 4], vec![5]]);
    records.reverse();
    assert_eq!(flows(&records), [vec![0, 1, 2, 3, 4], vec![5]]);
}

#[test]
fn logout_joins_by_hint_session_and_state() {
    let records = [
        at(0, "token.issued").join("idt", "i").join("sid", "s"),
        at(10, "logout.requested").join("idt", "i").join("lstate", "l"),
        at(11, "logout.completed").join("lstate", "l"),
        at(12, "logout.backchannel").join("sid", "s"),
    ];
    assert_eq!(flows(&records), [[0, 1, 2, 3]]);
}

#[test]
fn a_constant_logout_state_joins_nothing() {
    let logout = |second, hint: &str| at(second, "logout.requested").join("idt", hint).join("lstate", "const");
    assert_eq!(flows(&[logout(0, "a"), logout(1, "b")]), [[0], [1]]);
    let bare = |second| at(second, "logout.requested").join("lstate", "const");
    assert_eq!(flows(&[bare(0), bare(1)]), [[0], [1]]);
}

#[test]
fn a_replay_joins_its_code_however_late() {
    let records = [
        at(0, "authorization.response").join("code", "c"),
        at(10, "token.issued").join("code", "c"),
        at(20, "token.denied").join("code", "c").failed("invalid_grant"),
        at(86_400, "token.denied").join("code", "c").failed("invalid_grant"),
    ];
    assert_eq!(flows(&records), [[0, 1, 2, 3]]);
}

#[test]
fn a_value_joins_within_its_window_only() {
    let request = |second| at(second, "authorization.request").join("state", "s");
    assert_eq!(flows(&[request(0), request(3_600), request(3_601)]), [vec![0, 1], vec![2]]);
}

#[test]
fn records_of_one_exchange_belong_together_without_any_value() {
    let records = [
        at(0, "authorization.request").exchange("e1", None),
        at(0, "authorization.error").exchange("e1", None),
        at(0, "authorization.error").exchange("e2", None),
        at(0, "client.auth_failed"),
    ];
    assert_eq!(flows(&records), [vec![0, 1], vec![2], vec![3]]);
}

#[test]
fn one_request_at_two_proxies_is_one_flow_and_said() {
    let seen = |stream, vantage, id| {
        let sample = at(0, "client.auth_failed").failed("invalid_client").stream(stream).vantage(vantage);
        sample.exchange(id, Some("req-1"))
    };
    let assembly = assembled(&[seen(1, "rp-out", "e1"), seen(2, "idp-in", "e2")]);
    assert_eq!(assembly.flows, [[0, 1]]);
    assert_eq!(assembly.sightings, BTreeMap::from([(1, 0)]));
}

#[test]
fn a_request_id_that_a_client_sends_with_everything_joins_nothing() {
    let seen =
        |second, stream| at(second, "client.auth_failed").stream(stream).exchange(&format!("e{stream}"), Some("const"));
    let same_proxy = [seen(0, 1), seen(1, 2)];
    assert_eq!(flows(&same_proxy), [[0], [1]]);
    let many: Vec<_> = (0..9_u64).map(|n| seen(0, n.into()).vantage(&format!("v{n}"))).collect();
    assert_eq!(flows(&many).len(), 9);
}

#[test]
fn records_about_the_recorder_are_one_flow_per_stream() {
    let records = [
        at(0, "audit.start").stream(1),
        at(1, "token.issued").stream(1).join("at", "a"),
        at(2, "audit.start").stream(2),
        at(3, "audit.stop").stream(1),
    ];
    assert_eq!(flows(&records), [vec![0, 3], vec![1], vec![2]]);
}

fn sample() -> impl Strategy<Value = Sample> {
    let role = prop::sample::select(vec![
        "state", "nonce", "pkce", "code", "at", "rt_in", "rt_out", "idt", "sid", "lstate", "par", "sub", "username",
        "later",
    ]);
    let event = prop::sample::select(vec![
        "authorization.request",
        "authorization.response",
        "token.issued",
        "token.denied",
        "logout.requested",
        "audit.start",
    ]);
    let joins = prop::collection::vec((role, "k[12]\\.[a-d]"), 0..5);
    (0..100_000_u64, event, joins, prop::option::of(0..6_u8), 1..4_u128, prop::option::of(0..3_u8)).prop_map(
        |(second, event, joins, exchange, stream, request)| {
            let sample = joins.into_iter().fold(at(second, event), |sample, (role, value)| sample.join(role, &value));
            let request = request.map(|n| format!("r{n}"));
            let exchange = exchange.map(|n| format!("e{n}"));
            match exchange {
                Some(id) => sample.stream(stream).exchange(&id, request.as_deref()),
                None => sample.stream(stream),
            }
        },
    )
}

proptest! {
    #[test]
    fn every_record_is_in_exactly_one_flow(samples in prop::collection::vec(sample(), 0..60)) {
        let mut numbers: Vec<_> = flows(&samples).concat();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..samples.len()).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_of_lines_does_not_matter(samples in prop::collection::vec(sample(), 0..40)) {
        let numbered: Vec<_> = samples.into_iter().zip(1..).map(|(sample, number)| sample.number(number)).collect();
        let reversed: Vec<_> = numbered.iter().rev().cloned().collect();
        prop_assert_eq!(flows(&numbered), flows(&reversed));
    }
}
