//! Brings sealed batches to one sink: in order, one delivery in flight, again until they are settled.
//!
//! Knows parts of batches, attempts and answers. Does not know drafts, nor how losses are declared.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use crate::entropy::Entropy;
use crate::pipeline::retry::{LONGEST_WAIT, Pace, next_try};
use crate::pipeline::sink::{Delivery, DeliveryId, Field, Refusals, Reply, SinkSettings, Verdict, classify, encode};
use crate::record::SealedBatch;
use crate::time::Timestamp;

/// Sealed batches on their way, oldest first.
#[derive(Debug)]
pub(super) struct Courier {
    settings: SinkSettings,
    head: Rc<[Field]>,
    parts: VecDeque<Part>,
    last_id: u64,
    /// Failed attempts since the sink last took something.
    failures: u32,
    not_before: Timestamp,
    /// Whether the sink has ever taken something: if not, what it refuses may be our way of asking.
    trusted: bool,
}

/// What an answer did to the part that it is about.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Settlement {
    /// Taken, but for these lines, which are refused for good.
    Acknowledged { part: SealedBatch, refused: Refusals },
    /// Given up: a single line that is refused for good.
    Refused { part: SealedBatch },
    /// To be sent again, not before this.
    Retry { at: Timestamp },
    /// Both halves are to be sent in its place.
    Split,
}

#[derive(Debug)]
struct Part {
    batch: SealedBatch,
    /// Checkpoint and bytes of the batch that it was sealed in: all parts share them.
    origin: (u64, usize),
    sealed: Timestamp,
    /// The attempt under way, and when it is taken for dead.
    attempt: Option<(DeliveryId, Timestamp)>,
}

impl Courier {
    pub(super) fn new(settings: SinkSettings) -> Self {
        let head = settings.head();
        let (failures, not_before) = (0, Timestamp::default());
        Self { settings, head, parts: VecDeque::new(), last_id: 0, failures, not_before, trusted: false }
    }

    /// Takes a batch on.
    pub(super) fn take(&mut self, batch: SealedBatch, now: Timestamp) {
        let origin = (batch.sealed_by(), footprint(&batch));
        self.parts.push_back(Part { batch, origin, sealed: now, attempt: None });
    }

    /// Whether something may be sent now. `at_once`: whatever is under way or to be waited for.
    pub(super) fn is_free(&self, now: Timestamp, at_once: bool) -> bool {
        // A wait longer than any that is ever asked for was measured by a clock that has been set back since.
        let waited = now >= self.not_before || self.not_before.millis_since(now) > LONGEST_WAIT;
        at_once || (waited && self.parts.iter().all(|part| part.attempt.is_none()))
    }

    /// Begins an attempt to deliver the oldest part that none is under way for.
    pub(super) fn send(&mut self, now: Timestamp) -> Option<Delivery> {
        let part = self.parts.iter_mut().find(|part| part.attempt.is_none())?;
        self.last_id = self.last_id.saturating_add(1);
        let id = DeliveryId(self.last_id);
        let patience = u64::from(self.settings.timeout_ms).saturating_mul(2).saturating_add(GRACE);
        part.attempt = Some((id, now.plus_millis(patience)));
        Some(Delivery {
            id,
            cluster: Rc::clone(&self.settings.cluster),
            headers: Rc::clone(&self.head),
            body: encode(&part.batch),
            timeout_ms: self.settings.timeout_ms,
        })
    }

    /// Attempts whose answer never came, although the host promises one: they count as failed. How many there were.
    pub(super) fn expire(&mut self, now: Timestamp, entropy: &mut dyn Entropy) -> u64 {
        let mut expired = 0;
        for part in &mut self.parts {
            if part.attempt.is_some_and(|(_, deadline)| now >= deadline) {
                part.attempt = None;
                expired += 1;
            }
        }
        if expired > 0 {
            self.wait(Pace::Brisk, None, now, entropy);
        }
        expired
    }

    /// Takes an answer. `None` for an attempt that is not under way.
    pub(super) fn settle(
        &mut self,
        id: DeliveryId,
        reply: &Reply,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Option<Settlement> {
        let at = self.parts.iter().position(|part| part.attempt.is_some_and(|(attempt, _)| attempt == id))?;
        let part = self.parts.get_mut(at)?;
        part.attempt = None;
        let (verdict, retry_after) = match reply {
            Reply::Transport => (Verdict::Busy, None),
            Reply::Response { status, retry_after, body_prefix } => {
                (classify(&self.settings.accept, *status, body_prefix, &part.batch), retry_after.as_deref())
            }
        };
        let single = part.batch.line_count() == 1;
        match verdict {
            Verdict::Accepted(refused) => {
                self.failures = 0;
                self.not_before = now;
                self.trusted = true;
                self.parts.remove(at).map(|part| Settlement::Acknowledged { part: part.batch, refused })
            }
            Verdict::Refused | Verdict::Unreadable if !single => self.split(at),
            // 400 to everything that was ever sent is about how we ask; 413 to one line is about the line.
            Verdict::Refused if self.trusted || too_large(reply) => {
                // A pause, or a sink that refuses all would be asked without end at the speed of its answers.
                self.wait(Pace::Brisk, retry_after, now, entropy);
                self.parts.remove(at).map(|part| Settlement::Refused { part: part.batch })
            }
            Verdict::Busy => Some(self.wait(Pace::Brisk, retry_after, now, entropy)),
            Verdict::Misconfigured | Verdict::Refused | Verdict::Unreadable => {
                Some(self.wait(Pace::Slow, retry_after, now, entropy))
            }
        }
    }

    /// Gives up the oldest batch, if it was sealed before `limit` and nothing of it is under way.
    pub(super) fn give_up_older_than(&mut self, limit: Timestamp) -> Option<Vec<SealedBatch>> {
        let oldest = self.parts.front()?;
        let (origin, old) = (oldest.origin, oldest.sealed < limit);
        let under_way = self.parts.iter().any(|part| part.origin == origin && part.attempt.is_some());
        if !old || under_way {
            return None;
        }
        let mut given_up = Vec::new();
        while self.parts.front().is_some_and(|part| part.origin == origin) {
            given_up.extend(self.parts.pop_front().map(|part| part.batch));
        }
        Some(given_up)
    }

    /// Batches of which something is not settled, and the bytes that they take.
    pub(super) fn load(&self) -> (usize, usize) {
        let origins: BTreeSet<(u64, usize)> = self.parts.iter().map(|part| part.origin).collect();
        let bytes = origins.iter().fold(0_usize, |sum, (_, bytes)| sum.saturating_add(*bytes));
        (origins.len(), bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a part waits that no attempt is under way for.
    pub(super) fn has_waiting(&self) -> bool {
        self.parts.iter().any(|part| part.attempt.is_none())
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    #[cfg(test)]
    pub(super) fn forget_the_wait(&mut self) {
        self.not_before = Timestamp::default();
    }

    fn split(&mut self, at: usize) -> Option<Settlement> {
        let part = self.parts.get_mut(at)?;
        let (first, second) = part.batch.halves()?;
        part.batch = first;
        let second = Part { batch: second, origin: part.origin, sealed: part.sealed, attempt: None };
        self.parts.insert(at.saturating_add(1), second);
        Some(Settlement::Split)
    }

    fn wait(
        &mut self,
        pace: Pace,
        retry_after: Option<&[u8]>,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Settlement {
        self.failures = self.failures.saturating_add(1);
        self.not_before = next_try(self.failures, pace, retry_after, now, entropy);
        Settlement::Retry { at: self.not_before }
    }
}

/// Memory of a whole sealed batch: its records, and where each line ends. Its checkpoint has memory of its own, which is set
/// apart from the queue's.
fn footprint(batch: &SealedBatch) -> usize {
    let checkpoint = batch.lines().last().map_or(0, str::len);
    let ends = batch.line_count().saturating_mul(size_of::<usize>());
    batch.text().len().saturating_sub(checkpoint).saturating_add(ends)
}

fn too_large(reply: &Reply) -> bool {
    matches!(reply, Reply::Response { status: 413, .. })
}

/// Milliseconds beyond twice the call's own timeout. The host ends every call; if it ever does not, the queue goes on.
const GRACE: u64 = 5_000;
