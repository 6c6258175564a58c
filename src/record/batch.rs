//! A record's place in a stream, and batches of sealed records with their checkpoint, whose bytes never change again.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy::{Entropy, NoEntropy};
use crate::record::canonical::to_canonical;
use crate::record::draft::Draft;
use crate::record::evidence::{Covered, Digest, LEAF_PREFIX, Sealed, Tree};

/// Names one stream: 128 random bits, written as 32 lower-case hex digits. One per root context.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct StreamId([u8; 16]);

/// Place of a record in its stream, from 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Sequence(u64);

/// Numbers the records of one stream.
#[derive(Debug)]
pub struct Sealer {
    stream: StreamId,
    next: Sequence,
}

/// How large a batch may become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BatchLimits {
    /// Bytes of all records' lines, line ends included. The checkpoint's come on top.
    pub bytes: usize,
    /// Records.
    pub records: usize,
}

/// A batch that records are still added to.
#[derive(Debug)]
pub struct OpenBatch<'s> {
    sealer: &'s mut Sealer,
    limits: BatchLimits,
    first: Sequence,
    text: String,
    ends: Vec<usize>,
    /// Of the leaves of the records in it.
    tree: Tree,
    /// The beginnings of those leaves.
    leaves: Vec<u8>,
}

/// The draft that was not added, as it was.
#[derive(Debug)]
pub struct NotAdded {
    /// The draft.
    pub draft: Draft,
    /// Why it was not added.
    pub why: Why,
}

/// Why a draft was not added to a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// It is for the next batch.
    Full,
    /// There is no salt: the host gave no random bytes. The draft stays where it was.
    NoEntropy,
}

/// Sealed records of one stream with consecutive numbers, and the checkpoint that covers them: canonical lines, each ended
/// by a line feed. A half of one has a part of the records, or has the checkpoint, which is last.
///
/// Cheap to clone and to halve: the bytes are shared and never change.
#[derive(Clone, Eq, PartialEq)]
pub struct SealedBatch {
    stream: StreamId,
    first: Sequence,
    /// Number of its checkpoint.
    sealed_by: u64,
    text: Rc<str>,
    /// Of every line; the last one is the checkpoint's.
    ends: Rc<[usize]>,
    range: Range<usize>,
}

impl StreamId {
    /// Draws the id of a new stream.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] when the host gives no random bytes.
    pub fn draw(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// From bytes that are drawn already.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What `Display` writes, in its one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let spelled = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = if spelled { u128::from_str_radix(text, 16).ok() } else { None };
        number.map(|number| Self(number.to_be_bytes()))
    }

    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Sequence {
    /// The first place of a stream.
    pub const FIRST: Self = Self(1);

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    fn plus(self, records: usize) -> Self {
        Self(self.0.saturating_add(u64::try_from(records).unwrap_or(u64::MAX)))
    }
}

impl Sealer {
    /// For a stream without records.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        Self { stream, next: Sequence::FIRST }
    }

    /// Begins a batch. Numbers are given as drafts are added; a batch that nothing was added to uses none.
    pub fn open(&mut self, limits: BatchLimits) -> OpenBatch<'_> {
        let first = self.next;
        OpenBatch {
            sealer: self,
            limits,
            first,
            text: String::new(),
            ends: Vec::new(),
            tree: Tree::default(),
            leaves: Vec::new(),
        }
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The number that the next record will have.
    #[must_use]
    pub fn next(&self) -> Sequence {
        self.next
    }

    /// How many records have a number.
    #[must_use]
    pub fn sealed(&self) -> u64 {
        self.next.0.saturating_sub(Sequence::FIRST.0)
    }
}

impl OpenBatch<'_> {
    /// Gives a draft its number and salt, and adds its bytes.
    ///
    /// A batch takes its first draft whatever its size.
    ///
    /// # Errors
    ///
    /// [`NotAdded`] with the draft as it was, and no number used: the batch is full, or there is no salt.
    pub fn add(&mut self, mut draft: Draft, entropy: &mut dyn Entropy) -> Result<(), Box<NotAdded>> {
        if self.ends.len() >= self.limits.records {
            return Err(Box::new(NotAdded { draft, why: Why::Full }));
        }
        let mut salt = [0; 16];
        if entropy.fill(&mut salt).is_err() {
            return Err(Box::new(NotAdded { draft, why: Why::NoEntropy }));
        }
        let record = draft.record_mut();
        record.id = format!("{}-{}", self.sealer.stream, self.sealer.next.0);
        record.salt = URL_SAFE_NO_PAD.encode(salt);
        let line = to_canonical(record);
        if !self.ends.is_empty() && self.text.len().saturating_add(line.len()).saturating_add(1) > self.limits.bytes {
            let record = draft.record_mut();
            record.id.clear();
            record.salt.clear();
            return Err(Box::new(NotAdded { draft, why: Why::Full }));
        }
        let leaf = Digest::leaf(line.as_bytes());
        self.tree.push(leaf);
        self.leaves.extend(leaf.as_bytes().iter().take(LEAF_PREFIX));
        self.text.push_str(&line);
        self.text.push('\n');
        self.ends.push(self.text.len());
        self.sealer.next = self.sealer.next.plus(1);
        Ok(())
    }

    /// Bytes of the lines so far, line ends included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The number that the next record will have.
    #[must_use]
    pub fn next(&self) -> Sequence {
        self.sealer.next
    }

    /// What its checkpoint is to cover; `None` when nothing was added.
    #[must_use]
    pub fn covered(&self) -> Option<Covered> {
        let root = self.tree.root()?;
        let last = self.sealer.next.0.saturating_sub(1);
        Some(Covered { first: self.first.0, last, root, leaves: self.leaves.clone() })
    }

    /// The batch, with the line of the checkpoint that covers [`Self::covered`].
    #[must_use]
    pub fn close(mut self, checkpoint: &Sealed) -> SealedBatch {
        self.text.push_str(&checkpoint.line);
        self.text.push('\n');
        self.ends.push(self.text.len());
        let range = 0..self.ends.len();
        SealedBatch {
            stream: self.sealer.stream,
            first: self.first,
            sealed_by: checkpoint.head.number,
            text: self.text.into(),
            ends: self.ends.into(),
            range,
        }
    }
}

impl SealedBatch {
    /// The stream that its records belong to.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Numbers of its records; empty where it has its checkpoint alone.
    #[must_use]
    pub fn numbers(&self) -> Range<u64> {
        let all = self.ends.len().saturating_sub(1);
        self.first.plus(self.range.start.min(all)).0..self.first.plus(self.range.end.min(all)).0
    }

    /// Number of its checkpoint; `None` in a part that has other lines of the batch.
    #[must_use]
    pub fn checkpoint(&self) -> Option<u64> {
        (self.range.end == self.ends.len()).then_some(self.sealed_by)
    }

    /// Number of the checkpoint of the whole batch, whichever part this is.
    #[must_use]
    pub fn sealed_by(&self) -> u64 {
        self.sealed_by
    }

    /// How many lines: records, and the checkpoint.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.range.len()
    }

    /// All lines, each ended by a line feed: the body of a JSON lines sink.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get(self.start(self.range.start)..self.start(self.range.end)).unwrap_or_default()
    }

    /// The canonical text of each line, without line end.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text().lines()
    }

    /// Both halves, for a sink that refuses the whole: the same lines with the same bytes. `None` for a single line.
    #[must_use]
    pub fn halves(&self) -> Option<(Self, Self)> {
        if self.range.len() < 2 {
            return None;
        }
        let middle = self.range.start.saturating_add(self.range.len() / 2);
        let part = |range| Self { range, ..self.clone() };
        Some((part(self.range.start..middle), part(middle..self.range.end)))
    }

    /// Where the line of this index begins.
    fn start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default()
    }
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { bytes: 50_000, records: 64 }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({self})")
    }
}

/// Records may hold personal data: only their numbers are shown.
impl fmt::Debug for SealedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedBatch")
            .field("stream", &self.stream)
            .field("numbers", &self.numbers())
            .field("checkpoint", &self.checkpoint())
            .field("bytes", &self.text().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::audit::{Stop, StopReason, stop};
    use crate::record::draft::Observer;
    use crate::record::evidence::Head;
    use crate::record::fixture::{Counting, Dry};
    use crate::record::model::Record;
    use crate::time::Timestamp;

    fn draft(records: u64) -> Draft {
        let statement = Stop { lost: &[], reason: StopReason::Reload, records };
        stop(&Observer::default(), Timestamp::from_secs(1), &statement)
    }

    fn sealer() -> Sealer {
        Sealer::new(StreamId::draw(&mut Counting::default()).unwrap())
    }

    fn checkpoint(number: u64) -> Sealed {
        let head = Head { stream: StreamId([0; 16]), number, digest: Digest::of(b"") };
        Sealed { head, line: format!("{{\"n\":{number}}}") }
    }

    fn batch(sealer: &mut Sealer, limits: BatchLimits, drafts: u64) -> (SealedBatch, usize) {
        let mut open = sealer.open(limits);
        let refused = (0..drafts).map(|count| open.add(draft(count), &mut Counting::default()));
        let refused = refused.filter(|added| matches!(added, Err(not) if not.why == Why::Full)).count();
        (open.close(&checkpoint(7)), refused)
    }

    fn ids(batch: &SealedBatch) -> Vec<String> {
        batch.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok()).map(|record| record.id).collect()
    }

    #[test]
    fn records_are_numbered_from_one_without_holes_over_batches() {
        let mut sealer = sealer();
        let limits = BatchLimits { records: 2, ..BatchLimits::default() };
        let (one, refused) = batch(&mut sealer, limits, 3);
        assert_eq!(refused, 1);
        assert_eq!(ids(&one), ["000102030405060708090a0b0c0d0e0f-1", "000102030405060708090a0b0c0d0e0f-2"]);
        let (two, _) = batch(&mut sealer, limits, 1);
        assert_eq!(ids(&two), ["000102030405060708090a0b0c0d0e0f-3"]);
        assert_eq!((two.numbers(), two.checkpoint(), two.line_count()), (3..4, Some(7), 2));
        assert_eq!(sealer.sealed(), 3);
        let alone = sealer.open(limits);
        assert_eq!(alone.covered(), None);
        let alone = alone.close(&checkpoint(8));
        assert_eq!((alone.numbers().count(), alone.checkpoint(), alone.text()), (0, Some(8), "{\"n\":8}\n"));
        assert_eq!(sealer.next().number(), 4);
    }

    #[test]
    fn a_batch_stays_within_its_bytes() {
        let line = batch(&mut sealer(), BatchLimits::default(), 1).0.lines().next().unwrap().len() + 1;
        let limits = BatchLimits { bytes: 3 * line, ..BatchLimits::default() };
        let (three, refused) = batch(&mut sealer(), limits, 5);
        assert_eq!((three.numbers(), refused), (1..4, 2));
        assert!(three.text().len() <= limits.bytes + checkpoint(7).line.len() + 1);
        let (one, _) = batch(&mut sealer(), BatchLimits { bytes: 1, ..limits }, 2);
        assert_eq!(one.numbers(), 1..2);
    }

    #[test]
    fn a_draft_that_is_not_added_comes_back_as_it_was_and_uses_no_number() {
        let mut sealer = sealer();
        let before = draft(7);
        let mut open = sealer.open(BatchLimits { bytes: 1, ..BatchLimits::default() });
        let refused = open.add(before.clone(), &mut Dry).unwrap_err();
        assert_eq!((refused.why, refused.draft.record()), (Why::NoEntropy, before.record()));
        open.add(draft(6), &mut Counting::default()).unwrap();
        let refused = open.add(before.clone(), &mut Counting::default()).unwrap_err();
        assert_eq!((refused.why, refused.draft.record()), (Why::Full, before.record()));
        drop(open);
        assert_eq!(sealer.next().number(), 2);
    }

    #[test]
    fn a_batch_is_covered_by_the_root_of_its_lines() {
        let mut sealer = sealer();
        let _ = batch(&mut sealer, BatchLimits::default(), 2);
        let mut open = sealer.open(BatchLimits::default());
        (0..3).for_each(|count| open.add(draft(count), &mut Counting::default()).unwrap());
        let covered = open.covered().unwrap();
        let batch = open.close(&checkpoint(1));
        let leaves: Vec<Digest> = batch.lines().take(3).map(|line| Digest::leaf(line.as_bytes())).collect();
        let root = leaves.iter().copied().collect::<Tree>().root();
        assert_eq!((covered.first, covered.last, Some(covered.root)), (3, 5, root));
        assert!((3..).zip(&leaves).all(|(number, leaf)| covered.has(number, leaf) == Some(true)));
    }

    #[test]
    fn halves_hold_the_same_bytes_and_the_last_has_the_checkpoint() {
        let mut sealer = sealer();
        let _ = batch(&mut sealer, BatchLimits::default(), 4);
        let (whole, _) = batch(&mut sealer, BatchLimits::default(), 4);
        let (one, two) = whole.halves().unwrap();
        assert_eq!(format!("{}{}", one.text(), two.text()), whole.text());
        assert_eq!((one.numbers(), one.checkpoint()), (5..7, None));
        assert_eq!((two.numbers(), two.checkpoint()), (7..9, Some(7)));
        let (three, four) = two.halves().unwrap();
        assert_eq!(format!("{}{}", three.text(), four.text()), two.text());
        assert!(one.halves().unwrap().0.halves().is_none());
        assert_eq!(ids(&four), ["000102030405060708090a0b0c0d0e0f-8"]);
        let (record, alone) = four.halves().unwrap();
        assert_eq!((record.numbers(), record.checkpoint(), record.line_count()), (8..9, None, 1));
        assert_eq!((alone.numbers().count(), alone.checkpoint(), alone.line_count()), (0, Some(7), 1));
        assert!(alone.halves().is_none());
    }

    #[test]
    fn a_stream_without_entropy_is_not_begun() {
        assert_eq!(StreamId::draw(&mut Dry), Err(NoEntropy));
    }
}
