//! When a checkpoint is written, what it says, and what becomes of a lost one.

use super::*;
use crate::pipeline::presence::MAX_SIBLINGS;
use crate::record::evidence::{Digest, Kind, Loss, MAX_LINE};

fn enrolled() -> Outbox {
    let mut settings = settings(8 << 20);
    settings.evidence.signing = Signing::Enrolled;
    Outbox::new(settings, Observer { node: Some("node-1".to_owned()), ..Observer::default() })
}

fn said(delivery: &Delivery) -> Checkpoint {
    checkpoint(delivery).unwrap()
}

fn heads(count: usize) -> Vec<Head> {
    let head = Head { stream: StreamId::from_bytes([7; 16]), number: u64::MAX, digest: Digest::of(b"x") };
    vec![head; count]
}

#[test]
fn a_stream_opens_with_its_first_record_and_says_nothing_before() {
    let mut outbox = enrolled();
    outbox.beat(heads(1));
    assert!(outbox.next(at(1), &mut Seeded(1)).is_none());
    assert_eq!(outbox.head(), None);
    outbox.beat(Vec::new());
    outbox.set_uptime(Some(7));
    outbox.push(issuance(), at(1));
    let open = said(&deliver(&mut outbox, at(1)));
    assert_eq!((open.kind, open.number, open.total, open.pending), (Kind::Open, 0, 1, 0));
    assert_eq!((open.group.as_deref(), open.uptime, open.promise), (Some("node-1"), Some(7), 120));
    assert!(open.opening.is_some() && open.next_key.is_some());
    assert_eq!(outbox.head().map(|head| head.number), Some(0));
    assert_eq!(outbox.acknowledged_head(), outbox.head());
    assert!(outbox.is_drained());
}

#[test]
fn siblings_are_shown_what_the_sink_has_and_nothing_that_a_kill_could_take_back() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    let open = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!((outbox.head().map(|head| head.number), outbox.acknowledged_head()), (Some(0), None));
    outbox.settle(open.id, &Reply::Transport, at(1), &mut Seeded(1));
    assert_eq!(outbox.acknowledged_head(), None);
    outbox.push(issuance(), at(90));
    deliver(&mut outbox, at(90));
    assert_eq!(outbox.acknowledged_head().map(|head| head.number), Some(0));
    deliver(&mut outbox, at(91));
    assert_eq!(outbox.acknowledged_head(), outbox.head());
}

#[test]
fn without_entropy_no_stream_is_opened_and_nothing_is_lost() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    assert!(outbox.next(at(1), &mut Dry).is_none());
    assert_eq!(outbox.head(), None);
    assert_eq!(said(&deliver(&mut outbox, at(1))).kind, Kind::Open);
}

#[test]
fn what_is_pending_is_what_the_checkpoint_does_not_cover() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!(said(&first).pending, 0);
    outbox.push(issuance(), at(1));
    outbox.begin_stop(StopReason::Reload);
    let second = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!(
        (said(&second).kind, said(&second).pending, said(&second).end),
        (Kind::Close, 1, Some(StopReason::Reload))
    );
}

#[test]
fn a_beat_that_names_siblings_covers_nothing_and_records_follow() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    deliver(&mut outbox, at(1));
    outbox.push(issuance(), at(2));
    outbox.beat(heads(2));
    let beat = deliver(&mut outbox, at(2));
    assert_eq!((said(&beat).kind, said(&beat).siblings.len(), said(&beat).covered), (Kind::Beat, 2, None));
    assert_eq!(lines(&beat).count(), 1);
    assert_eq!(said(&deliver(&mut outbox, at(2))).kind, Kind::Batch);
    outbox.beat(Vec::new());
    outbox.push(issuance(), at(3));
    let beat = said(&deliver(&mut outbox, at(3)));
    assert_eq!((beat.kind, beat.covered.map(|covered| covered.first)), (Kind::Beat, Some(3)));
    assert!(outbox.next(at(3), &mut Seeded(1)).is_none());
}

#[test]
fn a_key_that_has_signed_goes_after_a_quarter_of_an_hour_and_an_idle_stream_says_no_more() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    deliver(&mut outbox, at(1));
    assert!(outbox.next(at(900), &mut Seeded(1)).is_none());
    assert_eq!(said(&deliver(&mut outbox, at(901))).kind, Kind::Roll);
    assert!((902..80_000).step_by(1_000).all(|second| outbox.next(at(second), &mut Seeded(1)).is_none()));
    assert_eq!(said(&deliver(&mut outbox, at(86_401))).kind, Kind::Anchor);
}

#[test]
fn a_refused_checkpoint_is_declared_in_the_next_one_and_its_records_are_not_lost() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    let reply = answer(200, r#"{"stored":1,"refused":[{"line":2,"why":"mapping"}]}"#);
    assert_eq!(outbox.settle(first.id, &reply, at(1), &mut Seeded(1)), Settled::Acknowledged);
    let counters = outbox.counters();
    assert_eq!((counters.acknowledged, counters.lost, counters.checkpoints_lost), (1, 0, 1));
    assert!(outbox.next(at(2), &mut Seeded(1)).is_none(), "not at once");
    let next = said(&deliver(&mut outbox, at(62)));
    let loss = Loss {
        sink: "audit_log".to_owned(),
        why: "refused".to_owned(),
        records: Vec::new(),
        checkpoints: vec![(0, 0)],
    };
    assert_eq!((next.kind, next.losses), (Kind::Loss, vec![loss]));
    assert!(outbox.next(at(200), &mut Seeded(1)).is_none());
}

#[test]
fn what_a_lost_checkpoint_stated_is_stated_again() {
    let mut outbox = enrolled();
    for _ in 0..3 {
        outbox.push(issuance(), at(1));
    }
    let first = outbox.next(at(1), &mut Seeded(1)).unwrap();
    outbox.settle(first.id, &answer(200, r#"{"refused":[{"line":2,"why":"x"}]}"#), at(1), &mut Seeded(1));
    let second = outbox.next(at(1), &mut Seeded(1)).unwrap();
    assert_eq!(said(&second).losses[0].records, [(2, 2)]);
    outbox.settle(second.id, &answer(200, r#"{"refused":[{"line":2,"why":"x"}]}"#), at(1), &mut Seeded(1));
    outbox.push(issuance(), at(2));
    let third = said(&deliver(&mut outbox, at(2)));
    assert_eq!((&third.losses[0].records, &third.losses[0].checkpoints), (&vec![(2, 2)], &vec![(1, 1)]));
}

#[test]
fn a_store_that_refuses_every_checkpoint_is_not_told_so_without_end() {
    let mut outbox = enrolled();
    outbox.push(issuance(), at(1));
    let mut calls = 0;
    for second in 1..3_600 {
        if second == 1_800 {
            outbox.begin_stop(StopReason::Shutdown);
        }
        while let Some(delivery) = outbox.next(at(second), &mut Seeded(second)) {
            let line = lines(&delivery).count();
            let reply = answer(200, &format!(r#"{{"refused":[{{"line":{line},"why":"x"}}]}}"#));
            outbox.settle(delivery.id, &reply, at(second), &mut Seeded(second));
            calls += 1;
        }
    }
    assert!(calls < 100, "{calls}");
    assert!(!outbox.is_drained());
}

#[test]
fn the_longest_checkpoints_fit_their_lines_and_their_batches() {
    let mut settings = settings(8 << 20);
    let name = "n".repeat(64);
    settings.sink.name = name.clone();
    settings.evidence.domain = Some(name);
    let key = crate::record::evidence::SigningKey::draw(&mut Seeded(5)).unwrap();
    settings.evidence.signing = Signing::Configured(key.into());
    settings.evidence.config_digest = "f".repeat(64);
    settings.evidence.build = "oidc-audit/999.999.999".to_owned();
    let mut outbox = Outbox::new(settings, Observer { node: Some("\"".repeat(300)), ..Observer::default() });
    outbox.set_uptime(Some(u64::MAX));
    for class in [Class::Failure, Class::Normal, Class::Issuance] {
        for reason in [DropReason::Evicted, DropReason::Full, DropReason::NoEntropy, DropReason::Share] {
            outbox.counters.count_dropped(class, reason, u64::MAX);
        }
    }
    let far = (1 << 53) - 2_000;
    for number in 0..100 {
        outbox.untold.note_record(LossReason::Refused, far + 2 * number);
        outbox.untold.note_checkpoint(LossReason::Expired, far + 2 * number);
    }
    for _ in 0..200 {
        outbox.push(padded_issuance(200), at(1));
    }
    assert!(lines(&deliver(&mut outbox, at(1))).last().unwrap().len() < CHECKPOINT_BYTES);
    for second in [2, 90_000, 180_000] {
        outbox.beat(heads(MAX_SIBLINGS));
        let delivery = deliver(&mut outbox, at(second));
        let line = lines(&delivery).last().unwrap().len();
        let limit = if said(&delivery).covered.is_some() { CHECKPOINT_BYTES } else { MAX_LINE };
        assert!(line < limit, "{line}");
        assert!(delivery.body.len() <= 60_000);
        let delivery = deliver(&mut outbox, at(second));
        assert!(lines(&delivery).last().unwrap().len() < CHECKPOINT_BYTES);
    }
}
