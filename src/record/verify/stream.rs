//! One stream: its checkpoints, its records, and what is wrong with them.

use std::collections::BTreeMap;

use crate::record::batch::StreamId;
use crate::record::evidence::{Checkpoint, CheckpointLine, Digest, Head, Kind, PublicKey, Skew};
use crate::record::verify::batches::{Batches, Content};
use crate::record::verify::believe::{Belief, judge};
use crate::record::verify::chain::{Chain, Placed, Point};
use crate::record::verify::enrolled::{Enrolled, refused};
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::ranges::{Range, Ranges};
use crate::record::verify::statement::{Binding, Expired};
use crate::record::verify::trust::Trust;
use crate::record::verify::verifier::Asked;
use crate::record::verify::writers::Leave;
use crate::time::Timestamp;

mod absent;
mod end;

/// What is known of a stream so far.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: StreamId,
    pub(super) group: Option<String>,
    pub(super) problems: Vec<Problem>,
    /// When it was opened, where its `open` is here.
    pub(super) opened: Option<Timestamp>,
    batches: Batches,
    chain: Chain,
    /// Numbers of records, and of checkpoints, that a `loss` names.
    lost: Ranges,
    lost_checkpoints: Ranges,
    /// Numbers of records that have expired, and whether anything has.
    expired: Ranges,
    has_expired: bool,
    enrolled: Enrolled,
    writer: Option<String>,
    /// Keys that `cnf` claims name, by epoch.
    named: BTreeMap<u64, Vec<PublicKey>>,
    /// Checkpoints whose key nobody has named so far.
    waiting: Vec<CheckpointLine>,
    /// Whether any of its checkpoints is believed.
    believed: bool,
    closed: bool,
    /// The first checkpoint inside the window, and what it covers.
    anchor: Option<(u64, Option<Range>)>,
    /// Number of the newest checkpoint that compares clocks, and what it says.
    skew: Option<(u64, Vec<Skew>)>,
    /// The latest time at which a sibling's beat names its last checkpoint.
    seen_by_sibling: Option<Timestamp>,
    truncated: bool,
}

impl Stream {
    pub(super) fn new(id: StreamId) -> Self {
        Self {
            id,
            group: None,
            problems: Vec::new(),
            opened: None,
            batches: Batches::default(),
            chain: Chain::default(),
            lost: Ranges::default(),
            lost_checkpoints: Ranges::default(),
            expired: Ranges::default(),
            has_expired: false,
            enrolled: Enrolled::default(),
            writer: None,
            named: BTreeMap::new(),
            waiting: Vec::new(),
            believed: false,
            closed: false,
            anchor: None,
            skew: None,
            seen_by_sibling: None,
            truncated: false,
        }
    }

    pub(super) fn record(&mut self, number: u64, content: Content) {
        let stream = self.id;
        self.batches.record(number, content, &mut self.problems, &|number| name(stream, number));
    }

    /// Takes a checkpoint; gives back those that count now: it, and those that waited for a key that it names.
    pub(super) fn checkpoint(&mut self, line: CheckpointLine, trust: &Trust, asked: &Asked) -> Vec<Checkpoint> {
        self.take(vec![line], trust, asked)
    }

    /// Takes whose a key is, which somebody says who may; gives back the checkpoints that waited for that.
    pub(super) fn bound(&mut self, binding: Binding, id: String, trust: &Trust, asked: &Asked) -> Vec<Checkpoint> {
        if trust.leave(&binding.writer, &binding.group) == Leave::Refused {
            self.problems.push(refused(&binding, id));
            return Vec::new();
        }
        self.enrolled.bind(binding, id);
        let waiting = std::mem::take(&mut self.waiting);
        self.take(waiting, trust, asked)
    }

    fn take(&mut self, mut lines: Vec<CheckpointLine>, trust: &Trust, asked: &Asked) -> Vec<Checkpoint> {
        let mut taken = Vec::new();
        while let Some(line) = lines.pop() {
            let named = self.named.get(&line.checkpoint.epoch).map(Vec::as_slice).unwrap_or_default();
            let belief = match judge(&line, trust, named) {
                Belief::Waiting => judge(&line, trust, &self.enrolled.keys().collect::<Vec<_>>()),
                belief => belief,
            };
            match belief {
                Belief::Believed => self.believed = true,
                Belief::Enrolled(key) => self.enrolled.sign(key, &line.checkpoint),
                Belief::Noted(kind) => self.problems.push(Problem::at(kind, line.checkpoint.id())),
                Belief::Refused => self.problems.push(Problem::at(ProblemKind::BadSignature, line.checkpoint.id())),
                Belief::Waiting => self.waiting.push(line.clone()),
            }
            if matches!(belief, Belief::Refused | Belief::Waiting) {
                continue;
            }
            let names = named_key(&line.checkpoint);
            let used = self.use_checkpoint(line, asked);
            if let (Belief::Enrolled(key), Some(checkpoint)) = (belief, &used) {
                self.enrolled.name(key, checkpoint);
            }
            taken.extend(used);
            if let Some((epoch, _)) = names {
                lines.extend(self.waiting.extract_if(.., |line| line.checkpoint.epoch == epoch));
            }
        }
        taken
    }

    fn use_checkpoint(&mut self, line: CheckpointLine, asked: &Asked) -> Option<Checkpoint> {
        let digest = Digest::of(line.jws.as_bytes());
        let checkpoint = line.checkpoint;
        let inside = asked.is_inside(checkpoint.issued);
        if inside && self.anchor.is_none_or(|(number, _)| checkpoint.number < number) {
            let covered = checkpoint.covered.as_ref().map(|covered| (covered.first, covered.last));
            self.anchor = Some((checkpoint.number, covered));
        }
        match self.chain.place(Point::of(&checkpoint, digest, inside), &mut self.problems) {
            Placed::Copy => return None,
            Placed::Fork => {
                self.problems.push(Problem::at(ProblemKind::Forked, checkpoint.id()));
                return None;
            }
            Placed::New => {}
        }
        self.note(&checkpoint);
        if let Some(covered) = checkpoint.covered.clone() {
            let stream = self.id;
            let id = checkpoint.id();
            self.batches.cover(id, covered, inside, &mut self.problems, &|number| name(stream, number));
        }
        Some(checkpoint)
    }

    fn note(&mut self, checkpoint: &Checkpoint) {
        if self.group.is_none() {
            self.group.clone_from(&checkpoint.group);
        }
        if checkpoint.kind == Kind::Open {
            self.opened = Some(checkpoint.issued);
        }
        self.closed |= checkpoint.end.is_some();
        let newer = self.skew.as_ref().is_none_or(|(number, _)| *number <= checkpoint.number);
        if newer && !checkpoint.skews.is_empty() {
            self.skew = Some((checkpoint.number, checkpoint.skews.clone()));
        }
        for loss in &checkpoint.losses {
            loss.records.iter().for_each(|(first, last)| self.lost.add(*first, *last));
            loss.checkpoints.iter().for_each(|(first, last)| self.lost_checkpoints.add(*first, *last));
        }
        if let Some((epoch, key)) = named_key(checkpoint) {
            let keys = self.named.entry(epoch).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }

    /// A leaf that stands for a record, on the word of somebody who may say so.
    pub(super) fn redacted(&mut self, number: u64, leaf: Digest) {
        let stream = self.id;
        self.problems.push(Problem::at(ProblemKind::Redacted, name(stream, number)));
        let content = Content { leaf, trimmed: None };
        self.batches.stand_in(number, content, &mut self.problems, &|number| name(stream, number));
    }

    /// What of it has expired: that is not missing.
    pub(super) fn expired(&mut self, expired: &Expired) {
        self.has_expired = true;
        self.expired.add(1, expired.last);
        let Some((number, digest)) = expired.checkpoint else { return };
        self.lost_checkpoints.add(0, number);
        let first = self.chain.runs().first().map(|run| &run.first);
        let next = first.filter(|first| number.checked_add(1) == Some(first.number));
        let known = next.map_or_else(|| self.chain.is(number, &digest), |next| Some(next.previous == Some(digest)));
        if known == Some(false) {
            let problem = Problem::at(ProblemKind::ChainBroken, self.checkpoint_name(number.saturating_add(1)));
            self.problems.push(problem.sides("what is said to have expired", "another history"));
        }
    }

    /// A line with the id of a checkpoint that is none.
    pub(super) fn broken(&mut self, id: String) {
        self.problems.push(Problem::at(ProblemKind::BadSignature, id));
    }

    /// What a sibling's beat says of it.
    pub(super) fn head(&mut self, head: &Head, at: Timestamp, asked: &Asked) {
        let last = self.chain.last().map(|point| point.number);
        if last.is_none_or(|last| head.number > last) {
            if !asked.has_window() {
                self.truncated = true;
                self.problems.push(Problem::at(ProblemKind::Truncated, format!("{}-c{}", self.id, head.number)));
            }
            return;
        }
        match self.chain.is(head.number, &head.digest) {
            Some(false) => {
                self.problems.push(Problem::at(ProblemKind::Forked, format!("{}-c{}", self.id, head.number)));
            }
            Some(true) if last == Some(head.number) => self.seen_by_sibling = self.seen_by_sibling.max(Some(at)),
            Some(true) | None => {}
        }
    }

    /// Takes the checkpoints for what they are whose keys nobody named. Gives those that count.
    pub(super) fn stop_waiting(&mut self, asked: &Asked) -> Vec<Checkpoint> {
        let mut taken = Vec::new();
        for line in std::mem::take(&mut self.waiting) {
            self.problems.push(Problem::at(ProblemKind::Untrusted, line.checkpoint.id()));
            taken.extend(self.use_checkpoint(line, asked));
        }
        taken
    }

    /// Judges holes, records and strangers: nothing more will come.
    pub(super) fn finish(&mut self, asked: &Asked) {
        let stream = self.id;
        let mut absent = self.batches.finish(&mut self.problems, &|number| name(stream, number));
        let holes = self.judge_holes(asked, &mut absent);
        let absent = self.without_border(absent, asked);
        self.judge_absent(&absent);
        self.judge_strangers(&holes, asked);
        let mut bound = self.enrolled.judge(stream, !self.has_expired);
        self.problems.append(&mut bound.problems);
        if let Some(since) = if self.believed { Some(0) } else { bound.since } {
            self.refuse_mixture(since);
        }
        self.writer = if self.believed { Some(ASSERTED.to_owned()) } else { bound.writer };
    }

    /// A stream is signed in one way to its last checkpoint: after one that is believed, those that nobody stands behind are not
    /// its own. Before the first that is bound, keys are not known of which an export does not have the beginning.
    fn refuse_mixture(&mut self, since: u64) {
        let checkpoint = format!("{}-c", self.id);
        let number = |id: &String| id.strip_prefix(&checkpoint)?.parse::<u64>().ok();
        for problem in self.problems.iter_mut().filter(|problem| problem.id.as_ref().and_then(number) >= Some(since)) {
            if matches!(problem.kind, ProblemKind::Unbound | ProblemKind::Unsigned | ProblemKind::Untrusted) {
                problem.kind = ProblemKind::BadSignature;
            }
        }
    }

    fn checkpoint_name(&self, number: u64) -> String {
        format!("{}-c{number}", self.id)
    }

    /// Whether no line of it was here, but perhaps a statement about it.
    pub(super) fn is_absent(&self) -> bool {
        self.problems.is_empty() && !self.is_sealed() && self.records() == 0
    }

    pub(super) fn is_sealed(&self) -> bool {
        self.chain.last().is_some()
    }

    pub(super) fn checkpoints(&self) -> u64 {
        self.chain.len()
    }

    /// Whose word the group is, once it is judged.
    pub(super) fn writer(&self) -> Option<String> {
        self.writer.clone()
    }

    /// What its newest checkpoint that compares clocks says.
    pub(super) fn skew(&self) -> &[Skew] {
        self.skew.as_ref().map(|(_, skew)| skew.as_slice()).unwrap_or_default()
    }

    pub(super) fn records(&self) -> u64 {
        self.batches.records()
    }

    pub(super) fn has_late(&self) -> bool {
        self.batches.has_late()
    }

    /// Second reading: a checkpoint that may cover records which came late.
    pub(super) fn checkpoint_again(&mut self, line: &CheckpointLine) {
        let known = self.chain.is(line.checkpoint.number, &Digest::of(line.jws.as_bytes())) == Some(true);
        if let Some(covered) = line.checkpoint.covered.as_ref().filter(|_| known) {
            self.batches.note_late(covered);
        }
    }

    /// Third reading: a record that may have come late.
    pub(super) fn record_again(&mut self, number: u64, content: Content) {
        if self.batches.is_other(number, content) {
            self.problems.push(Problem::at(ProblemKind::Forged, name(self.id, number)));
        }
    }
}

/// The key that a checkpoint names, and the epoch that it signs in.
fn named_key(checkpoint: &Checkpoint) -> Option<(u64, PublicKey)> {
    let epoch = checkpoint.epoch.saturating_add(u64::from(checkpoint.kind == Kind::Roll));
    checkpoint.next_key.map(|key| (epoch, key))
}

fn name(stream: StreamId, number: u64) -> String {
    format!("{stream}-{number}")
}

/// Of a configured key: its holder says who writes.
const ASSERTED: &str = "asserted";
