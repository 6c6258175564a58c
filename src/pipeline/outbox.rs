//! The bounded outbox: drafts in lanes, sealed once, brought to the sink until they are acknowledged or declared lost.
//!
//! Sans-I/O: [`Outbox::next`] hands out what to send and [`Outbox::settle`] takes the answer. Conservation holds at every
//! moment: events created = events sealed + events dropped + events in memory, and every drop and every loss is stated in
//! an `audit.drop` record as soon as one can be sealed. Every batch ends with a checkpoint, which states the same once more,
//! signed, and what became of checkpoints too.

use std::collections::BTreeMap;
use std::fmt;

use crate::entropy::Entropy;
use crate::pipeline::counters::{Counters, DropReason, add};
use crate::pipeline::courier::{Courier, Settlement};
use crate::pipeline::flood::{COALESCED, Flood, Offered, events};
use crate::pipeline::lanes::Lanes;
use crate::pipeline::sink::{Delivery, DeliveryId, Refusals, Reply, SinkSettings};
use crate::pipeline::tombstones::Tombstones;
use crate::pipeline::undeclared::{LossReason, Undeclared};
use crate::record::audit::StopReason;
use crate::record::evidence::Chain;
use crate::record::{BatchLimits, Class, Draft, Observer, SealedBatch, Sealer, StreamId};
use crate::time::Timestamp;

mod checkpointing;
mod sealing;
#[cfg(test)]
mod tests;

use checkpointing::Ends;
pub use checkpointing::EvidenceSettings;
pub(crate) use checkpointing::{BEAT_SECONDS, CHECKPOINT_BYTES};
use sealing::MAX_SEALED_BATCHES;

/// How much the outbox holds and for how long.
#[derive(Clone, Debug)]
pub struct OutboxSettings {
    /// Bytes of drafts and sealed batches: half of `limits.memory`. At least [`MIN_QUEUE_BYTES`] is taken.
    pub queue_bytes: usize,
    /// How long a sealed batch is kept for a sink that does not take it, once its memory is needed. As long as it is not,
    /// it is kept.
    pub keep_ms: u64,
    /// Where records go.
    pub sink: SinkSettings,
    /// How they are sealed.
    pub evidence: EvidenceSettings,
}

/// Drafts and sealed batches of one root context.
#[derive(Debug)]
pub struct Outbox {
    observer: Observer,
    keep_ms: u64,
    limits: BatchLimits,
    lanes: Lanes,
    flood: Flood,
    undeclared: Undeclared,
    courier: Courier,
    evidence: EvidenceSettings,
    /// Drawn when the first record is sealed.
    sealer: Option<Sealer>,
    /// Drawn with it.
    chain: Option<Chain>,
    ends: Ends,
    /// What was given up and is in no checkpoint yet.
    untold: Tombstones,
    /// What the checkpoints that are not settled say of it, by their number.
    told: Vec<(u64, Tombstones)>,
    /// Numbers of coalesced records that are not settled, and the events beyond the first that each stands for.
    coalesced: BTreeMap<u64, u64>,
    /// What the `audit.drop` records that are not settled say, by number.
    declared: BTreeMap<u64, Undeclared>,
    /// Records given up so far, for `audit.stop`; the first [`MAX_LOST`] ranges.
    lost: Vec<(u64, u64)>,
    /// When a draft was last dropped for want of memory.
    pressed: Option<Timestamp>,
    stopping: Option<Stopping>,
    counters: Counters,
}

/// What an answer did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// The records are stored; single ones that the sink refuses are given up and will be declared.
    Acknowledged,
    /// A record, or a batch that is too old, was given up and will be declared.
    GaveUp,
    /// The same again, not before this.
    RetryAt(Timestamp),
    /// Two smaller deliveries take its place: call [`Outbox::next`].
    Split,
    /// No such attempt is under way.
    Unknown,
}

/// What would be lost if the process ended now: for the one log line that a dying proxy can still write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LossStatement {
    /// The stream; `None` when nothing was ever sealed.
    pub stream: Option<StreamId>,
    /// Number of the last sealed record, 0 for none.
    pub last: u64,
    /// Events since the beginning, `audit.*` among them.
    pub created: u64,
    /// Events whose record the sink has acknowledged.
    pub acknowledged: u64,
    /// Events in memory alone, or in a batch without an answer.
    pub unacknowledged: u64,
    /// How many of the created ones are `audit.*`.
    pub audit: u64,
    /// Events dropped since the beginning.
    pub dropped: u64,
    /// Events given up since the beginning.
    pub lost: u64,
    /// Dropped events and given-up records that no acknowledged record states.
    pub undeclared: u64,
}

#[derive(Debug)]
struct Stopping {
    reason: StopReason,
    /// One delivery goes out whatever is under way: the process may be about to end.
    at_once: bool,
    stated: bool,
}

impl OutboxSettings {
    /// Everything at its default, for one sink.
    #[must_use]
    pub fn new(sink: SinkSettings) -> Self {
        Self { queue_bytes: DEFAULT_QUEUE_BYTES, keep_ms: DEFAULT_KEEP_MS, sink, evidence: EvidenceSettings::default() }
    }
}

impl Outbox {
    /// An empty outbox. Draws nothing and writes nothing.
    #[must_use]
    pub fn new(settings: OutboxSettings, observer: Observer) -> Self {
        let bytes = settings.queue_bytes.max(MIN_QUEUE_BYTES).saturating_sub(CHECKPOINT_BYTES * MAX_SEALED_BATCHES);
        let most = MAX_BATCH_BYTES - CHECKPOINT_BYTES;
        let limits = BatchLimits { bytes: (bytes / 5).min(most), records: MAX_BATCH_RECORDS };
        Self {
            observer,
            keep_ms: settings.keep_ms,
            limits,
            lanes: Lanes::new(bytes),
            flood: Flood::default(),
            undeclared: Undeclared::default(),
            courier: Courier::new(settings.sink),
            evidence: settings.evidence,
            sealer: None,
            chain: None,
            ends: Ends::default(),
            untold: Tombstones::default(),
            told: Vec::new(),
            coalesced: BTreeMap::new(),
            declared: BTreeMap::new(),
            lost: Vec::new(),
            pressed: None,
            stopping: None,
            counters: Counters::default(),
        }
    }

    /// Queues a draft, or counts it as dropped. Repeated failures may be held back and become one record.
    pub fn push(&mut self, draft: Draft, now: Timestamp) {
        self.counters.created = self.counters.created.saturating_add(events(&draft));
        if draft.record().event.starts_with("audit.") {
            add(&mut self.counters.audit, 1);
        }
        self.end_window(now);
        match draft.class() {
            Class::Failure => self.push_failure(draft, now),
            Class::Issuance => self.push_reserved(draft, now),
            Class::Normal => self.enqueue(draft, now),
        }
        self.measure();
    }

    /// The next delivery, if one is due. Call it on every tick and after every answer.
    ///
    /// What is queued is sealed here, when the sink is free to take it and never before: until then priorities hold.
    pub fn next(&mut self, now: Timestamp, entropy: &mut dyn Entropy) -> Option<Delivery> {
        self.end_window(now);
        let expired = self.courier.expire(now, entropy);
        add(&mut self.counters.retried, expired);
        self.give_up_expired(now);
        let at_once = self.stopping.as_ref().is_some_and(|stopping| stopping.at_once);
        if !self.courier.is_free(now, at_once) {
            return None;
        }
        if !self.courier.has_waiting() && self.may_seal() {
            self.seal(now, entropy);
        }
        let delivery = self.courier.send(now);
        if delivery.is_some() {
            add(&mut self.counters.deliveries, 1);
            if let Some(stopping) = &mut self.stopping {
                stopping.at_once = false;
            }
        }
        self.measure();
        delivery
    }

    /// Takes the answer to a delivery.
    pub fn settle(&mut self, id: DeliveryId, reply: &Reply, now: Timestamp, entropy: &mut dyn Entropy) -> Settled {
        let Some(settlement) = self.courier.settle(id, reply, now, entropy) else { return Settled::Unknown };
        self.counters.count_reply(match reply {
            Reply::Response { status, .. } => Some(*status),
            Reply::Transport => None,
        });
        let settled = match settlement {
            Settlement::Acknowledged { part, refused } => {
                self.counters.last_acknowledged = Some(now);
                self.acknowledge_part(&part, &refused, now);
                Settled::Acknowledged
            }
            Settlement::Refused { part } => {
                self.lose_all(&part, LossReason::Refused, now);
                Settled::GaveUp
            }
            Settlement::Retry { at } => {
                add(&mut self.counters.retried, 1);
                if self.give_up_expired(now) { Settled::GaveUp } else { Settled::RetryAt(at) }
            }
            Settlement::Split => {
                add(&mut self.counters.split, 1);
                Settled::Split
            }
        };
        self.measure();
        settled
    }

    /// Begins the orderly end: nothing is held back any longer, the next delivery goes out whatever is under way, and
    /// `audit.stop` follows the last record. Without any record there is no stream, and nothing to stop.
    pub fn begin_stop(&mut self, reason: StopReason) {
        if self.stopping.is_none() {
            self.release_held();
            self.stopping = Some(Stopping { reason, at_once: true, stated: false });
        }
    }

    /// Whether nothing is left to do: no draft, no sealed record, no loss to declare, and after [`Self::begin_stop`] the
    /// stop is on record.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.is_empty() && self.undeclared.is_empty() && !self.owes_stop() && !self.owes_close()
    }

    /// Whether no draft and no sealed record is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.flood.is_empty() && self.courier.is_empty()
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What would be lost if the process ended now.
    #[must_use]
    pub fn loss_statement(&self) -> LossStatement {
        let declared = self.declared.values().map(Undeclared::count);
        LossStatement {
            stream: self.sealer.as_ref().map(Sealer::stream),
            last: self.sealer.as_ref().map_or(0, Sealer::sealed),
            created: self.counters.created,
            acknowledged: self.counters.acknowledged,
            unacknowledged: self.counters.unacknowledged(),
            audit: self.counters.audit,
            dropped: self.counters.dropped(),
            lost: self.counters.lost,
            undeclared: declared.fold(self.undeclared.count(), u64::saturating_add),
        }
    }

    pub(super) fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }

    /// Counts an event that could not be made into a draft.
    pub(super) fn refuse(&mut self, class: Class, reason: DropReason, now: Timestamp) {
        add(&mut self.counters.created, 1);
        self.drop_events(class, reason, 1, now);
    }

    fn push_failure(&mut self, draft: Draft, now: Timestamp) {
        if self.stopping.is_some() {
            return self.enqueue(draft, now);
        }
        let size = draft.size().saturating_add(COALESCED);
        let room = self.lanes.fits(Class::Failure, size).map_or(0, |()| size);
        match self.flood.offer(draft, now, room) {
            Offered::Passes(draft) => self.enqueue(draft, now),
            Offered::Merged => add(&mut self.counters.coalesced, 1),
            Offered::Refused => self.drop_events(Class::Failure, DropReason::Share, 1, now),
            Offered::Taken => {}
        }
        self.lanes.held = self.flood.bytes();
    }

    fn push_reserved(&mut self, draft: Draft, now: Timestamp) {
        let size = draft.size();
        while self.lanes.fits(Class::Issuance, size).is_err() && self.lanes.would_fit(size) {
            let Some(evicted) = self.flood.evict().or_else(|| self.lanes.evict()) else { break };
            self.lanes.held = self.flood.bytes();
            self.drop_events(evicted.class(), DropReason::Evicted, events(&evicted), now);
        }
        self.enqueue(draft, now);
    }

    fn enqueue(&mut self, draft: Draft, now: Timestamp) {
        let (class, events) = (draft.class(), events(&draft));
        if let Err(reason) = self.lanes.push(draft) {
            self.drop_events(class, reason, events, now);
        }
    }

    fn drop_events(&mut self, class: Class, reason: DropReason, events: u64, now: Timestamp) {
        self.counters.count_dropped(class, reason, events);
        self.undeclared.note_dropped(class, reason, events, now);
        self.pressed = Some(now);
    }

    fn end_window(&mut self, now: Timestamp) {
        if self.flood.is_due(now) {
            self.release_held();
        }
    }

    fn release_held(&mut self) {
        for draft in self.flood.end_window() {
            self.lanes.admit(draft);
        }
        self.lanes.held = self.flood.bytes();
    }

    /// A batch that is too old ends as declared losses, but only when drafts were dropped after its time was over: as long
    /// as nothing else wants the memory, it is kept.
    fn give_up_expired(&mut self, now: Timestamp) -> bool {
        let Some(pressed) = self.pressed else { return false };
        let limit = pressed.min(now).as_micros().saturating_sub(self.keep_ms.saturating_mul(1_000));
        let Some(parts) = self.courier.give_up_older_than(Timestamp::from_micros(limit)) else { return false };
        self.pressed = None;
        for part in parts {
            self.lose_all(&part, LossReason::Expired, now);
        }
        true
    }

    fn acknowledge_part(&mut self, part: &SealedBatch, refused: &Refusals, now: Timestamp) {
        for number in part.numbers() {
            if refused.records.contains(&number) {
                self.lose(number, LossReason::Refused, now);
            } else {
                self.acknowledge(number);
            }
        }
        match part.checkpoint() {
            Some(number) if refused.checkpoint => self.lose_checkpoint(number, LossReason::Refused),
            Some(number) => self.acknowledge_checkpoint(number),
            None => {}
        }
    }

    fn acknowledge(&mut self, number: u64) {
        let more = self.coalesced.remove(&number).unwrap_or_default();
        add(&mut self.counters.acknowledged, more.saturating_add(1));
        self.declared.remove(&number);
    }

    fn lose_all(&mut self, part: &SealedBatch, reason: LossReason, now: Timestamp) {
        for number in part.numbers() {
            self.lose(number, reason, now);
        }
        if let Some(number) = part.checkpoint() {
            self.lose_checkpoint(number, reason);
        }
    }

    fn lose(&mut self, number: u64, reason: LossReason, now: Timestamp) {
        let more = self.coalesced.remove(&number).unwrap_or_default();
        add(&mut self.counters.lost, more.saturating_add(1));
        self.undeclared.note_lost(reason, number, number, now);
        self.untold.note_record(reason, number);
        // What it declared is undeclared again.
        if let Some(declared) = self.declared.remove(&number) {
            self.undeclared.restore(declared);
        }
        let room = self.lost.len() < MAX_LOST;
        match self.lost.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ if room => self.lost.push((number, number)),
            _ => {}
        }
    }

    /// Brings the numbers that describe this moment up to date.
    fn measure(&mut self) {
        let (batches, bytes) = self.courier.load();
        self.lanes.sealed = bytes;
        self.counters.sealed_batches = u64::try_from(batches).unwrap_or(u64::MAX);
        self.counters.queue_bytes = u64::try_from(self.lanes.bytes()).unwrap_or(u64::MAX);
    }
}

impl fmt::Display for LossStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stream {
            Some(stream) => write!(f, "stream={stream}")?,
            None => f.write_str("stream=none")?,
        }
        write!(f, " last={} created={} acknowledged={}", self.last, self.created, self.acknowledged)?;
        write!(f, " unacknowledged={} audit={}", self.unacknowledged, self.audit)?;
        write!(f, " dropped={} lost={} undeclared={}", self.dropped, self.lost, self.undeclared)
    }
}

/// Less would not hold one record of 16 KiB per batch and a few drafts of every class.
pub const MIN_QUEUE_BYTES: usize = 128 * 1_024;
/// Half of the 16 MiB that are the default of `limits.memory`.
const DEFAULT_QUEUE_BYTES: usize = 8 * 1_024 * 1_024;
/// 15 minutes.
const DEFAULT_KEEP_MS: u64 = 15 * 60 * 1_000;
/// Its checkpoint included. With more, the last batch of a process no longer fits the initial window of HTTP/2 (65 535 bytes) and is cut.
const MAX_BATCH_BYTES: usize = 60_000;
/// More would make a split at a store that refuses one record that much longer.
const MAX_BATCH_RECORDS: usize = 64;
/// Ranges that one `audit.stop` names; each of them was named in an `audit.drop` too.
const MAX_LOST: usize = 64;
