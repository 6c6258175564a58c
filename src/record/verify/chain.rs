//! The checkpoints of one stream as runs without holes: what links them is checked where they meet, and forgotten.

use crate::record::evidence::{Checkpoint, Digest};
use crate::record::verify::problem::{Problem, ProblemKind};
use crate::time::Timestamp;

/// What is kept of a checkpoint.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) digest: Digest,
    pub(super) previous: Option<Digest>,
    pub(super) issued: Timestamp,
    pub(super) uptime: Option<u64>,
    /// First number that it covers.
    pub(super) first: Option<u64>,
    pub(super) total: u64,
    pub(super) promise: u64,
    pub(super) pending: u64,
    /// Whether its time is inside the window.
    pub(super) inside: bool,
}

/// Checkpoints with consecutive numbers.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) first: Point,
    pub(super) last: Point,
    /// The first octets of every digest, in order: enough to know a copy from another text.
    marks: Vec<Mark>,
}

type Mark = [u8; 8];

/// The runs of a stream, in order, with holes between them.
#[derive(Debug, Default)]
pub(super) struct Chain {
    runs: Vec<Run>,
}

/// What became of a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Placed {
    /// The same was there.
    Copy,
    /// Another was there.
    Fork,
    /// It is in its place.
    New,
}

impl Point {
    pub(super) fn of(checkpoint: &Checkpoint, digest: Digest, inside: bool) -> Self {
        Self {
            id: checkpoint.id(),
            number: checkpoint.number,
            digest,
            previous: checkpoint.previous,
            issued: checkpoint.issued,
            uptime: checkpoint.uptime,
            first: checkpoint.covered.as_ref().map(|covered| covered.first),
            total: checkpoint.total,
            promise: checkpoint.promise,
            pending: checkpoint.pending,
            inside,
        }
    }

    /// The last number that could be covered before what this one covers.
    pub(super) fn before(&self) -> u64 {
        self.first.map_or(self.total, |first| first.saturating_sub(1))
    }
}

impl Chain {
    /// Puts a checkpoint into its place, and checks what it now stands beside.
    pub(super) fn place(&mut self, point: Point, problems: &mut Vec<Problem>) -> Placed {
        let at = self.runs.partition_point(|run| run.first.number <= point.number);
        if let Some(run) = at.checked_sub(1).and_then(|before| self.runs.get(before))
            && point.number <= run.last.number
        {
            return if run.mark(point.number) == Some(mark(&point.digest)) { Placed::Copy } else { Placed::Fork };
        }
        let mut run = Run { marks: vec![mark(&point.digest)], first: point.clone(), last: point };
        let mut at = at;
        if let Some(before) = at.checked_sub(1)
            && self.runs.get(before).is_some_and(|other| other.last.number.checked_add(1) == Some(run.first.number))
        {
            run = join(self.runs.remove(before), run, problems);
            at = before;
        }
        if self.runs.get(at).is_some_and(|other| run.last.number.checked_add(1) == Some(other.first.number)) {
            run = join(run, self.runs.remove(at), problems);
        }
        self.runs.insert(at, run);
        Placed::New
    }

    /// Whether a checkpoint of that number is there.
    pub(super) fn has(&self, number: u64) -> bool {
        self.runs.iter().any(|run| run.first.number <= number && number <= run.last.number)
    }

    /// Whether the checkpoint of a number is there, and is that one.
    pub(super) fn is(&self, number: u64, digest: &Digest) -> Option<bool> {
        let run = self.runs.iter().find(|run| run.first.number <= number && number <= run.last.number)?;
        Some(run.mark(number) == Some(mark(digest)))
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn last(&self) -> Option<&Point> {
        self.runs.last().map(|run| &run.last)
    }

    pub(super) fn len(&self) -> u64 {
        self.runs.iter().map(|run| u64::try_from(run.marks.len()).unwrap_or(u64::MAX)).sum()
    }
}

impl Run {
    fn mark(&self, number: u64) -> Option<Mark> {
        let index = usize::try_from(number.checked_sub(self.first.number)?).ok()?;
        self.marks.get(index).copied()
    }

    /// Numbers of records that checkpoints between this run and the next may have covered.
    pub(super) fn gap_to(&self, next: &Self) -> (u64, u64) {
        (self.last.total.saturating_add(1), next.first.before())
    }
}

fn join(mut one: Run, other: Run, problems: &mut Vec<Problem>) -> Run {
    link(&one.last, &other.first, problems);
    one.marks.extend(other.marks);
    Run { first: one.first, last: other.last, marks: one.marks }
}

/// What must hold between a checkpoint and the one after it.
fn link(before: &Point, after: &Point, problems: &mut Vec<Problem>) {
    if !before.inside || !after.inside {
        return;
    }
    if after.previous != Some(before.digest) {
        let found = after.previous.map_or("nothing".to_owned(), |digest| digest.to_string());
        let problem = Problem::at(ProblemKind::ChainBroken, after.id.clone());
        problems.push(problem.sides(before.digest.to_string(), found));
    }
    let next = before.total.saturating_add(1);
    if let Some(first) = after.first.filter(|first| *first != next) {
        let problem = Problem::at(ProblemKind::ChainBroken, after.id.clone());
        problems.push(problem.sides(format!("first {next}"), format!("first {first}")));
    }
    if let (Some(from), Some(to)) = (before.uptime, after.uptime) {
        let wall = i128::from(after.issued.as_micros()) - i128::from(before.issued.as_micros());
        let steady = i128::from(to) - i128::from(from);
        if (wall - steady).abs() > STEP_MICROS {
            let problem = Problem::at(ProblemKind::ClockStep, after.id.clone());
            problems.push(problem.sides(format!("{steady} us"), format!("{wall} us")));
        }
    }
}

fn mark(digest: &Digest) -> Mark {
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    [a, b, c, d, e, f, g, h]
}

/// More, and the wall clock was set.
const STEP_MICROS: i128 = 1_000_000;
