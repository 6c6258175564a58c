//! The verifier: all streams of an export.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::batch::StreamId;
use crate::record::evidence::{Checkpoint, Head};
use crate::record::verify::batches::Content;
use crate::record::verify::line::Line;
use crate::record::verify::pattern::matches;
use crate::record::verify::problem::{Problem, ProblemKind, Verdict};
use crate::record::verify::report::{Report, StreamReport};
use crate::record::verify::statement::{Content as What, Expired, Statement};
use crate::record::verify::stream::Stream;
use crate::record::verify::trust::Trust;
use crate::time::Timestamp;

/// Verifies an export, line by line.
#[derive(Debug)]
pub struct Verifier {
    trust: Trust,
    asked: Asked,
    streams: BTreeMap<StreamId, Stream>,
    /// What beats say of other streams: the highest head of each, and when it was last said.
    heads: BTreeMap<StreamId, (Head, Timestamp)>,
    /// What has expired, by the statements that are believed.
    expired: Vec<Expired>,
    /// Lookups that are believed.
    lookups: BTreeSet<String>,
    /// What is wrong with others.
    problems: Vec<Problem>,
    newest: Option<Timestamp>,
    other: u64,
    reading: Reading,
}

/// Copies that come long after their batch are told from forgeries by what the batch said of them: it is read again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reading {
    Everything,
    Checkpoints,
    Records,
}

/// What is asked of an export.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only checkpoints from this time on are judged.
    pub from: Option<Timestamp>,
    /// Only checkpoints up to this time are judged.
    pub to: Option<Timestamp>,
    /// The moment as of which ends are judged; without it, the newest time of a checkpoint.
    pub as_of: Option<Timestamp>,
    /// Patterns of writer groups, each of which must have spoken.
    pub groups: Vec<String>,
}

impl Asked {
    pub(super) fn has_window(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    pub(super) fn is_inside(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}

impl Verifier {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(trust: Trust, asked: Asked) -> Self {
        Self {
            trust,
            asked,
            streams: BTreeMap::new(),
            heads: BTreeMap::new(),
            expired: Vec::new(),
            lookups: BTreeSet::new(),
            problems: Vec::new(),
            newest: None,
            other: 0,
            reading: Reading::Everything,
        }
    }

    /// Takes a line. The order of lines does not matter to the verdict; near the order of writing it needs least memory.
    pub fn take(&mut self, line: Line) {
        match line {
            Line::Other => self.other = self.other.saturating_add(1),
            Line::Broken { stream, id } => self.stream(stream).broken(id),
            Line::Record { stream, number, leaf, trimmed } => {
                self.stream(stream).record(number, Content { leaf, trimmed });
            }
            Line::Statement(statement) => self.state(&statement),
            Line::Checkpoint(line) => {
                let id = line.checkpoint.stream;
                let stream = self.streams.entry(id).or_insert_with(|| Stream::new(id));
                let taken = stream.checkpoint(*line, &self.trust, &self.asked);
                taken.iter().for_each(|checkpoint| self.note(checkpoint));
            }
        }
    }

    /// Takes what somebody else has seen of a stream: a later checkpoint must be there, and the same.
    pub fn witness(&mut self, head: Head) {
        // Seen is not said: it does not show that the stream lives.
        self.note_head(head, Timestamp::default());
    }

    /// Whether the export must be read once more, every line into [`Verifier::again`]: copies of records came long after
    /// their batch. To be asked after each reading.
    pub fn wants_another_reading(&mut self) -> bool {
        self.reading = match self.reading {
            Reading::Everything if self.streams.values().any(Stream::has_late) => Reading::Checkpoints,
            Reading::Checkpoints => Reading::Records,
            Reading::Everything | Reading::Records => return false,
        };
        true
    }

    /// Takes a line of a further reading.
    pub fn again(&mut self, line: &Line) {
        match (line, self.reading) {
            (Line::Checkpoint(line), Reading::Checkpoints) => {
                if let Some(stream) = self.streams.get_mut(&line.checkpoint.stream) {
                    stream.checkpoint_again(line);
                }
            }
            (Line::Record { stream, number, leaf, trimmed }, Reading::Records) => {
                if let Some(stream) = self.streams.get_mut(stream) {
                    stream.record_again(*number, Content { leaf: *leaf, trimmed: *trimmed });
                }
            }
            _ => {}
        }
    }

    /// Judges: nothing more will come.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let last = |stream: &mut Stream| stream.stop_waiting(&self.asked);
        let taken: Vec<Checkpoint> = self.streams.values_mut().flat_map(last).collect();
        taken.iter().for_each(|checkpoint| self.note(checkpoint));
        let as_of = self.asked.as_of.or(self.newest).unwrap_or_default();
        for expired in &self.expired {
            if let Some(stream) = self.streams.get_mut(&expired.stream) {
                stream.expired(expired);
            }
        }
        for stream in self.streams.values_mut() {
            stream.finish(&self.asked);
        }
        let mut problems = self.judge_heads();
        self.streams.retain(|_, stream| !stream.is_absent());
        problems.append(&mut self.problems);
        problems.extend(self.missing_groups());
        let opened = self.last_openings();
        let judge = |mut stream: Stream| {
            let last = stream.group.as_deref().and_then(|group| opened.get(workload(group))).copied();
            let end = stream.end(as_of, &|since| last.is_some_and(|last| last > since));
            StreamReport::of(stream, end)
        };
        let streams = self.streams.into_values().map(judge).collect();
        let report = Report::new(streams, problems, as_of, self.other);
        Report { lookups: u64::try_from(self.lookups.len()).unwrap_or(u64::MAX), ..report }
    }

    fn state(&mut self, statement: &Statement) {
        let doubt = statement.judge(&self.trust).err();
        match &statement.content {
            What::Bound(binding) => {
                let stream = self.streams.entry(binding.stream).or_insert_with(|| Stream::new(binding.stream));
                if let Some(kind) = doubt {
                    stream.problems.push(Problem::at(kind, statement.id()));
                    return;
                }
                let taken = stream.bound(binding.clone(), statement.id(), &self.trust, &self.asked);
                taken.iter().for_each(|checkpoint| self.note(checkpoint));
            }
            What::Redacted { stream, number, leaf, .. } => {
                let stream = self.stream(*stream);
                match doubt {
                    Some(kind) => stream.problems.push(Problem::at(kind, statement.id())),
                    None => stream.redacted(*number, *leaf),
                }
            }
            What::Expired { streams, .. } => match doubt {
                Some(kind) => self.problems.push(Problem::at(kind, statement.id())),
                None => self.expired.extend(streams),
            },
            What::Lookup { .. } => match doubt {
                Some(kind) => self.problems.push(Problem::at(kind, statement.id())),
                None => drop(self.lookups.insert(statement.id())),
            },
        }
    }

    /// Keeps the newest time, and of every stream that a beat names the highest head and the last time at which it was said.
    fn note(&mut self, checkpoint: &Checkpoint) {
        self.newest = self.newest.max(Some(checkpoint.issued));
        checkpoint.siblings.iter().for_each(|head| self.note_head(*head, checkpoint.issued));
    }

    fn note_head(&mut self, head: Head, at: Timestamp) {
        let known = self.heads.entry(head.stream).or_insert((head, at));
        if head.number > known.0.number {
            *known = (head, at);
        } else if head.number == known.0.number {
            known.1 = known.1.max(at);
        }
    }

    fn stream(&mut self, id: StreamId) -> &mut Stream {
        self.streams.entry(id).or_insert_with(|| Stream::new(id))
    }

    /// What beats say against what is here.
    fn judge_heads(&mut self) -> Vec<Problem> {
        let mut missing = Vec::new();
        for (id, (head, at)) in &self.heads {
            match self.streams.get_mut(id).filter(|stream| stream.is_sealed()) {
                Some(stream) => stream.head(head, *at, &self.asked),
                None if self.asked.has_window() || has_expired(&self.expired, head) => {}
                None => missing.push(Problem::at(ProblemKind::MissingStream, format!("{id}-c{}", head.number))),
            }
        }
        missing
    }

    /// When each workload last opened a stream.
    fn last_openings(&self) -> BTreeMap<String, Timestamp> {
        let mut last = BTreeMap::new();
        for stream in self.streams.values() {
            if let (Some(group), Some(opened)) = (&stream.group, stream.opened) {
                let known = last.entry(workload(group).to_owned()).or_insert(opened);
                *known = opened.max(*known);
            }
        }
        last
    }

    fn missing_groups(&self) -> Vec<Problem> {
        let spoken: Vec<&str> = self.streams.values().filter_map(|stream| stream.group.as_deref()).collect();
        let missing = self.asked.groups.iter().filter(|pattern| !spoken.iter().any(|group| matches(pattern, group)));
        missing.map(|pattern| Problem::at(ProblemKind::MissingGroup, pattern.clone())).collect()
    }
}

/// Whether that checkpoint is among those that have.
fn has_expired(expired: &[Expired], head: &Head) -> bool {
    let has = |of: &Expired| of.stream == head.stream && of.checkpoint.is_some_and(|(last, _)| head.number <= last);
    expired.iter().any(has)
}

/// The writer group without the pod: what replaces a pod has another name.
fn workload(group: &str) -> &str {
    group.rsplit_once('/').map_or(group, |(workload, _)| workload)
}

/// The worst of some verdicts.
pub(super) fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.max().unwrap_or_default()
}
