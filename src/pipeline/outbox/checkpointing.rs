//! When the outbox seals with a checkpoint, what the checkpoint says of this moment, and what becomes of a lost one.

use std::collections::BTreeMap;

use crate::entropy::Entropy;
use crate::pipeline::clocks::Clocks;
use crate::pipeline::counters::add;
use crate::pipeline::outbox::{Outbox, Stopping};
use crate::pipeline::undeclared::LossReason;
use crate::record::evidence::{Chain, Covered, Head, Identity, Sealed, Signing, Statement};
use crate::record::{Observer, Sealer, StreamId};
use crate::time::Timestamp;

/// Who signs, and what checkpoints say of the configuration.
#[derive(Clone, Debug)]
pub struct EvidenceSettings {
    /// Whose key.
    pub signing: Signing,
    /// The audit domain: claim `iss`.
    pub domain: Option<String>,
    /// SHA-256 of the effective configuration, hex.
    pub config_digest: String,
    /// Name and version of the filter.
    pub build: String,
    /// Seconds between two beats of a process.
    pub beat_seconds: u32,
}

/// What the outbox keeps to write checkpoints.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// A beat is due, and names these.
    pub(super) beat: Option<Vec<Head>>,
    /// Checkpoints `close` that were written, and whether the latest one was not lost.
    closes: u32,
    closed: bool,
    /// When the last checkpoint was written.
    last: Timestamp,
    /// Checkpoints that are not settled.
    unsettled: Vec<Head>,
    /// The latest one that the sink has acknowledged.
    acknowledged: Option<Head>,
    /// What answers since the last checkpoint show of providers' clocks.
    clocks: Clocks,
    /// Of a clock that is never set.
    pub(super) uptime: Option<u64>,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self {
            signing: Signing::default(),
            domain: None,
            config_digest: String::new(),
            build: String::new(),
            beat_seconds: BEAT_SECONDS,
        }
    }
}

impl EvidenceSettings {
    fn identity(&self, observer: &Observer) -> Identity {
        Identity {
            domain: self.domain.clone(),
            group: observer.group(),
            config: self.config_digest.clone(),
            build: self.build.clone(),
            // Another stream takes over after half a beat, and looks are a sixth of one apart.
            promise: u64::from(self.beat_seconds).saturating_mul(2),
        }
    }
}

impl Outbox {
    /// Has this stream beat, and name these heads, as soon as the sink is free.
    pub fn beat(&mut self, siblings: Vec<Head>) {
        self.ends.beat = Some(siblings);
    }

    /// Says what a clock shows that is never set: microseconds from any zero point. Call it before [`Outbox::next`].
    pub fn set_uptime(&mut self, uptime: Option<u64>) {
        self.ends.uptime = uptime;
    }

    /// Takes what an answer of a provider shows of its clock; see [`Clocks::note`].
    pub(in crate::pipeline) fn note_clock(
        &mut self,
        issuer: &str,
        date: &[u8],
        iat: Option<u64>,
        seen: (Timestamp, Timestamp),
    ) {
        self.ends.clocks.note(issuer, date, iat, seen);
    }

    /// The latest checkpoint of the stream; `None` before its first record.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.chain.as_ref().and_then(Chain::head)
    }

    /// The latest checkpoint that the sink has acknowledged. What siblings say of a stream must not be more than can be found
    /// of it when the process is killed.
    #[must_use]
    pub fn acknowledged_head(&self) -> Option<Head> {
        self.ends.acknowledged
    }

    /// Whose key signs, in the word of `audit.start`.
    pub(in crate::pipeline) fn signing(&self) -> &'static str {
        self.evidence.signing.as_str()
    }

    /// Draws a stream and its first key.
    pub(super) fn begin(&self, now: Timestamp, entropy: &mut dyn Entropy) -> Option<(Sealer, Chain)> {
        let stream = StreamId::draw(entropy).ok()?;
        let identity = self.evidence.identity(&self.observer);
        let chain = Chain::open(identity, self.evidence.signing.clone(), stream, now, entropy).ok()?;
        Some((Sealer::new(stream), chain))
    }

    /// Whether a checkpoint is to be written although there is no record.
    pub(super) fn owes_checkpoint(&self, now: Timestamp) -> bool {
        let Some(chain) = self.chain.as_ref().filter(|chain| chain.head().is_some()) else { return false };
        let quiet = now.millis_since(self.ends.last).max(self.ends.last.millis_since(now)) >= LOSS_PAUSE_MS;
        // Not at once: a store that refuses checkpoints would be sent one for each that it refuses.
        let states_loss = !self.untold.is_empty() && quiet;
        let closes = self.owes_close() && (self.ends.closes < MAX_CLOSES || quiet);
        // A stream that ends needs no new key and no anchor: a `close` is neither.
        let due = chain.is_due(now) && !self.is_stopped();
        self.ends.beat.is_some() || due || closes || states_loss
    }

    /// Whether the stream's orderly end is on record, and no checkpoint says so.
    pub(super) fn owes_close(&self) -> bool {
        self.is_stopped() && self.head().is_some() && (!self.ends.closed || !self.untold.is_empty())
    }

    fn is_stopped(&self) -> bool {
        matches!(self.stopping, Some(Stopping { stated: true, .. }))
    }

    /// Writes the checkpoint of a batch; `events` are those that it covers.
    pub(super) fn write_checkpoint(
        &mut self,
        chain: &mut Chain,
        (covered, events): (Option<Covered>, u64),
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Sealed {
        let stated = self.untold.take();
        let end = self.stopping.as_ref().filter(|stopping| stopping.stated).map(|stopping| stopping.reason);
        let statement = Statement {
            covered,
            pending: self.counters.unacknowledged().saturating_sub(events),
            dropped: self.dropped(),
            losses: stated.losses(self.courier.name()),
            // `open` is presence enough, and its records leave no room for names.
            beat: self.ends.beat.take().filter(|_| chain.head().is_some()),
            end,
            skews: self.ends.clocks.take(),
            uptime: self.ends.uptime,
        };
        let closes = end.is_some();
        let sealed = chain.seal(statement, now, entropy);
        add(&mut self.counters.checkpoints, 1);
        self.ends.last = now;
        self.ends.unsettled.push(sealed.head);
        if closes {
            self.ends.closed = true;
            self.ends.closes = self.ends.closes.saturating_add(1);
        }
        if !stated.is_empty() {
            self.told.push((sealed.head.number, stated));
        }
        sealed
    }

    pub(super) fn acknowledge_checkpoint(&mut self, number: u64) {
        if let Some(at) = self.ends.unsettled.iter().position(|head| head.number == number) {
            let head = self.ends.unsettled.swap_remove(at);
            if self.ends.acknowledged.is_none_or(|known| known.number < number) {
                self.ends.acknowledged = Some(head);
            }
        }
        self.told.retain(|(told, _)| *told != number);
    }

    pub(super) fn lose_checkpoint(&mut self, number: u64, reason: LossReason) {
        add(&mut self.counters.checkpoints_lost, 1);
        self.ends.unsettled.retain(|head| head.number != number);
        // What it stated is unstated again.
        if let Some(at) = self.told.iter().position(|(told, _)| *told == number) {
            self.untold.restore(self.told.swap_remove(at).1);
        }
        self.untold.note_checkpoint(reason, number);
        if self.head().is_some_and(|head| head.number == number) {
            self.ends.closed = false;
        }
    }

    fn dropped(&self) -> BTreeMap<String, u64> {
        let named = |(class, reason, count): (crate::record::Class, crate::pipeline::DropReason, u64)| {
            (format!("{}.{}", class.as_str(), reason.as_str()), count)
        };
        self.counters.drops().map(named).collect()
    }
}

/// `beat_seconds` where nothing else is configured.
pub(crate) const BEAT_SECONDS: u32 = 60;
/// Milliseconds before a checkpoint that says nothing but what was given up.
const LOSS_PAUSE_MS: u64 = 60_000;
/// A store that refuses `close` is told so often at once, and then at the pace of other losses.
const MAX_CLOSES: u32 = 4;
/// Bytes of the line of a checkpoint that covers records, or names what was given up: kept free in a batch, and apart
/// from the queue.
pub(crate) const CHECKPOINT_BYTES: usize = 7 * 1_024;
