//! What of a stream is not here: whole batches, single records, and records that are here without a checkpoint.

use super::{Stream, name};
use crate::record::batch::StreamId;
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::record::verify::ranges::{Range, Ranges};
use crate::record::verify::verifier::Asked;

impl Stream {
    /// Takes out what is absent of the first batch inside, where the export begins with it: what of it was before the window,
    /// and left out for that, nobody can tell from what was taken away.
    pub(super) fn without_border(&mut self, absent: Ranges, asked: &Asked) -> Ranges {
        let begins = |number: &u64| asked.from.is_some() && number.checked_sub(1).is_some_and(|n| !self.chain.has(n));
        let Some((_, Some((first, last)))) = self.anchor.filter(|(number, _)| begins(number)) else { return absent };
        let mut border = Ranges::default();
        border.add(first, last);
        let mut rest = Ranges::default();
        for (first, last) in absent.iter() {
            border.missing(first, last).into_iter().for_each(|(first, last)| rest.add(first, last));
        }
        for (first, last) in absent.within(first, last) {
            self.problems.push(row(ProblemKind::Border, self.id, (first, last)));
        }
        rest
    }

    /// Checkpoints that are not here. Adds to `absent` the records of those whose loss is declared, where they are not here.
    pub(super) fn judge_holes(&mut self, asked: &Asked, absent: &mut Ranges) -> Holes {
        let mut holes = Holes::default();
        let mut found = Vec::new();
        for (checkpoints, records) in self.holes(asked) {
            let missing = self.lost_checkpoints.missing(checkpoints.0, checkpoints.1);
            if let (Some((first, _)), Some((_, last))) = (missing.first(), missing.last()) {
                let there = self.batches.has_any(records.0, records.1);
                let kind = if there { ProblemKind::SealMissing } else { ProblemKind::DeletedBatch };
                found.push(Problem::row(kind, self.checkpoint_name(*first), self.checkpoint_name(*last)));
                holes.undeclared.add(records.0, records.1);
                continue;
            }
            holes.declared.add(records.0, records.1);
            let mut there = Ranges::default();
            self.batches.strangers_from(records).for_each(|number| there.add(number, number));
            there.missing(records.0, records.1).into_iter().for_each(|(first, last)| absent.add(first, last));
        }
        self.problems.append(&mut found);
        holes
    }

    /// Numbers of checkpoints that are not here, and of the records that they may have covered.
    fn holes(&self, asked: &Asked) -> Vec<(Range, Range)> {
        let mut holes = Vec::new();
        let runs = self.chain.runs();
        if let Some(run) = runs.first().filter(|run| run.first.number > 0 && !asked.has_window()) {
            holes.push(((0, run.first.number.saturating_sub(1)), (1, run.first.before())));
        }
        for pair in runs.windows(2) {
            let [before, after] = pair else { continue };
            if before.last.inside && after.first.inside {
                let numbers = (before.last.number.saturating_add(1), after.first.number.saturating_sub(1));
                holes.push((numbers, before.gap_to(after)));
            }
        }
        holes
    }

    pub(super) fn judge_absent(&mut self, absent: &Ranges) {
        let row = |kind, range| row(kind, self.id, range);
        let mut found = Vec::new();
        let mut unexplained = Ranges::default();
        for (first, last) in absent.iter() {
            let expired = self.expired.within(first, last).into_iter();
            found.extend(expired.map(|range| row(ProblemKind::Expired, range)));
            let rest = self.expired.missing(first, last).into_iter();
            rest.for_each(|(first, last)| unexplained.add(first, last));
        }
        for (first, last) in unexplained.iter() {
            let declared = self.lost.within(first, last).into_iter();
            found.extend(declared.map(|range| row(ProblemKind::DeclaredLoss, range)));
            let undeclared = self.lost.missing(first, last).into_iter();
            found.extend(undeclared.map(|range| row(ProblemKind::UndeclaredLoss, range)));
        }
        self.problems.append(&mut found);
    }

    pub(super) fn judge_strangers(&mut self, holes: &Holes, asked: &Asked) {
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
        let kind = |number: u64| {
            let open_end = number > last.total && !self.closed;
            if open_end || holes.declared.contains(number) { ProblemKind::Unsealed } else { ProblemKind::Forged }
        };
        let strangers = self.batches.strangers().filter(|number| !holes.undeclared.contains(*number));
        let found: Vec<_> = strangers.map(|number| Problem::at(kind(number), name(stream, number))).collect();
        self.problems.extend(found);
    }
}

/// Numbers of records whose checkpoints are not here.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// .. and a `loss` says so: nobody vouches for the records that are here.
    declared: Ranges,
    undeclared: Ranges,
}

fn row(kind: ProblemKind, stream: StreamId, (first, last): Range) -> Problem {
    match first == last {
        true => Problem::at(kind, name(stream, first)),
        false => Problem::row(kind, name(stream, first), name(stream, last)),
    }
}
