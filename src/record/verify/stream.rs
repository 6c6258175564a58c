//! One stream: its checkpoints, its records, and what is wrong with them.

use std::collections::BTreeMap;

use crate::record::batch::StreamId;
use crate::record::evidence::{Checkpoint, CheckpointLine, Digest, Head, Kind, PublicKey};
use crate::record::verify::batches::{Batches, Content};
use crate::record::verify::believe::{Belief, judge};
use crate::record::verify::chain::{Chain, Placed, Point, Run};
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::ranges::Ranges;
use crate::record::verify::report::End;
use crate::record::verify::trust::Trust;
use crate::record::verify::verifier::Asked;
use crate::time::Timestamp;

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
    /// Keys that `cnf` claims name, by epoch.
    named: BTreeMap<u64, Vec<PublicKey>>,
    /// Checkpoints whose key nobody has named so far.
    waiting: Vec<CheckpointLine>,
    closed: bool,
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
            named: BTreeMap::new(),
            waiting: Vec::new(),
            closed: false,
            seen_by_sibling: None,
            truncated: false,
        }
    }

    pub(super) fn record(&mut self, number: u64, content: Content) {
        let stream = self.id;
        self.batches.record(number, content, &mut self.problems, &|number| name(stream, number));
    }

    /// Takes a checkpoint; gives it back if it is believed and new.
    pub(super) fn checkpoint(&mut self, line: CheckpointLine, trust: &Trust, asked: &Asked) -> Vec<Checkpoint> {
        let mut taken = Vec::new();
        let mut lines = vec![line];
        while let Some(line) = lines.pop() {
            let named = self.named.get(&line.checkpoint.epoch).map(Vec::as_slice).unwrap_or_default();
            match judge(&line, trust, named) {
                Belief::Believed => taken.extend(self.believe(line, asked)),
                Belief::Noted(kind) => {
                    self.problems.push(Problem::at(kind, line.checkpoint.id()));
                    taken.extend(self.believe(line, asked));
                }
                Belief::Refused => self.problems.push(Problem::at(ProblemKind::BadSignature, line.checkpoint.id())),
                Belief::Waiting => {
                    self.waiting.push(line);
                    continue;
                }
            }
            // a key may have been named that others wait for
            lines.append(&mut self.waiting);
            let ready = |line: &CheckpointLine| {
                let named = self.named.get(&line.checkpoint.epoch).map(Vec::as_slice).unwrap_or_default();
                judge(line, trust, named) != Belief::Waiting
            };
            (lines, self.waiting) = lines.into_iter().partition(ready);
        }
        taken
    }

    fn believe(&mut self, line: CheckpointLine, asked: &Asked) -> Option<Checkpoint> {
        let digest = Digest::of(line.jws.as_bytes());
        let checkpoint = line.checkpoint;
        let inside = asked.is_inside(checkpoint.issued);
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
        self.closed |= checkpoint.kind == Kind::Close;
        for loss in &checkpoint.losses {
            loss.records.iter().for_each(|(first, last)| self.lost.add(*first, *last));
            loss.checkpoints.iter().for_each(|(first, last)| self.lost_checkpoints.add(*first, *last));
        }
        if let Some(key) = checkpoint.next_key {
            let epoch = checkpoint.epoch.saturating_add(u64::from(checkpoint.kind == Kind::Roll));
            let keys = self.named.entry(epoch).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
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

    /// Judges holes, records and strangers: nothing more will come.
    pub(super) fn finish(&mut self, asked: &Asked) {
        for line in std::mem::take(&mut self.waiting) {
            self.problems.push(Problem::at(ProblemKind::Untrusted, line.checkpoint.id()));
        }
        let hidden = self.judge_holes(asked);
        let stream = self.id;
        let lost = std::mem::take(&mut self.lost);
        self.batches.finish(&lost, &mut self.problems, &|number| name(stream, number));
        self.judge_strangers(&hidden, asked);
    }

    /// Checkpoints that are not here. Gives the records that they covered.
    fn judge_holes(&mut self, asked: &Asked) -> Ranges {
        let mut hidden = Ranges::default();
        let mut found = Vec::new();
        let runs = self.chain.runs();
        if let Some(run) = runs.first().filter(|run| run.first.number > 0 && !asked.has_window()) {
            let before = run.first.first.map_or(run.first.total, |first| first.saturating_sub(1));
            found.extend(self.hole((0, run.first.number.saturating_sub(1)), (1, before), &mut hidden));
        }
        for pair in runs.windows(2) {
            let [before, after] = pair else { continue };
            if before.last.inside && after.first.inside {
                let numbers = (before.last.number.saturating_add(1), after.first.number.saturating_sub(1));
                found.extend(self.hole(numbers, Run::gap_to(before, after), &mut hidden));
            }
        }
        self.problems.append(&mut found);
        hidden
    }

    fn hole(&self, checkpoints: (u64, u64), records: (u64, u64), hidden: &mut Ranges) -> Vec<Problem> {
        let missing = self.lost_checkpoints.missing(checkpoints.0, checkpoints.1);
        let there = self.batches.has_any(records.0, records.1);
        let (Some((first, _)), Some((_, last))) = (missing.first(), missing.last()) else {
            return self.unsealed(records);
        };
        if there {
            hidden.add(records.0, records.1);
        }
        let kind = if there { ProblemKind::SealMissing } else { ProblemKind::DeletedBatch };
        vec![Problem::row(kind, format!("{}-c{first}", self.id), format!("{}-c{last}", self.id))]
    }

    /// Records whose checkpoints are lost, and declared as lost: nobody vouches for those that are there.
    fn unsealed(&self, (first, last): (u64, u64)) -> Vec<Problem> {
        let absent = self.lost.missing(first, last).into_iter().flat_map(|(first, last)| first..=last);
        let there: Vec<u64> = self.batches.strangers().filter(|number| (first..=last).contains(number)).collect();
        let absent = absent.filter(|number| !there.contains(number));
        let missing = absent.map(|number| Problem::at(ProblemKind::UndeclaredLoss, name(self.id, number)));
        missing.collect()
    }

    fn judge_strangers(&mut self, hidden: &Ranges, asked: &Asked) {
        let Some(last) = self.chain.last().cloned() else {
            if let Some(first) = self.batches.first_stranger().filter(|_| !asked.has_window()) {
                self.problems.push(Problem::at(ProblemKind::UnknownStream, name(self.id, first)));
            }
            return;
        };
        if asked.has_window() {
            return;
        }
        let stream = self.id;
        let closed = last.kind == Kind::Close;
        let lost = self.gaps_that_are_declared();
        let kind = |number: u64| {
            let open_end = number > last.total && !closed;
            if open_end || lost.contains(number) { ProblemKind::Unsealed } else { ProblemKind::Forged }
        };
        let strangers = self.batches.strangers().filter(|number| !hidden.contains(*number));
        self.problems.extend(strangers.map(|number| Problem::at(kind(number), name(stream, number))));
    }

    /// Records between runs whose missing checkpoints are all declared.
    fn gaps_that_are_declared(&self) -> Ranges {
        let mut gaps = Ranges::default();
        for pair in self.chain.runs().windows(2) {
            let [before, after] = pair else { continue };
            let (first, last) = (before.last.number.saturating_add(1), after.first.number.saturating_sub(1));
            if self.lost_checkpoints.missing(first, last).is_empty() {
                let (first, last) = before.gap_to(after);
                gaps.add(first, last);
            }
        }
        gaps
    }

    /// How it ends, as of a moment. `replaced`: its writer group opened another stream after `since`.
    pub(super) fn end(&mut self, as_of: Timestamp, replaced: &dyn Fn(Timestamp) -> bool) -> End {
        let Some(last) = self.chain.last().cloned() else { return End::None };
        let present = self.seen_by_sibling.unwrap_or_default().max(last.issued);
        // a tenth of grace: a beat is sent by a timer
        let until = present.plus_millis(last.promise.saturating_mul(1_100));
        if self.closed {
            End::Closed
        } else if self.truncated {
            End::Truncated
        } else if until >= as_of {
            End::Live
        } else if !last.inside {
            End::Outside
        } else if last.pending == 0 && replaced(last.issued) {
            End::EndedIdle
        } else {
            let problem = Problem::at(ProblemKind::UncleanEnd, last.id.clone());
            self.problems
                .push(problem.sides("close", format!("pend {} at the end, and {} s more", last.pending, last.promise)));
            End::UncleanEnd
        }
    }

    pub(super) fn is_sealed(&self) -> bool {
        self.chain.last().is_some()
    }

    pub(super) fn checkpoints(&self) -> u64 {
        self.chain.len()
    }

    pub(super) fn records(&self) -> u64 {
        self.batches.records()
    }

    pub(super) fn has_late(&self) -> bool {
        self.batches.has_late()
    }

    /// Second reading: a checkpoint that may cover records which came late.
    pub(super) fn again(&mut self, checkpoint: &Checkpoint) {
        let stream = self.id;
        let known = self.chain.is(checkpoint.number, &Digest::of(b"")).is_some();
        if let Some(covered) = checkpoint.covered.as_ref().filter(|_| known) {
            self.batches.judge_late(covered, &mut self.problems, &|number| name(stream, number));
        }
    }
}

fn name(stream: StreamId, number: u64) -> String {
    format!("{stream}-{number}")
}
