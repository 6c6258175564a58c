//! What a checkpoint says. Integers and names only: nothing in it is personal data.

use std::collections::BTreeMap;

use super::hash::Digest;
use super::key::{PublicKey, SigningKey};
use super::skew::Skew;
use crate::record::audit::StopReason;
use crate::record::batch::StreamId;
use crate::time::Timestamp;

/// A statement over a batch, and over its stream up to here. Its claims are in `docs/record-format.md`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// `str`
    pub stream: StreamId,
    /// `n`: 0, 1, 2, ... without holes in a stream.
    pub number: u64,
    /// `knd`
    pub kind: Kind,
    /// `iss`: the audit domain, where one is configured.
    pub domain: Option<String>,
    /// `grp`: the writer: `namespace/workload/pod` in a mesh, else the node's id.
    pub group: Option<String>,
    /// `ep`: how many keys have signed in this stream before the one of this epoch.
    pub epoch: u64,
    /// `first`, `last`, `cnt`, `root`, `lvs`; `None`: it covers no record.
    pub covered: Option<Covered>,
    /// `tot`: records sealed since the stream began, those covered here included.
    pub total: u64,
    /// `prev`: of the compact text before this; `None` for the first.
    pub previous: Option<Digest>,
    /// `iat`: the proxy's clock.
    pub issued: Timestamp,
    /// `mono`: microseconds of a clock that is never set, from a zero point of its own; `None` where the host has none.
    pub uptime: Option<u64>,
    /// `nb`: seconds within which the stream or a sibling's beat says more.
    pub promise: u64,
    /// `pend`: events created and neither acknowledged, dropped, given up nor covered here.
    pub pending: u64,
    /// `drop`: events that never had a number, since the stream began, by class and reason (`failure.share`).
    pub dropped: BTreeMap<String, u64>,
    /// `loss`: what was given up and is stated in no earlier checkpoint.
    pub losses: Vec<Loss>,
    /// `skew`: how far clocks of providers are from the proxy's, as answers since the last checkpoint show.
    pub skews: Vec<Skew>,
    /// `sib`: a beat: the latest checkpoints of the other streams of the process.
    pub siblings: Vec<Head>,
    /// `cfg`, `bin`, `alg_h`, `can`: in `open` and `anchor`.
    pub opening: Option<Opening>,
    /// `cnf`: in `open`, `roll` and `anchor`: what signs the checkpoints that follow.
    pub next_key: Option<PublicKey>,
    /// `crt`: that the configured key vouches for the one that signed this; `None` where it signed itself, and where none
    /// is configured.
    pub certificate: Option<Certificate>,
    /// `end`: in `close`, and in an `open` that is the end too.
    pub end: Option<StopReason>,
}

/// What a checkpoint was written for. Whatever it is, it covers the records of its batch, if there are any.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Once in 24 hours: restates what a reader needs who has nothing from before.
    Anchor,
    /// Records.
    Batch,
    /// Presence of the process.
    Beat,
    /// The orderly end.
    Close,
    /// What was given up.
    Loss,
    /// The first of a stream.
    Open,
    /// The last that an epoch's key signs.
    Roll,
}

/// The records of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Covered {
    /// Number of the first record.
    pub first: u64,
    /// Number of the last record, not below `first`.
    pub last: u64,
    /// Root of the tree of their leaves, in the order of their numbers.
    pub root: Digest,
    /// The first [`LEAF_PREFIX`] bytes of each leaf, in the same order: says which record was changed, and of the others that
    /// they were not, where one of them is gone.
    pub leaves: Vec<u8>,
}

/// Records and checkpoints that one sink never acknowledged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loss {
    /// `sink`: its name.
    pub sink: String,
    /// `why`: a word of the code: `refused`, `expired`.
    pub why: String,
    /// `ranges`: sequence numbers, both ends included.
    pub records: Vec<(u64, u64)>,
    /// `cps`: numbers of checkpoints, both ends included.
    pub checkpoints: Vec<(u64, u64)>,
}

/// The latest checkpoint of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// `str`
    pub stream: StreamId,
    /// `n`
    pub number: u64,
    /// `h`: of its compact text.
    pub digest: Digest,
}

/// Under what the stream is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// `cfg`: SHA-256 of the effective configuration, as `audit.start` says it; empty where there is none.
    pub config: String,
    /// `bin`: name and version of the filter; empty where it is not said.
    pub build: String,
}

/// That a configured key vouches for the key of an epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// `x`: the key of the epoch.
    pub key: PublicKey,
    /// `kid`: thumbprint of the configured key.
    pub kid: Digest,
    /// `sig`: its signature of [`Certificate::text`].
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// Its id in the store: `<stream>-c<n>`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-c{}", self.stream, self.number)
    }
}

impl Covered {
    /// How many records.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    /// Whether the record of a number has this leaf; `None` when no such record is covered.
    #[must_use]
    pub fn has(&self, number: u64, leaf: &Digest) -> Option<bool> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let stated = self.leaves.chunks_exact(LEAF_PREFIX).nth(index)?;
        Some(leaf.as_bytes().starts_with(stated))
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [Self::Anchor, Self::Batch, Self::Beat, Self::Close, Self::Loss, Self::Open, Self::Roll];

    /// The word of the claim.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Batch => "batch",
            Self::Beat => "beat",
            Self::Close => "close",
            Self::Loss => "loss",
            Self::Open => "open",
            Self::Roll => "roll",
        }
    }
}

impl Certificate {
    /// Vouches for the key of an epoch.
    #[must_use]
    pub fn issue(signer: &SigningKey, stream: StreamId, epoch: u64, key: PublicKey) -> Self {
        let signature = signer.sign(Self::text(stream, epoch, key).as_bytes());
        Self { key, kid: signer.public().thumbprint(), signature }
    }

    /// Whether this key made it, and is the one that it names.
    #[must_use]
    pub fn is_issued_by(&self, key: &PublicKey, stream: StreamId, epoch: u64) -> bool {
        self.kid == key.thumbprint() && key.made(Self::text(stream, epoch, self.key).as_bytes(), &self.signature)
    }

    /// What is signed: four lines, the last one without line end.
    #[must_use]
    pub fn text(stream: StreamId, epoch: u64, key: PublicKey) -> String {
        format!("oidc-audit-epoch/1\n{stream}\n{epoch}\n{key}")
    }
}

/// Bytes of each leaf in a checkpoint: as hard to meet by another record as SHA-256 is to collide.
pub const LEAF_PREFIX: usize = 16;
