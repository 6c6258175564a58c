//! Random push, next, settle and clock sequences against a model of what a sink has.

use proptest::prelude::*;

use super::*;
use crate::entropy::NoEntropy;
use crate::record::evidence::{Digest, SigningKey, Tree};
use crate::secret::Secret;

#[derive(Clone, Debug)]
enum Step {
    Push(Kind),
    Beat(usize),
    Next,
    /// The host has no more than so many random values left.
    NextNearlyDry(u8),
    Settle(Answer),
    Wait(u64),
    Back(u64),
    Stop,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Failures(usize, usize),
    Issuances(usize),
    Normals(usize),
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    /// It was stored, and the answer arrives.
    Stored,
    /// It was stored, and the answer is lost.
    StoredSilently,
    /// It was stored but for some records, and for its checkpoint where the highest bit is set.
    StoredBut(u64),
    Refused(u16),
    Busy(u16),
    Never,
    Stale,
}

#[expect(clippy::disallowed_types, reason = "prop_oneof shares its strategies in an Arc")]
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        (1usize..160, 0usize..70).prop_map(|(count, key)| Kind::Failures(count, key)),
        (1usize..30).prop_map(Kind::Issuances),
        (1usize..30).prop_map(Kind::Normals),
    ];
    let answer = prop_oneof![
        4 => Just(Answer::Stored),
        2 => Just(Answer::StoredSilently),
        2 => any::<u64>().prop_map(Answer::StoredBut),
        2 => prop_oneof![Just(400u16), Just(413)].prop_map(Answer::Refused),
        2 => prop_oneof![Just(429u16), Just(503), Just(401), Just(302)].prop_map(Answer::Busy),
        1 => Just(Answer::Never),
        1 => Just(Answer::Stale),
    ];
    let step = prop_oneof![
        6 => kind.prop_map(Step::Push),
        6 => Just(Step::Next),
        1 => (0usize..48).prop_map(Step::Beat),
        1 => (0u8..5).prop_map(Step::NextNearlyDry),
        6 => answer.prop_map(Step::Settle),
        3 => (0u64..20_000).prop_map(Step::Wait),
        1 => (0u64..2_000_000).prop_map(Step::Wait),
        1 => (0u64..900_000).prop_map(Step::Back),
        1 => Just(Step::Stop),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What the store has, and what was said to the outbox.
#[derive(Default)]
struct World {
    /// Every line ever sent, by number: the bytes of a number never change.
    sent: BTreeMap<u64, Value>,
    stored: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    checkpoints: Checkpoints,
    pushed: u64,
    in_flight: Vec<Delivery>,
}

/// The same of checkpoints.
#[derive(Default)]
struct Checkpoints {
    sent: BTreeMap<u64, CheckpointLine>,
    /// Lines of records, which their roots are checked with.
    records: BTreeMap<u64, String>,
    stored: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    refused: BTreeSet<u64>,
}

impl Checkpoints {
    fn hand_out(&mut self, delivery: &Delivery, numbers: &[u64]) {
        for (number, line) in numbers.iter().zip(lines(delivery)) {
            self.records.insert(*number, line.to_owned());
        }
        if checkpoint(delivery).is_none() {
            return;
        }
        let line = CheckpointLine::parse(lines(delivery).last().unwrap()).unwrap();
        let number = line.checkpoint.number;
        assert!(!self.acknowledged.contains(&number), "checkpoint {number} is acknowledged and sent again");
        assert!(!self.refused.contains(&number), "checkpoint {number} is given up and sent again");
        if let Some(known) = self.sent.get(&number) {
            assert_eq!(*known, line, "the bytes of checkpoint {number} changed");
            return;
        }
        self.judge(&line);
        self.sent.insert(number, line);
    }

    /// It is chained to the one before it, and covers what was sent since.
    fn judge(&self, line: &CheckpointLine) {
        let said = &line.checkpoint;
        let before = said.number.checked_sub(1).map(|number| &self.sent[&number]);
        assert_eq!(said.previous, before.map(|before| Digest::of(before.jws.as_bytes())));
        let total = before.map_or(0, |before| before.checkpoint.total);
        assert_eq!(said.total, total + said.covered.as_ref().map_or(0, |covered| covered.count()));
        if let Some(covered) = &said.covered {
            assert_eq!((covered.first, covered.last), (total + 1, said.total));
            let leaf = |number| Digest::leaf(self.records[&number].as_bytes());
            assert_eq!(Some(covered.root), (covered.first..=covered.last).map(leaf).collect::<Tree>().root());
        }
        let signed = line.signed().unwrap();
        let key = said.certificate.map_or(signer().public(), |certificate| certificate.key);
        assert!(signed.is_signed_by(&key));
    }

    /// What acknowledged checkpoints say that was lost: records, and checkpoints.
    fn told(&self) -> (BTreeSet<u64>, BTreeSet<u64>) {
        let (mut records, mut checkpoints) = (BTreeSet::new(), BTreeSet::new());
        for loss in self.acknowledged.iter().flat_map(|number| &self.sent[number].checkpoint.losses) {
            records.extend(loss.records.iter().flat_map(|(first, last)| *first..=*last));
            checkpoints.extend(loss.checkpoints.iter().flat_map(|(first, last)| *first..=*last));
        }
        (records, checkpoints)
    }
}

fn signer() -> SigningKey {
    SigningKey::from_seed(&Secret::new(zeroize::Zeroizing::new([9; 32])))
}

fn signed_outbox() -> Outbox {
    let mut settings = settings(MIN_QUEUE_BYTES);
    settings.evidence.signing = Signing::Configured(signer().into());
    Outbox::new(settings, Observer::default())
}

impl World {
    fn hand_out(&mut self, delivery: Delivery) {
        assert!(delivery.body.len() <= 60_000);
        for (record, number) in records(&delivery).into_iter().zip(numbers(&delivery)) {
            assert!(!self.acknowledged.contains(&number), "{number} is acknowledged and sent again");
            assert!(!self.refused.contains(&number), "{number} is given up and sent again");
            let known = self.sent.entry(number).or_insert_with(|| record.clone());
            assert_eq!(*known, record, "the bytes of {number} changed");
        }
        self.checkpoints.hand_out(&delivery, &numbers(&delivery));
        self.in_flight.push(delivery);
    }

    fn events(&self, numbers: impl Iterator<Item = u64>) -> u64 {
        numbers.map(|number| self.sent[&number]["coalesced"]["count"].as_u64().unwrap_or(1)).sum()
    }

    /// Drops that the records of these numbers declare.
    fn declared(&self, numbers: impl Iterator<Item = u64>) -> u64 {
        let drops = numbers.filter_map(|number| self.sent[&number]["audit"]["dropped"].as_object());
        drops.flat_map(|dropped| dropped.values().filter_map(Value::as_u64)).sum()
    }

    fn declared_lost(&self, numbers: impl Iterator<Item = u64>) -> BTreeSet<u64> {
        let losses = numbers.filter_map(|number| self.sent[&number]["audit"]["loss"].as_array());
        let ranges = losses.flatten().flat_map(|loss| loss["ranges"].as_array().unwrap());
        ranges.flat_map(|range| range[0].as_u64().unwrap()..=range[1].as_u64().unwrap()).collect()
    }
}

/// Gives way after so many values.
struct NearlyDry(Seeded, u8);

impl Entropy for NearlyDry {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.1 = self.1.checked_sub(1).ok_or(NoEntropy)?;
        self.0.fill(bytes)
    }
}

/// Drafts to clone: making one takes longer than all that is done with it.
struct Pool {
    failures: Vec<Draft>,
    issuances: Vec<Draft>,
    normals: Vec<Draft>,
}

impl Pool {
    fn new() -> Self {
        let errors = ["invalid_grant", "invalid_client"];
        let failures = (0..142).map(|n| failure(errors[n % 2], &format!("10.0.{}.1:1", n / 2)));
        Self {
            failures: failures.collect(),
            issuances: (0..6).map(|n| padded_issuance(n * 400)).collect(),
            normals: (0..4).map(|n| padded_normal(n * 500)).collect(),
        }
    }

    fn draft(&self, kind: Kind, n: usize) -> Draft {
        match kind {
            // Half of a push is one key, the other half has many.
            Kind::Failures(_, key) if n.is_multiple_of(2) => self.failures[key * 2].clone(),
            Kind::Failures(_, key) => self.failures[(key + n) % self.failures.len()].clone(),
            Kind::Issuances(_) => self.issuances[n % self.issuances.len()].clone(),
            Kind::Normals(_) => self.normals[n % self.normals.len()].clone(),
        }
    }
}

fn push(outbox: &mut Outbox, world: &mut World, pool: &Pool, kind: Kind, now: Timestamp) {
    let (Kind::Failures(count, _) | Kind::Issuances(count) | Kind::Normals(count)) = kind;
    for n in 0..count {
        let draft = pool.draft(kind, n);
        let shares = outbox.lanes.shares();
        let reserved = shares.all - shares.unreserved;
        let free = outbox.lanes.bytes_of(Class::Issuance) + draft.size() <= reserved;
        let before = outbox.counters().dropped_by(Class::Issuance, DropReason::Full);
        let is_issuance = draft.class() == Class::Issuance;
        outbox.push(draft, now);
        world.pushed += 1;
        if is_issuance && free {
            assert_eq!(outbox.counters().dropped_by(Class::Issuance, DropReason::Full), before, "the share was free");
        }
    }
}

fn settle(outbox: &mut Outbox, world: &mut World, answer_kind: Answer, now: Timestamp, entropy: &mut Seeded) {
    if world.in_flight.is_empty() {
        return;
    }
    let delivery = world.in_flight.remove(0);
    let sent = numbers(&delivery);
    let sealed_by = checkpoint(&delivery).map(|checkpoint| checkpoint.number);
    let line_count = lines(&delivery).count();
    let reply = match answer_kind {
        Answer::Never => return,
        Answer::Stale => {
            let id = DeliveryId(delivery.id.0 + 1_000_000);
            assert_eq!(outbox.settle(id, &answer(200, ""), now, entropy), Settled::Unknown);
            world.in_flight.insert(0, delivery);
            return;
        }
        Answer::Stored => {
            world.stored.extend(&sent);
            world.checkpoints.stored.extend(sealed_by);
            answer(200, "")
        }
        Answer::StoredSilently => {
            world.stored.extend(&sent);
            world.checkpoints.stored.extend(sealed_by);
            Reply::Transport
        }
        Answer::StoredBut(mask) => {
            // What the store has already it does not refuse.
            let bad = |number: &&u64| mask >> (**number % 64) & 1 == 1 && !world.stored.contains(number);
            let refused: BTreeSet<u64> = sent.iter().filter(bad).copied().collect();
            let stream = outbox.loss_statement().stream.unwrap();
            let unsealed = sealed_by.filter(|number| mask >> 63 == 1 && !world.checkpoints.stored.contains(number));
            let names = refused.iter().map(u64::to_string).chain(unsealed.map(|number| format!("c{number}")));
            let entries: Vec<Value> =
                names.map(|name| serde_json::json!({"id": format!("{stream}-{name}"), "why": "conflict"})).collect();
            world.checkpoints.stored.extend(sealed_by.filter(|_| unsealed.is_none()));
            world.stored.extend(sent.iter().filter(|number| !refused.contains(number)));
            answer(200, &serde_json::json!({"stored": sent.len() - refused.len(), "refused": entries}).to_string())
        }
        Answer::Refused(status) | Answer::Busy(status) => answer(status, "some text"),
    };
    match outbox.settle(delivery.id, &reply, now, entropy) {
        Settled::Acknowledged => {
            let refused: BTreeSet<u64> = sent.iter().filter(|number| !world.stored.contains(number)).copied().collect();
            world.acknowledged.extend(sent.iter().filter(|number| !refused.contains(number)));
            world.refused.extend(refused);
            let checkpoints = &mut world.checkpoints;
            match sealed_by {
                Some(number) if checkpoints.stored.contains(&number) => checkpoints.acknowledged.insert(number),
                Some(number) => checkpoints.refused.insert(number),
                None => false,
            };
        }
        Settled::GaveUp if matches!(answer_kind, Answer::Refused(_)) && line_count == 1 => {
            world.refused.extend(&sent);
            world.checkpoints.refused.extend(sealed_by);
        }
        Settled::Split => assert!(matches!(answer_kind, Answer::Refused(_)) && line_count > 1),
        Settled::GaveUp | Settled::RetryAt(_) | Settled::Unknown => {}
    }
}

fn invariants(outbox: &Outbox, world: &World) {
    let counters = outbox.counters();
    let held: u64 = outbox.lanes.drafts().chain(outbox.flood.drafts()).map(events).sum();
    assert_eq!(counters.created, counters.sealed + counters.dropped() + held, "conservation");
    assert_eq!(counters.created - world.pushed, counters.audit);
    let shares = outbox.lanes.shares();
    assert!(outbox.lanes.bytes() <= shares.all);
    assert!(outbox.lanes.bytes_of(Class::Failure) + outbox.lanes.held <= shares.failure);
    let unreserved = outbox.lanes.bytes_of(Class::Failure) + outbox.lanes.held + outbox.lanes.bytes_of(Class::Normal);
    assert!(unreserved <= shares.unreserved);
    assert!(outbox.courier.load().0 <= 5);
    assert_eq!(outbox.lanes.held, outbox.flood.bytes());
    assert_eq!(counters.acknowledged, world.events(world.acknowledged.iter().copied()));
    let declared: u64 = outbox.declared.values().map(Undeclared::dropped).sum();
    let settled = world.acknowledged.iter().copied();
    assert_eq!(
        counters.dropped(),
        world.declared(settled) + outbox.undeclared.dropped() + declared,
        "every drop is declared once, or about to be"
    );
}

fn run(steps: Vec<Step>, seed: u64) {
    let pool = Pool::new();
    let mut outbox = signed_outbox();
    let mut world = World::default();
    let mut entropy = Seeded(seed);
    let mut now = at(1_000_000);
    for step in steps {
        match step {
            Step::Push(kind) => push(&mut outbox, &mut world, &pool, kind, now),
            Step::Beat(siblings) => {
                let head = Head { stream: StreamId::from_bytes([7; 16]), number: 1, digest: Digest::of(b"") };
                outbox.beat(vec![head; siblings]);
            }
            Step::Next => {
                let delivery = outbox.next(now, &mut entropy);
                delivery.into_iter().for_each(|delivery| world.hand_out(delivery));
            }
            Step::NextNearlyDry(left) => {
                let delivery = outbox.next(now, &mut NearlyDry(Seeded(seed ^ now.as_micros()), left));
                delivery.into_iter().for_each(|delivery| world.hand_out(delivery));
            }
            Step::Settle(answer) => settle(&mut outbox, &mut world, answer, now, &mut entropy),
            Step::Wait(millis) => now = now.plus_millis(millis),
            Step::Back(millis) => now = Timestamp::from_micros(now.as_micros() - millis * 1_000),
            Step::Stop => outbox.begin_stop(StopReason::Reload),
        }
        invariants(&outbox, &world);
    }
    drain(&mut outbox, &mut world, now, &mut entropy);
}

/// The sink is well again: everything is stored or declared.
fn drain(outbox: &mut Outbox, world: &mut World, mut now: Timestamp, entropy: &mut Seeded) {
    outbox.begin_stop(StopReason::Shutdown);
    for _ in 0..500 {
        now = now.plus_millis(61_000);
        outbox.next(now, entropy).into_iter().for_each(|delivery| world.hand_out(delivery));
        settle(outbox, world, Answer::Stored, now, entropy);
        invariants(outbox, world);
        if outbox.is_drained() {
            break;
        }
    }
    assert!(outbox.is_drained());
    let counters = outbox.counters();
    let numbers = || world.acknowledged.iter().copied();
    assert_eq!(counters.created, world.events(numbers()) + counters.lost + world.declared(numbers()));
    assert_eq!(counters.unacknowledged(), 0);
    assert_eq!(outbox.loss_statement().undeclared, 0);
    let all: BTreeSet<u64> = (1..=outbox.loss_statement().last).collect();
    let lost = world.declared_lost(numbers());
    assert_eq!(all, world.acknowledged.union(&lost).copied().collect(), "every number is stored or declared lost");
    assert!(world.acknowledged.is_disjoint(&lost), "no acknowledged record is declared lost");
    assert!(world.refused.is_subset(&lost));
    let (told, told_checkpoints) = world.checkpoints.told();
    assert_eq!(told, lost, "every loss is in a checkpoint too");
    let sealed: BTreeSet<u64> = (0..=outbox.head().map_or(0, |head| head.number)).collect();
    let acknowledged = &world.checkpoints.acknowledged;
    if outbox.head().is_some() {
        let all: BTreeSet<u64> = acknowledged.union(&told_checkpoints).copied().collect();
        assert_eq!(sealed, all, "every checkpoint is stored or declared lost");
        assert!(acknowledged.is_disjoint(&told_checkpoints));
        assert!(world.checkpoints.refused.is_subset(&told_checkpoints));
        let last = &world.checkpoints.sent[acknowledged.last().unwrap()].checkpoint;
        assert!(last.end.is_some());
    }
    assert!(world.acknowledged.is_subset(&world.stored));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_loses_or_doubles_a_record_or_outgrows_its_memory(steps in steps(), seed in any::<u64>()) {
        run(steps, seed);
    }
}
