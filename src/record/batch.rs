//! A record's place in a stream, and batches of sealed records, whose bytes never change again.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::entropy::{Entropy, NoEntropy};
use crate::record::canonical::to_canonical;
use crate::record::draft::Draft;

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
    /// Bytes of all lines, line ends included.
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

/// Sealed records of one stream with consecutive numbers: canonical lines, each ended by a line feed.
///
/// Cheap to clone and to halve: the bytes are shared and never change.
#[derive(Clone, Eq, PartialEq)]
pub struct SealedBatch {
    stream: StreamId,
    first: Sequence,
    text: Rc<str>,
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
        OpenBatch { sealer: self, limits, first, text: String::new(), ends: Vec::new() }
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

    /// The batch; `None` when nothing was added.
    #[must_use]
    pub fn close(self) -> Option<SealedBatch> {
        let range = 0..self.ends.len();
        (!range.is_empty()).then(|| SealedBatch {
            stream: self.sealer.stream,
            first: self.first,
            text: self.text.into(),
            ends: self.ends.into(),
            range,
        })
    }
}

impl SealedBatch {
    /// The stream that its records belong to.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Number of its first record.
    #[must_use]
    pub fn first(&self) -> Sequence {
        self.first.plus(self.range.start)
    }

    /// Number of its last record.
    #[must_use]
    pub fn last(&self) -> Sequence {
        self.first.plus(self.range.end.saturating_sub(1))
    }

    /// How many records.
    #[must_use]
    pub fn records(&self) -> usize {
        self.range.len()
    }

    /// All lines, each ended by a line feed: the body of a JSON lines sink.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get(self.start(self.range.start)..self.start(self.range.end)).unwrap_or_default()
    }

    /// The canonical text of each record, without line end.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text().lines()
    }

    /// Both halves, for a sink that refuses the whole: the same records with the same bytes. `None` for a single record.
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
        Self { bytes: 60_000, records: 64 }
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
            .field("first", &self.first())
            .field("last", &self.last())
            .field("bytes", &self.text().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::audit::{Stop, StopReason, stop};
    use crate::record::draft::Observer;
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

    fn batch(sealer: &mut Sealer, limits: BatchLimits, drafts: u64) -> (SealedBatch, usize) {
        let mut open = sealer.open(limits);
        let refused = (0..drafts).map(|count| open.add(draft(count), &mut Counting::default()));
        let refused = refused.filter(|added| matches!(added, Err(not) if not.why == Why::Full)).count();
        (open.close().unwrap(), refused)
    }

    fn ids(batch: &SealedBatch) -> Vec<String> {
        batch.lines().map(|line| serde_json::from_str::<Record>(line).unwrap().id).collect()
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
        assert_eq!((two.first().number(), two.last().number(), two.records()), (3, 3, 1));
        assert_eq!(sealer.sealed(), 3);
        assert!(sealer.open(limits).close().is_none());
        assert_eq!(sealer.next().number(), 4);
    }

    #[test]
    fn a_batch_stays_within_its_bytes() {
        let line = batch(&mut sealer(), BatchLimits::default(), 1).0.text().len();
        let limits = BatchLimits { bytes: 3 * line, ..BatchLimits::default() };
        let (three, refused) = batch(&mut sealer(), limits, 5);
        assert_eq!((three.records(), refused), (3, 2));
        assert!(three.text().len() <= limits.bytes);
        let (one, _) = batch(&mut sealer(), BatchLimits { bytes: 1, ..limits }, 2);
        assert_eq!(one.records(), 1);
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
    fn halves_hold_the_same_bytes() {
        let mut sealer = sealer();
        let _ = batch(&mut sealer, BatchLimits::default(), 4);
        let (whole, _) = batch(&mut sealer, BatchLimits::default(), 5);
        let (one, two) = whole.halves().unwrap();
        assert_eq!(format!("{}{}", one.text(), two.text()), whole.text());
        assert_eq!((one.first().number(), one.last().number()), (5, 6));
        assert_eq!((two.first().number(), two.last().number()), (7, 9));
        let (three, four) = two.halves().unwrap();
        assert_eq!(format!("{}{}", three.text(), four.text()), two.text());
        assert!(one.halves().unwrap().0.halves().is_none());
        assert_eq!(ids(&four), ["000102030405060708090a0b0c0d0e0f-8", "000102030405060708090a0b0c0d0e0f-9"]);
    }

    #[test]
    fn a_stream_without_entropy_is_not_begun() {
        assert_eq!(StreamId::draw(&mut Dry), Err(NoEntropy));
    }
}
