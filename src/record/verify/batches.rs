//! The records of one stream: each waits for the checkpoint that covers it, each checkpoint for its records.

use std::collections::{BTreeMap, VecDeque};

use crate::record::evidence::{Covered, Digest, LEAF_PREFIX, Tree};
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::ranges::Ranges;

/// Records and batches of a stream that are not settled.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// Records that no checkpoint covers so far, each with the contents that came under its id.
    waiting: BTreeMap<u64, Vec<Content>>,
    /// Batches of which records are still to come, by their first number.
    open: BTreeMap<u64, Batch>,
    /// Numbers of batches, open or settled.
    covered: Ranges,
    /// What settled last, to know copies from forgeries.
    recent: VecDeque<Settled>,
    /// Numbers of records that came once more when their batches had settled long before.
    late: Ranges,
    /// The tags of those, from the second reading.
    again: BTreeMap<u64, Tag>,
    records: u64,
}

/// What a record hashes to, with and without what a store may have added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Content {
    pub(super) leaf: Digest,
    pub(super) trimmed: Option<Digest>,
}

/// A batch whose checkpoint is believed.
#[derive(Debug)]
struct Batch {
    checkpoint: String,
    covered: Covered,
    /// Of every record, the leaf that is vouched for, once it is here.
    leaves: Vec<Option<Digest>>,
    /// Contents that it does not vouch for, by number.
    wrong: BTreeMap<u64, Content>,
    inside: bool,
}

#[derive(Debug)]
struct Settled {
    first: u64,
    tags: Vec<Tag>,
}

/// The octets of a leaf that `lvs` holds.
type Tag = [u8; TAG];

impl Batches {
    /// Takes a record.
    pub(super) fn record(
        &mut self,
        number: u64,
        content: Content,
        problems: &mut Vec<Problem>,
        id: &dyn Fn(u64) -> String,
    ) {
        self.records = self.records.saturating_add(1);
        self.stand_in(number, content, problems, id);
    }

    /// Takes what stands for a record.
    pub(super) fn stand_in(
        &mut self,
        number: u64,
        content: Content,
        problems: &mut Vec<Problem>,
        id: &dyn Fn(u64) -> String,
    ) {
        if !self.covered.contains(number) {
            let known = self.waiting.entry(number).or_default();
            if !known.contains(&content) && known.len() < COPIES {
                known.push(content);
            }
            return;
        }
        if let Some((first, batch)) = self.open.range_mut(..=number).next_back()
            && number <= batch.covered.last
        {
            let first = *first;
            batch.take(number, content);
            if batch.is_whole() {
                self.settle(first, problems, id);
            }
            return;
        }
        match self.recent.iter().find_map(|settled| settled.tag(number)) {
            Some(tag) if content.matches(tag) => {}
            Some(_) => problems.push(Problem::at(ProblemKind::Forged, id(number))),
            None => self.late.add(number, number),
        }
    }

    /// Takes a believed checkpoint that covers records.
    pub(super) fn cover(
        &mut self,
        checkpoint: String,
        covered: Covered,
        inside: bool,
        problems: &mut Vec<Problem>,
        id: &dyn Fn(u64) -> String,
    ) {
        let first = covered.first;
        let mut batch = Batch {
            leaves: vec![None; covered.leaves.len() / TAG],
            checkpoint,
            wrong: BTreeMap::new(),
            inside,
            covered,
        };
        for number in batch.covered.first..=batch.covered.last {
            for content in self.waiting.remove(&number).unwrap_or_default() {
                batch.take(number, content);
            }
        }
        self.covered.add(batch.covered.first, batch.covered.last);
        let whole = batch.is_whole();
        self.open.insert(first, batch);
        if whole {
            self.settle(first, problems, id);
        }
    }

    fn settle(&mut self, first: u64, problems: &mut Vec<Problem>, id: &dyn Fn(u64) -> String) {
        let Some(batch) = self.open.remove(&first) else { return };
        if batch.inside {
            batch.judge_forgeries(problems, id);
            batch.judge_root(problems);
        }
        self.recent.push_back(Settled { first, tags: tags(&batch.covered).collect() });
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// Judges what is still open: nothing more will come. Gives the numbers that are absent.
    pub(super) fn finish(&mut self, problems: &mut Vec<Problem>, id: &dyn Fn(u64) -> String) -> Ranges {
        let mut absent = Ranges::default();
        for batch in std::mem::take(&mut self.open).into_values().filter(|batch| batch.inside) {
            batch.judge_forgeries(problems, id);
            batch.judge_missing(&mut absent, problems, id);
        }
        absent
    }

    /// Whether copies came that only further readings can tell from forgeries.
    pub(super) fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// Second reading: what the records must be that came late.
    pub(super) fn note_late(&mut self, covered: &Covered) {
        let numbered = (covered.first..=covered.last).zip(tags(covered));
        let late = numbered.filter(|(number, _)| self.late.contains(*number));
        self.again.extend(late);
    }

    /// Third reading: whether a record is what it must be.
    pub(super) fn is_other(&self, number: u64, content: Content) -> bool {
        self.again.get(&number).is_some_and(|tag| !content.matches(tag))
    }

    /// Records that no checkpoint covers.
    pub(super) fn strangers(&self) -> impl Iterator<Item = u64> + '_ {
        self.waiting.keys().copied()
    }

    /// Those of them from `first` to `last`.
    pub(super) fn strangers_from(&self, (first, last): (u64, u64)) -> impl Iterator<Item = u64> + '_ {
        self.waiting.range(first..=last.max(first)).map(|(number, _)| *number).filter(move |number| *number <= last)
    }

    pub(super) fn has_any(&self, first: u64, last: u64) -> bool {
        first <= last && self.waiting.range(first..=last).next().is_some()
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn first_stranger(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }
}

impl Batch {
    fn take(&mut self, number: u64, content: Content) {
        let Some(tag) = tag_of(&self.covered, number) else { return };
        let index = usize::try_from(number.saturating_sub(self.covered.first)).ok();
        match index.and_then(|index| self.leaves.get_mut(index)) {
            Some(leaf) if content.matches(&tag) => *leaf = content.matching(&tag),
            Some(_) => {
                self.wrong.entry(number).or_insert(content);
            }
            None => {}
        }
    }

    fn is_whole(&self) -> bool {
        self.leaves.iter().all(Option::is_some)
    }

    fn leaf(&self, number: u64) -> Option<Digest> {
        let index = usize::try_from(number.checked_sub(self.covered.first)?).ok()?;
        self.leaves.get(index).copied().flatten()
    }

    /// A content that is not vouched for, beside one that is.
    fn judge_forgeries(&self, problems: &mut Vec<Problem>, id: &dyn Fn(u64) -> String) {
        for number in self.wrong.keys().filter(|number| self.leaf(**number).is_some()) {
            problems.push(Problem::at(ProblemKind::Forged, id(*number)));
        }
    }

    fn judge_missing(&self, absent: &mut Ranges, problems: &mut Vec<Problem>, id: &dyn Fn(u64) -> String) {
        for number in (self.covered.first..=self.covered.last).filter(|number| self.leaf(*number).is_none()) {
            let expected = tag_of(&self.covered, number).map(|tag| hex(&tag)).unwrap_or_default();
            match self.wrong.get(&number) {
                Some(content) => {
                    let problem = Problem::at(ProblemKind::Edited, id(number));
                    problems.push(problem.sides(expected, hex(&tag(&content.leaf))));
                }
                None => absent.add(number, number),
            }
        }
    }

    fn judge_root(&self, problems: &mut Vec<Problem>) {
        let mut tree = Tree::default();
        self.leaves.iter().flatten().for_each(|leaf| tree.push(*leaf));
        if tree.root() != Some(self.covered.root) {
            let found = tree.root().map(|root| root.to_string()).unwrap_or_default();
            let problem = Problem::at(ProblemKind::RootMismatch, self.checkpoint.clone());
            problems.push(problem.sides(self.covered.root.to_string(), found));
        }
    }
}

impl Settled {
    fn tag(&self, number: u64) -> Option<&Tag> {
        self.tags.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl Content {
    fn matching(&self, expected: &Tag) -> Option<Digest> {
        [Some(self.leaf), self.trimmed].into_iter().flatten().find(|leaf| tag(leaf) == *expected)
    }

    /// Whether a checkpoint names it as the record with that number.
    pub(super) fn is_named_by(&self, covered: &Covered, number: u64) -> bool {
        tag_of(covered, number).is_some_and(|tag| self.matches(&tag))
    }

    fn matches(&self, expected: &Tag) -> bool {
        self.matching(expected).is_some()
    }
}

/// The tags of a batch, in the order of its records.
fn tags(covered: &Covered) -> impl Iterator<Item = Tag> + '_ {
    covered.leaves.chunks_exact(TAG).filter_map(|tag| tag.try_into().ok())
}

fn tag_of(covered: &Covered, number: u64) -> Option<Tag> {
    let index = usize::try_from(number.checked_sub(covered.first)?).ok()?;
    tags(covered).nth(index).filter(|_| number <= covered.last)
}

fn tag(leaf: &Digest) -> Tag {
    let mut tag = [0; 16];
    tag.iter_mut().zip(leaf.as_bytes()).for_each(|(to, from)| *to = *from);
    tag
}

fn hex(tag: &Tag) -> String {
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TAG: usize = LEAF_PREFIX;
/// Different contents of one id that are kept while nobody says which is right.
const COPIES: usize = 8;
/// Batches of a stream that a copy may follow without further readings.
const RECENT: usize = 64;
