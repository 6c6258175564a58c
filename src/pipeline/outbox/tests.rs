use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::pipeline::fixture::{Dry, Seeded, failure, issuance, normal, padded_issuance, padded_normal, settings};
use crate::pipeline::sink::REPLY_PREFIX;
use crate::record::evidence::{self, Checkpoint, CheckpointLine, Head, Signing};

mod checkpoints;
mod model;

const NOBODY: &str = "192.0.2.1:1";

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn outbox(queue_bytes: usize) -> Outbox {
    Outbox::new(settings(queue_bytes), Observer::default())
}

fn answer(status: u16, body: &str) -> Reply {
    Reply::Response { status, retry_after: None, body_prefix: body.as_bytes().to_vec() }
}

fn lines(delivery: &Delivery) -> impl Iterator<Item = &str> {
    std::str::from_utf8(&delivery.body).unwrap().lines()
}

fn records(delivery: &Delivery) -> Vec<Value> {
    let records = lines(delivery).map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["event"] != evidence::EVENT).collect()
}

/// The checkpoint, which is the last line if it is there.
fn checkpoint(delivery: &Delivery) -> Option<Checkpoint> {
    let read: Vec<_> = lines(delivery).map(|line| CheckpointLine::parse(line).ok()).collect();
    assert!(read.iter().rev().skip(1).all(Option::is_none));
    read.into_iter().last().flatten().map(|line| line.checkpoint)
}

fn numbers(delivery: &Delivery) -> Vec<u64> {
    let number = |record: &Value| record["id"].as_str().unwrap().split_once('-').unwrap().1.parse().unwrap();
    records(delivery).iter().map(number).collect()
}

fn names(delivery: &Delivery) -> Vec<String> {
    records(delivery).iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
}

/// Takes the next delivery and has it acknowledged.
fn deliver(outbox: &mut Outbox, now: Timestamp) -> Delivery {
    let delivery = outbox.next(now, &mut Seeded(7)).unwrap();
    assert_eq!(outbox.settle(delivery.id, &answer(200, ""), now, &mut Seeded(7)), Settled::Acknowledged);
    delivery
}

/// Has the sink trust us: one record is acknowledged.
fn trusted(queue_bytes: usize) -> Outbox {
    let mut outbox = outbox(queue_bytes);
    outbox.push(issuance(), at(1));
    deliver(&mut outbox, at(1));
    outbox
}

#[test]
fn nothing_queued_is_nothing_sent_and_nothing_drawn() {
    let mut outbox = outbox(0);
    assert!(outbox.next(at(1), &mut Dry).is_none());
    assert!(outbox.is_drained());
    outbox.begin_stop(StopReason::Reload);
    assert!(outbox.next(at(1), &mut Seeded(1)).is_none());
    assert!(outbox.is_drained());
    assert_eq!(outbox.loss_statement().stream, None);
}

#[test]
fn records_are_numbered_in_their_order_of_arrival() {
    let mut outbox = outbox(0);
    for draft in [normal(), failure("invalid_grant", NOBODY), issuance(), normal()] {
        outbox.push(draft, at(1));
    }
    let delivery = deliver(&mut outbox, at(1));
    assert_eq!(numbers(&delivery), [1, 2, 3, 4]);
    let wanted = ["authorization.request", "token.denied", "token.issued", "authorization.request"];
    assert_eq!(names(&delivery), wanted);
    assert!(outbox.is_drained());
    let counters = outbox.counters();
    assert_eq!((counters.created, counters.sealed, counters.acknowledged), (4, 4, 4));
    assert_eq!(counters.last_acknowledged, Some(at(1)));
    assert_eq!(counters.queue_bytes, 0);
}

#[test]
fn one_delivery_is_in_flight_and_the_next_gathers() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    outbox.push(issuance(), at(1));
    outbox.push(issuance(), at(1));
    assert!(outbox.next(at(1), &mut Seeded(1)).is_none());
    outbox.settle(first.id, &answer(200, ""), at(2), &mut Seeded(1));
    assert_eq!(numbers(&deliver(&mut outbox, at(2))), [2, 3]);
}

#[test]
fn a_batch_has_at_most_64_records_and_60_000_bytes() {
    let mut many = outbox(8 << 20);
    for _ in 0..65 {
        many.push(issuance(), at(1));
    }
    assert_eq!(numbers(&deliver(&mut many, at(1))).len(), 64);
    let mut big = outbox(8 << 20);
    for _ in 0..20 {
        big.push(padded_issuance(3_000), at(1));
    }
    while !big.is_empty() {
        assert!(deliver(&mut big, at(1)).body.len() <= 60_000);
    }
}

#[test]
fn an_unanswered_batch_is_sent_again_with_the_same_bytes() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    let mut delivery = outbox.next(at(1), &mut Seeded(1)).unwrap();
    let body = delivery.body.clone();
    for reply in [Reply::Transport, answer(503, "x"), answer(429, ""), answer(403, "no"), answer(404, "")] {
        let Settled::RetryAt(later) = outbox.settle(delivery.id, &reply, at(1_000), &mut Seeded(3)) else {
            panic!("{reply:?}")
        };
        assert!(later > at(1_000) && later <= at(1_060));
        assert!(outbox.next(Timestamp::from_micros(later.as_micros() - 1), &mut Seeded(1)).is_none());
        delivery = outbox.next(later, &mut Seeded(1)).unwrap();
        assert_eq!(delivery.body, body);
    }
    let counters = outbox.counters();
    assert_eq!((counters.retried, counters.deliveries), (5, 6));
    assert_eq!(outbox.counters().lost, 0);
}

#[test]
fn retry_after_is_waited_for_up_to_a_minute() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    for (value, wait) in [("7", 7), ("86400", 60)] {
        let delivery = outbox.next(at(1_000), &mut Seeded(1)).unwrap();
        let reply = Reply::Response { status: 429, retry_after: Some(value.into()), body_prefix: Vec::new() };
        let Settled::RetryAt(later) = outbox.settle(delivery.id, &reply, at(1_000), &mut Seeded(1)) else { panic!() };
        assert!(later >= at(1_000 + wait) && later <= at(1_001 + wait), "{value}");
        outbox.courier_is_free_again();
    }
}

impl Outbox {
    /// Time passes for the sink alone.
    fn courier_is_free_again(&mut self) {
        self.courier.forget_the_wait();
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_deliveries() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(100_000));
    let first = outbox.next(at(100_000), &mut Seeded(1)).unwrap();
    outbox.settle(first.id, &answer(403, ""), at(100_000), &mut Seeded(1));
    assert!(outbox.next(at(100_000), &mut Seeded(1)).is_none());
    assert!(outbox.next(at(50_000), &mut Seeded(1)).is_some());
}

#[test]
fn an_attempt_that_is_never_answered_is_given_up_on_and_its_late_answer_ignored() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert!(outbox.next(at(15), &mut Seeded(1)).is_none());
    assert!(outbox.next(at(16), &mut Dry).is_none());
    let second = outbox.next(at(17), &mut Seeded(1)).unwrap();
    assert_eq!(outbox.settle(first.id, &answer(200, ""), at(18), &mut Seeded(1)), Settled::Unknown);
    assert_eq!(outbox.settle(second.id, &answer(200, ""), at(18), &mut Seeded(1)), Settled::Acknowledged);
    assert_eq!(outbox.settle(second.id, &answer(200, ""), at(18), &mut Seeded(1)), Settled::Unknown);
    assert_eq!(outbox.counters().acknowledged, 1);
}

#[test]
fn a_batch_that_is_refused_as_a_whole_is_halved_down_to_the_bad_record() {
    for status in [400, 413] {
        let mut outbox = trusted(0);
        for _ in 0..8 {
            outbox.push(issuance(), at(1));
        }
        let mut stored = BTreeSet::new();
        let mut settled = Vec::new();
        while let Some(delivery) = outbox.next(at(2), &mut Seeded(1)) {
            let numbers = numbers(&delivery);
            let bad = numbers.contains(&5);
            let reply = answer(if bad { status } else { 200 }, "do not look at this");
            settled.push(outbox.settle(delivery.id, &reply, at(2), &mut Seeded(1)));
            if !bad {
                stored.extend(numbers);
            }
            if settled.contains(&Settled::GaveUp) {
                outbox.courier_is_free_again();
            }
        }
        assert_eq!(settled.iter().filter(|settled| **settled == Settled::Split).count(), 3);
        assert_eq!(stored, (2..=10).filter(|number| *number != 5).collect());
        assert!(outbox.is_drained());
        assert_eq!(outbox.counters().lost, 1);
    }
}

#[test]
fn a_lost_record_is_named_in_the_next_audit_drop() {
    let mut outbox = outbox(0);
    for _ in 0..4 {
        outbox.push(issuance(), at(1));
    }
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    let reply = answer(200, r#"{"stored":2,"refused":[{"line":2,"why":"conflict"},{"line":3,"why":"too_long"}]}"#);
    assert_eq!(outbox.settle(first.id, &reply, at(2), &mut Seeded(1)), Settled::Acknowledged);
    let counters = outbox.counters();
    assert_eq!((counters.acknowledged, counters.lost), (2, 2));
    assert_eq!(outbox.loss_statement().undeclared, 2);
    let next = deliver(&mut outbox, at(3));
    assert_eq!(names(&next), ["audit.drop"]);
    let audit = &records(&next)[0]["audit"];
    assert_eq!(audit["loss"], serde_json::json!([{"sink": "audit_log", "why": "refused", "ranges": [[2, 3]]}]));
    assert_eq!(outbox.loss_statement().undeclared, 0);
    assert!(outbox.is_drained());
}

#[test]
fn what_a_lost_audit_drop_declared_is_declared_again() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    outbox.refuse(Class::Normal, DropReason::NoEntropy, at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!(names(&first), ["token.issued", "audit.drop"]);
    let reply = answer(200, r#"{"stored":1,"refused":[{"line":2,"why":"conflict"}]}"#);
    outbox.settle(first.id, &reply, at(1), &mut Seeded(1));
    let audit = records(&deliver(&mut outbox, at(2)))[0]["audit"].clone();
    assert_eq!(audit["dropped"], serde_json::json!({"normal.no_entropy": 1}));
    assert_eq!(audit["loss"][0]["ranges"], serde_json::json!([[2, 2]]));
}

#[test]
fn a_sink_that_never_took_anything_loses_nothing_by_a_400() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    for _ in 0..10 {
        let delivery = outbox.next(at(1), &mut Seeded(1)).unwrap();
        let settled = outbox.settle(delivery.id, &answer(400, ""), at(1), &mut Seeded(1));
        assert!(matches!(settled, Settled::RetryAt(_) | Settled::Split));
        outbox.courier_is_free_again();
    }
    while !outbox.is_drained() {
        deliver(&mut outbox, at(1));
    }
    assert_eq!(outbox.counters().lost, 0);
}

#[test]
fn a_sink_that_refuses_everything_is_not_asked_without_end() {
    let mut outbox = trusted(0);
    outbox.push(issuance(), at(1));
    let mut calls = 0;
    for millis in 0..60_000 {
        let now = at(2).plus_millis(millis);
        while let Some(delivery) = outbox.next(now, &mut Seeded(millis)) {
            outbox.settle(delivery.id, &answer(400, ""), now, &mut Seeded(millis));
            calls += 1;
        }
    }
    assert!(calls < 40, "{calls}");
}

#[test]
fn a_batch_is_kept_for_ever_until_its_memory_is_needed() {
    let mut outbox = outbox(MIN_QUEUE_BYTES);
    outbox.push(issuance(), at(1));
    let try_at = |outbox: &mut Outbox, now| {
        let delivery = outbox.next(now, &mut Seeded(1)).unwrap();
        outbox.settle(delivery.id, &answer(503, ""), now, &mut Seeded(1))
    };
    assert!(matches!(try_at(&mut outbox, at(2)), Settled::RetryAt(_)));
    assert!(matches!(try_at(&mut outbox, at(100_000)), Settled::RetryAt(_)));
    while outbox.counters().dropped() == 0 {
        outbox.push(normal(), at(100_001));
    }
    let next = outbox.next(at(100_500), &mut Seeded(1)).unwrap();
    assert_eq!(outbox.counters().lost, 1);
    outbox.settle(next.id, &answer(200, ""), at(100_501), &mut Seeded(1));
    let mut declared = records(&next).iter().any(is_expiry);
    while !outbox.is_drained() {
        declared |= records(&deliver(&mut outbox, at(200_000))).iter().any(is_expiry);
    }
    assert!(declared);
}

fn is_expiry(record: &Value) -> bool {
    record["audit"]["loss"][0]["why"] == "expired"
}

#[test]
fn garbage_never_pushes_issuance_out() {
    let mut outbox = outbox(MIN_QUEUE_BYTES);
    let mut issued = 0;
    for n in 0..2_000u64 {
        outbox.push(failure("invalid_grant", &format!("10.{}.{}.1:1", n / 250, n % 250)), at(n / 100));
        outbox.push(padded_normal(1_000), at(n / 100));
        if n % 100 == 0 {
            outbox.push(issuance(), at(n / 100));
            issued += 1;
        }
    }
    let counters = outbox.counters();
    for reason in [DropReason::Evicted, DropReason::Full, DropReason::NoEntropy, DropReason::Share] {
        assert_eq!(counters.dropped_by(Class::Issuance, reason), 0);
    }
    assert!(counters.dropped() > 0);
    let mut seen = BTreeMap::new();
    while !outbox.is_drained() {
        for name in names(&deliver(&mut outbox, at(1_000))) {
            *seen.entry(name).or_insert(0) += 1;
        }
    }
    assert_eq!(seen["token.issued"], issued);
    assert!(seen["audit.drop"] >= 1);
}

#[test]
fn an_issuance_draft_evicts_failures_first_and_then_normal_drafts() {
    let mut outbox = outbox(MIN_QUEUE_BYTES);
    for _ in 0..200 {
        outbox.push(failure("invalid_grant", NOBODY), at(1));
        outbox.push(normal(), at(1));
    }
    let (failures, normals) = (outbox.lanes.bytes_of(Class::Failure), outbox.lanes.bytes_of(Class::Normal));
    assert!(failures > 0 && failures + normals <= MIN_QUEUE_BYTES / 5 * 3);
    while outbox.counters().dropped_by(Class::Issuance, DropReason::Full) == 0 {
        let before = outbox.counters().dropped_by(Class::Normal, DropReason::Evicted);
        outbox.push(issuance(), at(1));
        let after = outbox.counters().dropped_by(Class::Normal, DropReason::Evicted);
        assert!(after == before || outbox.lanes.bytes_of(Class::Failure) == 0);
    }
    assert_eq!(outbox.lanes.bytes_of(Class::Normal), 0);
    assert!(outbox.lanes.bytes() <= MIN_QUEUE_BYTES);
}

#[test]
fn without_entropy_nothing_is_sealed_and_nothing_is_lost() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    outbox.refuse(Class::Normal, DropReason::NoEntropy, at(1));
    assert!(outbox.next(at(1), &mut Dry).is_none());
    assert_eq!(outbox.counters().sealed, 0);
    assert_eq!(names(&deliver(&mut outbox, at(1))), ["token.issued", "audit.drop"]);
}

#[test]
fn a_stop_flushes_everything_and_is_the_last_record() {
    let mut outbox = outbox(8 << 20);
    for _ in 0..25 {
        outbox.push(failure("invalid_grant", NOBODY), at(1));
    }
    outbox.push(issuance(), at(1));
    outbox.begin_stop(StopReason::Shutdown);
    let delivery = deliver(&mut outbox, at(2));
    assert_eq!(names(&delivery).first().map(String::as_str), Some("token.issued"), "the reserved goes first");
    let records = records(&delivery);
    let last = records.last().unwrap();
    assert_eq!(last["event"], "audit.stop");
    assert_eq!(last["audit"], serde_json::json!({"reason": "shutdown", "records": 22}));
    assert!(outbox.is_drained());
    let statement = outbox.loss_statement();
    assert_eq!((statement.created, statement.acknowledged, statement.unacknowledged), (27, 27, 0));
    assert_eq!((statement.audit, statement.last), (1, 23));
}

#[test]
fn at_the_stop_one_delivery_goes_out_beside_the_one_in_flight() {
    let mut outbox = outbox(0);
    outbox.push(issuance(), at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    outbox.push(issuance(), at(1));
    outbox.begin_stop(StopReason::Shutdown);
    let second = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!(names(&second), ["token.issued", "audit.stop"]);
    assert!(outbox.next(at(1), &mut Seeded(1)).is_none());
    let statement = outbox.loss_statement();
    assert_eq!(
        statement.to_string(),
        format!(
            "stream={} last=3 created=3 acknowledged=0 unacknowledged=3 audit=1 dropped=0 lost=0 undeclared=0",
            statement.stream.unwrap()
        )
    );
    outbox.settle(second.id, &answer(200, ""), at(1), &mut Seeded(1));
    outbox.settle(first.id, &answer(200, ""), at(1), &mut Seeded(1));
    assert!(outbox.is_drained());
}

#[test]
fn an_answer_that_names_every_record_of_a_batch_fits_what_is_read_of_it() {
    let entry = format!(r#"{{"id":"{}-18446744073709551615","line":64,"why":"{}"}},"#, "f".repeat(32), "x".repeat(64));
    assert!(entry.len() * MAX_BATCH_RECORDS < REPLY_PREFIX);
}
