//! The chain of one stream as its writer keeps it: counts, the key of the epoch, and what the last checkpoint hashed to.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::checkpoint::{Certificate, Checkpoint, Covered, Head, Kind, Loss, Opening};
use super::hash::Digest;
use super::key::{PublicKey, SigningKey};
use super::skew::Skew;
use super::{claims, jws, line};
use crate::entropy::{Entropy, NoEntropy};
use crate::record::audit::StopReason;
use crate::record::batch::StreamId;
use crate::time::Timestamp;

/// Writes the checkpoints of one stream.
#[derive(Debug)]
pub struct Chain {
    identity: Identity,
    signing: Signing,
    stream: StreamId,
    next: u64,
    previous: Option<Digest>,
    total: u64,
    epoch: Epoch,
    /// When `open` or the last `anchor` was written.
    anchored: Timestamp,
}

/// Who writes, and under what; the same in every checkpoint of a stream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// The audit domain.
    pub domain: Option<String>,
    /// The writer's group.
    pub group: Option<String>,
    /// Digest of the effective configuration, hex.
    pub config: String,
    /// Name and version of the filter.
    pub build: String,
    /// Seconds within which more is promised.
    pub promise: u64,
}

/// Whose key stands behind a stream.
#[derive(Clone, Debug, Default)]
pub enum Signing {
    /// The operator's: it signs `open` and vouches for the key of every epoch.
    Configured(Rc<SigningKey>),
    /// The stream's own, drawn with its first record: whoever receives `open` says whose it is.
    Enrolled,
    /// Nobody's: checkpoints number, chain and hash, and prove nothing to who does not trust the store.
    #[default]
    Unsigned,
}

/// What the next checkpoint is to say of this moment.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// Records of its batch.
    pub covered: Option<Covered>,
    /// Events that are neither settled nor covered.
    pub pending: u64,
    /// Events that never had a number, since the stream began.
    pub dropped: BTreeMap<String, u64>,
    /// What was given up since.
    pub losses: Vec<Loss>,
    /// What answers since the last checkpoint show of providers' clocks.
    pub skews: Vec<Skew>,
    /// The heads of the other streams of the process, where this is its beat.
    pub beat: Option<Vec<Head>>,
    /// Where this is its orderly end.
    pub end: Option<StopReason>,
    /// Microseconds of a clock that is never set.
    pub uptime: Option<u64>,
}

/// A checkpoint as it is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// Which one of which stream, and the digest of its compact text.
    pub head: Head,
    /// Canonical text of its line, without line end.
    pub line: String,
}

/// The key of some checkpoints in a row.
#[derive(Debug)]
struct Epoch {
    number: u64,
    /// `None`: unsigned.
    key: Option<SigningKey>,
    certificate: Option<Certificate>,
    since: Timestamp,
    /// Checkpoints that the key has signed.
    signed: u64,
}

impl Signing {
    /// The word of `audit.start`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Configured(_) => "configured",
            Self::Enrolled => "enrolled",
            Self::Unsigned => "unsigned",
        }
    }
}

impl Chain {
    /// Begins the chain of a stream; its first checkpoint will be `open`.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`]: there is no key without random bytes.
    pub fn open(
        identity: Identity,
        signing: Signing,
        stream: StreamId,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, NoEntropy> {
        let epoch = Epoch::begin(&signing, stream, 0, now, entropy)?;
        Ok(Self { identity, signing, stream, next: 0, previous: None, total: 0, epoch, anchored: now })
    }

    /// Whether a checkpoint is to be written although there is nothing else to say: a key that has signed is to go, or a
    /// day has passed.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next > 0 && (self.epoch.is_over(now) || self.wants_anchor(now))
    }

    /// The latest checkpoint; `None` before the first.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        let number = self.next.checked_sub(1)?;
        self.previous.map(|digest| Head { stream: self.stream, number, digest })
    }

    /// The thumbprint of the key that signs now, for `audit.start`; `None`: unsigned.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        self.epoch.key.as_ref().map(SigningKey::public)
    }

    /// Writes the next checkpoint. One signature; at the end of an epoch two more and a new key.
    ///
    /// Without random bytes an epoch lasts on: the old key is better than none.
    pub fn seal(&mut self, statement: Statement, now: Timestamp, entropy: &mut dyn Entropy) -> Sealed {
        let over = self.next > 0 && statement.end.is_none() && self.epoch.is_over(now);
        let number = self.epoch.number.saturating_add(1);
        let new = if over { Epoch::begin(&self.signing, self.stream, number, now, entropy).ok() } else { None };
        let kind = self.kind(&statement, new.is_some(), now);
        let covered = statement.covered.as_ref().map_or(0, Covered::count);
        self.total = self.total.saturating_add(covered);
        let checkpoint = self.checkpoint(kind, statement, new.as_ref(), now);
        let own = match &self.signing {
            Signing::Configured(key) if kind == Kind::Open => Some(key.as_ref()),
            Signing::Configured(_) | Signing::Enrolled | Signing::Unsigned => self.epoch.key.as_ref(),
        };
        let compact = jws::compact(&claims::encode(&checkpoint), own, jws::TYP);
        let digest = Digest::of(compact.as_bytes());
        self.previous = Some(digest);
        self.next = self.next.saturating_add(1);
        self.epoch.count(now);
        if let Some(new) = new {
            // The old key is wiped here.
            self.epoch = new;
        }
        if matches!(kind, Kind::Anchor | Kind::Open) || self.anchored > now {
            self.anchored = now;
        }
        Sealed {
            head: Head { stream: self.stream, number: checkpoint.number, digest },
            line: line::write(&checkpoint, &compact),
        }
    }

    fn kind(&self, statement: &Statement, rolls: bool, now: Timestamp) -> Kind {
        match statement {
            _ if self.next == 0 => Kind::Open,
            Statement { end: Some(_), .. } => Kind::Close,
            _ if rolls => Kind::Roll,
            _ if self.wants_anchor(now) => Kind::Anchor,
            Statement { beat: Some(_), .. } => Kind::Beat,
            Statement { covered: None, losses, .. } if !losses.is_empty() => Kind::Loss,
            Statement { covered: None, .. } => Kind::Beat,
            Statement { covered: Some(_), .. } => Kind::Batch,
        }
    }

    fn checkpoint(&self, kind: Kind, statement: Statement, new: Option<&Epoch>, now: Timestamp) -> Checkpoint {
        let Identity { domain, group, config, build, promise } = &self.identity;
        let restates = matches!(kind, Kind::Anchor | Kind::Open);
        let names = restates || kind == Kind::Roll;
        let next_key = new.unwrap_or(&self.epoch).key.as_ref().map(SigningKey::public);
        Checkpoint {
            stream: self.stream,
            number: self.next,
            kind,
            domain: domain.clone(),
            group: group.clone(),
            epoch: self.epoch.number,
            covered: statement.covered,
            total: self.total,
            previous: self.previous,
            issued: now,
            uptime: statement.uptime,
            promise: *promise,
            pending: statement.pending,
            dropped: statement.dropped,
            losses: statement.losses,
            skews: statement.skews,
            siblings: statement.beat.unwrap_or_default(),
            opening: restates.then(|| Opening { config: config.clone(), build: build.clone() }),
            next_key: next_key.filter(|_| names),
            certificate: self.epoch.certificate.filter(|_| kind != Kind::Open),
            end: statement.end,
        }
    }

    fn wants_anchor(&self, now: Timestamp) -> bool {
        now.millis_since(self.anchored) >= ANCHOR_MS
    }
}

impl Epoch {
    fn begin(
        signing: &Signing,
        stream: StreamId,
        number: u64,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, NoEntropy> {
        let key = match signing {
            Signing::Unsigned => None,
            Signing::Configured(_) | Signing::Enrolled => Some(SigningKey::draw(entropy)?),
        };
        let certificate = match (signing, &key) {
            (Signing::Configured(signer), Some(key)) => Some(Certificate::issue(signer, stream, number, key.public())),
            _ => None,
        };
        Ok(Self { number, key, certificate, since: now, signed: 0 })
    }

    /// Whether a key has signed, and long or often enough.
    fn is_over(&self, now: Timestamp) -> bool {
        let old = now.millis_since(self.since) >= EPOCH_MS;
        self.key.is_some() && self.signed > 0 && (old || self.signed >= EPOCH_CHECKPOINTS)
    }

    fn count(&mut self, now: Timestamp) {
        self.signed = self.signed.saturating_add(1);
        // A clock that was set back would make the epoch last.
        self.since = self.since.min(now);
    }
}

/// 15 minutes. Longer, and who reads a key out of memory can rewrite that much more.
pub(super) const EPOCH_MS: u64 = 15 * 60 * 1_000;
/// Checkpoints of one key.
pub(super) const EPOCH_CHECKPOINTS: u64 = 4_096;
/// 24 hours. Longer, and old records can be removed in coarser steps only.
pub(super) const ANCHOR_MS: u64 = 24 * 60 * 60 * 1_000;
