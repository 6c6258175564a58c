//! The issuers' metadata documents and JWK Sets: learned when they pass by, fetched where a cluster is configured, and
//! shared by the VMs of a process, so that one of them asks and all of them know.
//!
//! A lease in shared data decides who asks. It carries the number of attempts too, so that a process asks no oftener
//! than one VM would. Whoever writes those values, [`Policy::learn`] and [`Policy::learn_keys`] read each
//! document anew.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::entropy::Entropy;
use crate::oauth::{Document, Policy};
use crate::pipeline::retry::{Pace, next_try, up_to};
use crate::time::Timestamp;

/// What must happen outside.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Fetch a document, if the claim can be made.
    Fetch(Fetch),
    /// Write a shared value, whatever is there.
    Share {
        /// Its name.
        key: String,
        /// Its new value.
        value: Vec<u8>,
    },
}

/// A document to ask for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetch {
    /// To be written first. If another VM was faster, nothing is fetched.
    pub claim: Claim,
    /// Index of the issuer, for [`Fetched`].
    pub issuer: usize,
    /// Which document of it, for [`Fetched`].
    pub document: Document,
    /// The Envoy cluster to ask.
    pub cluster: Rc<str>,
    /// `:authority`
    pub authority: String,
    /// `:path`
    pub path: String,
    /// How long the call may take.
    pub timeout_ms: u32,
}

/// A shared value to be written if nobody else has written it since it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Its name.
    pub key: String,
    /// Its new value.
    pub value: Vec<u8>,
    /// The version that was read; `None` where there was no value.
    pub version: Option<u32>,
}

/// A shared value of the process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SharedValue {
    /// The value; `None` for none. An empty one is none.
    pub value: Option<Vec<u8>>,
    /// What the host calls it, for a compare-and-swap.
    pub version: Option<u32>,
}

/// What a fetch brought.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'a> {
    /// The issuer of the [`Fetch`].
    pub issuer: usize,
    /// The document of the [`Fetch`].
    pub document: Document,
    /// `:status`; `None` when no answer came.
    pub status: Option<u16>,
    /// The body; what is over [`MAX_DOCUMENT`] may be left out.
    pub body: &'a [u8],
}

/// An issuer whose documents are fetched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FetchSettings {
    /// Index of the issuer in the policy.
    pub issuer: usize,
    /// The Envoy cluster to ask.
    pub cluster: Rc<str>,
}

/// What came of an occasion to learn.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Taught {
    pub(super) learned: u64,
    pub(super) refused: u64,
    pub(super) effects: Vec<Effect>,
}

/// What is known of each issuer's documents.
#[derive(Debug)]
pub(super) struct Metadata {
    documents: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    issuer: usize,
    kind: Document,
    document_key: String,
    lease_key: String,
    authority: String,
    cluster: Option<Rc<str>>,
    /// Digest of the document that was learned last, and when it was seen.
    document: Option<([u8; 32], Timestamp)>,
    /// Before this, shared data is not looked at.
    next_look: Timestamp,
    /// Before this, nothing is asked; drawn at the first tick.
    first_try: Option<Timestamp>,
    /// Attempts of the process, as of our last claim.
    attempts: u8,
    /// Whether it lacks something that it may have by now: a key that a token names.
    stale: bool,
}

/// Who asks, until when, and how many attempts there were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Lease {
    until: Timestamp,
    attempts: u8,
}

impl Metadata {
    pub(super) fn new(policy: &Policy, fetches: Vec<FetchSettings>) -> Self {
        let of = |(index, name)| DOCUMENTS.map(|kind| Known::new(index, kind, name));
        let names = policy.issuers.iter().map(|issuer| issuer.name.as_str()).enumerate();
        let mut documents: Vec<Known> = names.flat_map(of).collect();
        for fetch in fetches {
            for known in documents.iter_mut().filter(|known| known.issuer == fetch.issuer) {
                known.cluster = Some(Rc::clone(&fetch.cluster));
            }
        }
        Self { documents }
    }

    fn of(&mut self, issuer: usize, kind: Document) -> Option<&mut Known> {
        self.documents.iter_mut().find(|known| (known.issuer, known.kind) == (issuer, kind))
    }

    /// Learns a document that passed by, and hands it on.
    pub(super) fn passed(
        &mut self,
        policy: &mut Policy,
        (issuer, kind): (usize, Document),
        document: &[u8],
        now: Timestamp,
    ) -> Taught {
        let Some(known) = self.of(issuer, kind) else { return Taught::default() };
        if document.len() > MAX_DOCUMENT || known.is_current(document, now) {
            return Taught::default();
        }
        let mut taught = known.learn(policy, document, now);
        if taught.learned > 0 {
            taught.effects.push(known.share(document, now));
        }
        taught
    }

    /// Takes what another VM has shared of one issuer: before an exchange is opened that would else be judged by its
    /// shape alone, or its signatures not checked.
    pub(super) fn catch_up(
        &mut self,
        policy: &mut Policy,
        issuer: usize,
        read: &mut dyn FnMut(&str) -> SharedValue,
        now: Timestamp,
    ) -> Taught {
        let mut all = Taught::default();
        for known in self.documents.iter_mut().filter(|known| known.issuer == issuer) {
            let Taught { learned, refused, effects } = known.look(policy, read, now);
            all.learned = all.learned.saturating_add(learned);
            all.refused = all.refused.saturating_add(refused);
            all.effects.extend(effects);
        }
        all
    }

    /// One [`Taught`] per document that something came of.
    pub(super) fn tick(
        &mut self,
        policy: &mut Policy,
        read: &mut dyn FnMut(&str) -> SharedValue,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Vec<Taught> {
        let mut all = Vec::new();
        for known in &mut self.documents {
            let mut taught = known.look(policy, read, now);
            taught.effects.extend(known.ask(policy, read, now, entropy));
            if taught != Taught::default() {
                all.push(taught);
            }
        }
        all
    }

    pub(super) fn fetched(
        &mut self,
        policy: &mut Policy,
        fetched: Fetched<'_>,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Taught {
        let Some(known) = self.of(fetched.issuer, fetched.document) else { return Taught::default() };
        let sound = fetched.status == Some(200) && fetched.body.len() <= MAX_DOCUMENT;
        let mut taught = Taught::default();
        if sound {
            taught = known.learn(policy, fetched.body, now);
        }
        let lease = if taught.learned > 0 {
            taught.effects.push(known.share(fetched.body, now));
            Lease { until: now, attempts: 0 }
        } else {
            known.after_failure(now, entropy)
        };
        taught.effects.push(Effect::Share { key: known.lease_key.clone(), value: lease.encode() });
        taught
    }
}

impl Known {
    fn new(index: usize, kind: Document, issuer: &str) -> Self {
        let digest = Sha256::digest(issuer.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let (document, lease) = match kind {
            Document::Keys => ("keys-of", "fetch-keys-of"),
            Document::Metadata => ("metadata", "fetch"),
        };
        let authority = issuer.split_once("://").map_or(issuer, |(_, rest)| rest).split('/').next();
        Self {
            issuer: index,
            kind,
            document_key: format!("oidc-audit/1/{document}/{name}"),
            lease_key: format!("oidc-audit/1/{lease}/{name}"),
            authority: authority.unwrap_or_default().to_owned(),
            cluster: None,
            document: None,
            next_look: Timestamp::default(),
            first_try: None,
            attempts: 0,
            stale: false,
        }
    }

    /// Takes what another VM has shared, if it is newer.
    fn look(&mut self, policy: &mut Policy, read: &mut dyn FnMut(&str) -> SharedValue, now: Timestamp) -> Taught {
        let unwanted = self.kind == Document::Keys && !policy.checks_signatures();
        self.stale |= self.kind == Document::Keys && policy.take_missed_key(self.issuer);
        let later = now < self.next_look && self.next_look.millis_since(now) <= LOOK_MS;
        if unwanted || (later && !self.stale) {
            return Taught::default();
        }
        let value = read(&self.document_key).value.unwrap_or_default();
        let mut taught = Taught::default();
        if let Some((seen, document)) = read_shared(&value)
            && self.document.is_none_or(|(_, known)| seen > known)
        {
            if self.is_current(document, now) {
                self.take(document, seen);
            } else {
                taught = self.learn(policy, document, seen);
            }
        }
        // While nothing is known, every tick may bring it.
        if self.document.is_some() || taught.refused > 0 {
            self.next_look = now.plus_millis(LOOK_MS);
        }
        taught
    }

    /// Asks, if it is wanted, time, and nobody else does.
    fn ask(
        &mut self,
        policy: &Policy,
        read: &mut dyn FnMut(&str) -> SharedValue,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Option<Effect> {
        let cluster = self.cluster.clone()?;
        let path = match self.kind {
            Document::Keys => policy.keys_path(self.issuer)?,
            Document::Metadata => policy.metadata_path(self.issuer),
        };
        let lasts = if self.stale { STALE_MS } else { self.refresh_ms() };
        let fresh = self.document.is_some_and(|(_, seen)| now.millis_since(seen) < lasts);
        let first_try = *self.first_try.get_or_insert_with(|| now.plus_millis(up_to(SPREAD_MS, entropy)));
        if fresh || (now < first_try && first_try.millis_since(now) <= SPREAD_MS) {
            return None;
        }
        let shared = read(&self.lease_key);
        let lease = Lease::read(shared.value.as_deref().unwrap_or_default());
        // A lease far in the future was written before the clock was set back.
        if lease.until > now && lease.until.millis_since(now) <= PAUSE_MS {
            return None;
        }
        self.attempts = lease.attempts.saturating_add(1);
        let until = now.plus_millis(u64::from(TIMEOUT_MS).saturating_mul(2));
        let value = Lease { until, attempts: self.attempts }.encode();
        Some(Effect::Fetch(Fetch {
            claim: Claim { key: self.lease_key.clone(), value, version: shared.version },
            issuer: self.issuer,
            document: self.kind,
            cluster,
            authority: self.authority.clone(),
            path,
            timeout_ms: TIMEOUT_MS,
        }))
    }

    fn learn(&mut self, policy: &mut Policy, document: &[u8], seen: Timestamp) -> Taught {
        let taken = match self.kind {
            Document::Keys => policy.learn_keys(self.issuer, document).is_ok(),
            Document::Metadata => policy.learn(self.issuer, document).is_ok(),
        };
        if !taken {
            return Taught { refused: 1, ..Taught::default() };
        }
        self.take(document, seen);
        Taught { learned: 1, ..Taught::default() }
    }

    fn take(&mut self, document: &[u8], seen: Timestamp) {
        self.document = Some((digest(document), seen));
        self.stale = false;
    }

    /// A document is asked for again after this.
    fn refresh_ms(&self) -> u64 {
        match self.kind {
            Document::Keys => KEYS_REFRESH_MS,
            Document::Metadata => METADATA_REFRESH_MS,
        }
    }

    /// Whether this very document is known, and not so old that seeing it again is news.
    fn is_current(&self, document: &[u8], now: Timestamp) -> bool {
        self.document
            .is_some_and(|(known, seen)| now.millis_since(seen) < self.refresh_ms() / 2 && known == digest(document))
    }

    fn share(&self, document: &[u8], now: Timestamp) -> Effect {
        let value = [now.as_micros().to_be_bytes().as_slice(), document].concat();
        Effect::Share { key: self.document_key.clone(), value }
    }

    /// Attempts grow apart, and after the last one there is a long pause.
    fn after_failure(&self, now: Timestamp, entropy: &mut dyn Entropy) -> Lease {
        if self.attempts >= MAX_ATTEMPTS {
            let pause = (PAUSE_MS / 2).saturating_add(up_to(PAUSE_MS / 2, entropy));
            return Lease { until: now.plus_millis(pause), attempts: 0 };
        }
        let until = next_try(u32::from(self.attempts), Pace::Slow, None, now, entropy);
        Lease { until, attempts: self.attempts }
    }
}

impl Lease {
    /// Anything that is no lease is one that is over.
    fn read(value: &[u8]) -> Self {
        match value.split_first_chunk::<8>() {
            Some((until, [attempts])) => {
                Self { until: Timestamp::from_micros(u64::from_be_bytes(*until)), attempts: *attempts }
            }
            _ => Self::default(),
        }
    }

    fn encode(self) -> Vec<u8> {
        [self.until.as_micros().to_be_bytes().as_slice(), &[self.attempts]].concat()
    }
}

/// When a shared document was seen, and the document.
fn read_shared(value: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (seen, document) = value.split_first_chunk::<8>()?;
    Some((Timestamp::from_micros(u64::from_be_bytes(*seen)), document))
        .filter(|(_, document)| !document.is_empty() && document.len() <= MAX_DOCUMENT)
}

fn digest(document: &[u8]) -> [u8; 32] {
    Sha256::digest(document).into()
}

/// Bytes of a document. Real ones have 2 to 10 KiB.
pub const MAX_DOCUMENT: usize = 256 * 1_024;
/// Metadata first: it says where the keys are.
const DOCUMENTS: [Document; 2] = [Document::Metadata, Document::Keys];
/// A day.
const METADATA_REFRESH_MS: u64 = 24 * 3_600 * 1_000;
/// An hour: what a key signs that its issuer has withdrawn is not verified for longer.
const KEYS_REFRESH_MS: u64 = 3_600 * 1_000;
/// Anybody can write a token that names an unknown key: the issuer is asked no oftener for it.
const STALE_MS: u64 = 60_000;
/// How often a VM that knows a document looks for a newer one.
const LOOK_MS: u64 = 60_000;
/// First attempts are spread over this: all proxies of a fleet start at once.
const SPREAD_MS: u64 = 2_000;
const TIMEOUT_MS: u32 = 5_000;
/// After so many attempts in a row the process pauses.
const MAX_ATTEMPTS: u8 = 8;
/// Half to all of an hour.
const PAUSE_MS: u64 = 3_600 * 1_000;

#[cfg(test)]
mod tests;
