//! From drafts to a sealed batch: numbers are given here and nowhere else.

use crate::entropy::Entropy;
use crate::pipeline::counters::add;
use crate::pipeline::flood::events;
use crate::pipeline::outbox::{Outbox, Stopping};
use crate::record::{Draft, OpenBatch, Sequence, audit};
use crate::time::Timestamp;

/// What became of the attempt to add a record to a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Added,
    /// The batch is full, or the host gave no random bytes. What was to be added is where it was.
    Ended,
    /// There was nothing to add.
    Nothing,
}

impl Outbox {
    /// Whether there is memory for one more batch: sealed bytes never take what is reserved for class issuance.
    pub(super) fn may_seal(&self) -> bool {
        let (batches, bytes) = self.courier.load();
        let room = bytes.saturating_add(self.limits.bytes) <= self.lanes.shares().unreserved;
        batches < MAX_SEALED_BATCHES && room
    }

    /// Seals as many drafts as fit into one batch, oldest first, beginning with what is to be declared; and its checkpoint.
    pub(super) fn seal(&mut self, now: Timestamp, entropy: &mut dyn Entropy) {
        let records = !self.lanes.is_empty() || !self.undeclared.is_empty() || self.owes_stop();
        let owed = self.owes_checkpoint(now);
        if !records && !owed {
            return;
        }
        // Taken out, because an open batch holds on to the one, and what the other says is asked of the outbox.
        let writers = self.sealer.take().zip(self.chain.take());
        let Some((mut sealer, mut chain)) = writers.or_else(|| self.begin(now, entropy)) else { return };
        let mut batch = sealer.open(self.limits);
        let before = self.counters.sealed;
        // The names of many siblings leave no room for records.
        if chain.head().is_none() || self.ends.beat.as_ref().is_none_or(Vec::is_empty) {
            self.fill(&mut batch, now, entropy);
        }
        let covered = batch.covered();
        if covered.is_some() || owed {
            let events = self.counters.sealed.saturating_sub(before);
            let checkpoint = self.write_checkpoint(&mut chain, (covered, events), now, entropy);
            self.courier.take(batch.close(&checkpoint), now);
        }
        self.sealer = Some(sealer);
        self.chain = Some(chain);
    }

    /// Whether the stream has records and its orderly end is not among them yet.
    pub(super) fn owes_stop(&self) -> bool {
        self.stopping.as_ref().is_some_and(|stopping| !stopping.stated) && self.sealer.is_some()
    }

    fn fill(&mut self, batch: &mut OpenBatch<'_>, now: Timestamp, entropy: &mut dyn Entropy) {
        // `audit.start` is the oldest draft of all, and stays the first record of its stream.
        if batch.next() == Sequence::FIRST && self.seal_queued(batch, entropy) == Step::Ended {
            return;
        }
        let mut declared = Step::Nothing;
        loop {
            // It needs memory of its own, which there may be only when drafts have left.
            if declared == Step::Nothing {
                declared = self.seal_declaration(batch, now, entropy);
            }
            if declared == Step::Ended {
                return;
            }
            match self.seal_queued(batch, entropy) {
                Step::Added => {}
                Step::Ended => return,
                Step::Nothing => break,
            }
        }
        self.seal_stop(batch, now, entropy);
    }

    fn seal_queued(&mut self, batch: &mut OpenBatch<'_>, entropy: &mut dyn Entropy) -> Step {
        // At the end there may be no second batch: what is reserved goes first.
        let queued = if self.stopping.is_some() { self.lanes.pop_reserved_first() } else { self.lanes.pop() };
        let Some((arrival, draft)) = queued else { return Step::Nothing };
        let (number, events) = (batch.next().number(), events(&draft));
        match batch.add(draft, entropy) {
            Ok(()) => {
                add(&mut self.counters.sealed, events);
                if events > 1 {
                    self.coalesced.insert(number, events.saturating_sub(1));
                }
                Step::Added
            }
            Err(not_added) => {
                self.lanes.give_back((arrival, not_added.draft));
                Step::Ended
            }
        }
    }

    /// `audit.drop`. What it states stays undeclared until it is sealed.
    fn seal_declaration(&mut self, batch: &mut OpenBatch<'_>, now: Timestamp, entropy: &mut dyn Entropy) -> Step {
        if self.undeclared.is_empty() || !self.has_room_for_own(batch) {
            return Step::Nothing;
        }
        let taken = self.undeclared.take();
        let number = batch.next().number();
        let draft = taken.draft(&self.observer, self.courier.name(), now);
        if self.seal_own(batch, draft, entropy) == Step::Ended {
            self.undeclared.restore(taken);
            return Step::Ended;
        }
        self.declared.insert(number, taken);
        Step::Added
    }

    /// `audit.stop`, when nothing is left before it.
    fn seal_stop(&mut self, batch: &mut OpenBatch<'_>, now: Timestamp, entropy: &mut dyn Entropy) {
        let Some(Stopping { reason, at_once, stated: false }) = self.stopping else { return };
        let records = batch.next().number().saturating_sub(Sequence::FIRST.number());
        let draft = audit::stop(&self.observer, now, &audit::Stop { lost: &self.lost, reason, records });
        if records > 0 && self.has_room_for_own(batch) && self.seal_own(batch, draft, entropy) == Step::Added {
            self.stopping = Some(Stopping { reason, at_once, stated: true });
        }
    }

    /// A record made while sealing takes no draft's memory over.
    fn has_room_for_own(&self, batch: &OpenBatch<'_>) -> bool {
        self.lanes.bytes().saturating_add(batch.bytes()).saturating_add(MAX_OWN_BYTES) <= self.lanes.shares().all
    }

    /// A record about the recorder itself, made at this moment.
    fn seal_own(&mut self, batch: &mut OpenBatch<'_>, draft: Draft, entropy: &mut dyn Entropy) -> Step {
        if batch.add(draft, entropy).is_err() {
            return Step::Ended;
        }
        add(&mut self.counters.created, 1);
        add(&mut self.counters.audit, 1);
        add(&mut self.counters.sealed, 1);
        Step::Added
    }
}

/// More would bound the memory of batches no better, and a longer row of unanswered ones helps nobody.
pub(super) const MAX_SEALED_BATCHES: usize = 5;
/// Bytes of an `audit.drop` or `audit.stop` record at most.
const MAX_OWN_BYTES: usize = 8 * 1_024;
