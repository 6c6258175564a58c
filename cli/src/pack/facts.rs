//! What is counted, and how much of it is kept: numbers of streams and hours, never of records.

use std::collections::{BTreeMap, BTreeSet};

use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::CheckpointLine;
use oidc_audit::record::verify::Ranges;
use oidc_audit::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::moment;

/// Of one export, inside the window.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) records: u64,
    /// Lines with the id of a record that was counted: delivery is at least once.
    pub(super) copies: u64,
    /// Records that say no time, and are in no window.
    pub(super) without_time: u64,
    /// By event and workload.
    pub(super) kinds: Counts<(String, String)>,
    pub(super) outcomes: Counts<String>,
    /// By hours since 1970.
    pub(super) hours: Counts<u64>,
    /// Streams that said something in an hour, records or checkpoints.
    speakers: BTreeSet<(u64, StreamId)>,
    /// Hours with a checkpoint, by workload.
    heard: BTreeMap<String, Ranges>,
    /// Numbers of records that are in the list, and that a checkpoint covers.
    pub(super) listed: BTreeMap<StreamId, Ranges>,
    pub(super) covered: BTreeMap<StreamId, Ranges>,
    /// Who writes a stream.
    pub(super) groups: BTreeMap<StreamId, String>,
    /// `audit.drop`, by class and reason.
    pub(super) dropped: Counts<String>,
    changes: BTreeMap<StreamId, BTreeSet<Change>>,
    pub(super) lookups: Notes,
    pub(super) statements: Notes,
    /// The newest checkpoint that is not forged.
    pub(super) newest: Option<CheckpointLine>,
}

/// Counts by something that others name, so that there may be only so many.
#[derive(Debug)]
pub(super) struct Counts<K> {
    pub(super) of: BTreeMap<K, u64>,
    /// What was counted under no name of its own.
    pub(super) left_out: u64,
}

/// Under which configuration a stream is written.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    /// `audit.start`, or the kind of a checkpoint.
    pub(super) source: &'static str,
    pub(super) config: String,
    pub(super) build: String,
}

/// A line that somebody signed.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Note {
    pub(super) ts: String,
    pub(super) event: String,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) who: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// The first of them; the others are counted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) first: BTreeSet<Note>,
    pub(super) left_out: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), left_out: 0 }
    }
}

impl<K: Ord> Counts<K> {
    fn add(&mut self, key: K, count: u64) {
        let room = self.of.len() < MAX_NAMES;
        match self.of.get_mut(&key) {
            Some(known) => *known = known.saturating_add(count),
            None if room => drop(self.of.insert(key, count)),
            None => self.left_out = self.left_out.saturating_add(count),
        }
    }
}

impl Notes {
    pub(super) fn add(&mut self, note: Note) {
        if self.first.len() < MAX_NAMES || self.first.contains(&note) {
            self.first.insert(note);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

impl Facts {
    /// Nothing so far.
    pub(super) fn of(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// A record.
    pub(super) fn count(&mut self, stream: StreamId, at: Timestamp, kind: (&str, &str), outcome: &str) {
        self.records = self.records.saturating_add(1);
        self.kinds.add((kind.0.to_owned(), kind.1.to_owned()), 1);
        self.outcomes.add(outcome.to_owned(), 1);
        self.hours.add(hour(at), 1);
        self.speak(stream, at);
    }

    /// A checkpoint.
    pub(super) fn spoke(&mut self, stream: StreamId, group: Option<&str>, at: Timestamp) {
        self.speak(stream, at);
        let workload = workload(group.unwrap_or("-"));
        if let Some(heard) = self.heard.get_mut(workload) {
            heard.add(hour(at), hour(at));
        } else if self.heard.len() < MAX_NAMES {
            self.heard.entry(workload.to_owned()).or_default().add(hour(at), hour(at));
        }
    }

    fn speak(&mut self, stream: StreamId, at: Timestamp) {
        if self.speakers.len() < MAX_SPEAKERS {
            self.speakers.insert((hour(at), stream));
        }
    }

    /// What a record declares as dropped.
    pub(super) fn drop(&mut self, dropped: Option<&Value>) {
        for (reason, count) in dropped.and_then(Value::as_object).into_iter().flatten() {
            self.dropped.add(reason.chars().take(64).collect(), count.as_u64().unwrap_or_default());
        }
    }

    /// What a stream says of its configuration; at most so many times.
    pub(super) fn change(&mut self, stream: StreamId, change: Change) {
        let known = self.changes.entry(stream).or_default();
        if known.len() < MAX_CHANGES {
            known.insert(change);
        }
    }

    /// Every hour in which something was said: when, how many records, by how many streams.
    pub(super) fn by_hour(&self) -> Vec<(String, u64, usize)> {
        let mut streams: BTreeMap<u64, usize> = self.hours.of.keys().map(|hour| (*hour, 0)).collect();
        self.speakers.iter().for_each(|(hour, _)| *streams.entry(*hour).or_default() += 1);
        let records = |hour| self.hours.of.get(hour).copied().unwrap_or_default();
        streams.iter().map(|(hour, streams)| (time(*hour), records(hour), *streams)).collect()
    }

    /// Hours of the window without a checkpoint of a workload: from the beginning of the first to the end of the last.
    pub(super) fn silent(&self) -> Vec<(&str, String, String)> {
        let spoken = || self.speakers.iter().map(|(hour, _)| *hour);
        let last_moment = |to: Timestamp| Timestamp::from_micros(to.as_micros().saturating_sub(1));
        let first = self.from.map(hour).or(spoken().min()).unwrap_or_default();
        let last = self.to.map(|to| hour(last_moment(to))).or(spoken().max()).unwrap_or_default();
        let mut silent = Vec::new();
        for (workload, heard) in &self.heard {
            let gaps = heard.missing(first, last).into_iter().take(MAX_NAMES.saturating_sub(silent.len()));
            silent.extend(gaps.map(|(from, to)| (workload.as_str(), time(from), time(to.saturating_add(1)))));
        }
        silent
    }

    /// Of every writer group in the order of time, where configuration or build are not what they were.
    pub(super) fn by_group(&self) -> Vec<(&str, Vec<(StreamId, &Change)>)> {
        let mut groups: BTreeMap<&str, Vec<(StreamId, &Change)>> = BTreeMap::new();
        for (stream, changes) in &self.changes {
            let group = self.groups.get(stream).map_or("-", String::as_str);
            groups.entry(group).or_default().extend(changes.iter().map(|change| (*stream, change)));
        }
        for changes in groups.values_mut() {
            changes.sort_by_key(|(stream, change)| (change.at, *stream, change.source));
            changes.dedup_by(|next, known| next.1.config == known.1.config && next.1.build == known.1.build);
        }
        groups.into_iter().collect()
    }

    /// Records of the list that no checkpoint covers: how many, and the first of them.
    pub(super) fn uncovered(&self) -> (u64, Vec<String>) {
        let (mut count, mut first) = (0_u64, Vec::new());
        for (stream, listed) in &self.listed {
            let none = Ranges::default();
            let covered = self.covered.get(stream).unwrap_or(&none);
            for (from, to) in listed.iter().flat_map(|(from, to)| covered.missing(from, to)) {
                count = count.saturating_add(to.saturating_sub(from).saturating_add(1));
                let room = MAX_SHOWN.saturating_sub(first.len());
                first.extend((from..=to).take(room).map(|number| format!("{stream}-{number}")));
            }
        }
        (count, first)
    }
}

/// The writer group without the pod: what replaces a pod has another name.
fn workload(group: &str) -> &str {
    group.rsplit_once('/').map_or(group, |(workload, _)| workload)
}

fn hour(at: Timestamp) -> u64 {
    at.as_secs() / 3600
}

fn time(hour: u64) -> String {
    moment::rfc3339(Timestamp::from_secs(hour.saturating_mul(3600)))
}

/// Names of one kind that are counted apart: more are made up.
const MAX_NAMES: usize = 100_000;
const MAX_SPEAKERS: usize = 1_000_000;
/// Of one stream, which has one configuration and an anchor a day.
const MAX_CHANGES: usize = 4096;
const MAX_SHOWN: usize = 20;
