//! The first reading: the list of all records, and what is counted on the way.
//!
//! The list goes into a file without a name. What is held are counts, and of every stream the ranges of its numbers.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use oidc_audit::record::evidence::{CheckpointLine, Digest};
use oidc_audit::record::verify::{Asked, Content, Line, Statement, Trust, is_forged};
use oidc_audit::time::Timestamp;
use serde_json::Value;

use super::facts::{Change, Facts, Note};
use crate::moment;
use crate::spool;

/// A reading of an export.
pub(super) struct Survey {
    trust: Trust,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    population: BufWriter<File>,
    facts: Facts,
    /// What went wrong with the list: said at the end.
    failed: Option<io::Error>,
}

/// A record as the list has it.
struct Row<'a> {
    id: String,
    at: Timestamp,
    event: &'a str,
    workload: String,
    outcome: &'a str,
    leaf: Digest,
}

impl Survey {
    /// Begins the list.
    ///
    /// # Errors
    ///
    /// There is no room for it.
    pub(super) fn begin(trust: &Trust, asked: &Asked) -> io::Result<Self> {
        let mut population = BufWriter::new(spool::create()?);
        population.write_all(HEADING)?;
        let facts = Facts::of(asked.from, asked.to);
        Ok(Self { trust: trust.clone(), from: asked.from, to: asked.to, population, facts, failed: None })
    }

    /// Sees one line.
    pub(super) fn look(&mut self, line: &Line, text: &[u8]) {
        match line {
            Line::Record { .. } => self.record(line, text),
            Line::Checkpoint(line) => self.checkpoint(line),
            Line::Statement(statement) => self.statement(statement),
            _ => {}
        }
    }

    /// The list, and what was counted.
    ///
    /// # Errors
    ///
    /// There was no room for the list.
    pub(super) fn finish(self) -> io::Result<(File, Facts)> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.population.into_inner().map_err(io::IntoInnerError::into_error)?, self.facts)),
        }
    }

    fn record(&mut self, line: &Line, text: &[u8]) {
        let (Line::Record { stream, number, .. }, Some(leaf)) = (line, own_leaf(line)) else { return };
        let value: Value = serde_json::from_slice(text).unwrap_or_default();
        let Some(at) = value.get("ts").and_then(Value::as_str).and_then(moment::parse) else {
            self.facts.without_time = self.facts.without_time.saturating_add(1);
            return;
        };
        if !self.is_inside(at) {
            return;
        }
        if self.facts.listed.entry(*stream).or_default().contains(*number) {
            self.facts.copies = self.facts.copies.saturating_add(1);
            return;
        }
        self.facts.listed.entry(*stream).or_default().add(*number, *number);
        let (event, outcome) = (word(value.get("event")), word(value.get("outcome")));
        let row = Row { id: format!("{stream}-{number}"), at, event, workload: workload(&value), outcome, leaf };
        self.facts.count(*stream, at, (row.event, &row.workload), row.outcome);
        if let Err(error) = row.write(&mut self.population) {
            self.failed.get_or_insert(error);
        }
        let member = |name: &str| value.get("audit")?.get(name);
        match event {
            "audit.drop" => self.facts.drop(member("dropped")),
            "audit.start" => {
                let version =
                    member("version").map_or_else(String::new, |version| format!("oidc-audit/{}", word(Some(version))));
                let config = word(member("config_digest")).to_owned();
                self.facts.change(*stream, Change { at, source: "audit.start", config, build: version });
            }
            _ => {}
        }
    }

    fn checkpoint(&mut self, line: &CheckpointLine) {
        if is_forged(line, &self.trust) {
            return;
        }
        let checkpoint = &line.checkpoint;
        if let Some(covered) = &checkpoint.covered {
            self.facts.covered.entry(checkpoint.stream).or_default().add(covered.first, covered.last);
        }
        if let Some(group) = &checkpoint.group {
            self.facts.groups.entry(checkpoint.stream).or_insert_with(|| group.clone());
        }
        if !self.is_inside(checkpoint.issued) {
            return;
        }
        self.facts.spoke(checkpoint.stream, checkpoint.group.as_deref(), checkpoint.issued);
        if let Some(opening) = &checkpoint.opening {
            let (config, build) = (opening.config.clone(), opening.build.clone());
            let source = checkpoint.kind.as_str();
            self.facts.change(checkpoint.stream, Change { at: checkpoint.issued, source, config, build });
        }
        let key = |line: &CheckpointLine| (line.checkpoint.issued, Digest::of(line.jws.as_bytes()).to_string());
        if self.facts.newest.as_ref().is_none_or(|newest| key(newest) < key(line)) {
            self.facts.newest = Some(line.clone());
        }
    }

    /// What somebody signed; whether it holds is `verify`'s to judge. Lookups are of the window, the others of the whole export.
    fn statement(&mut self, statement: &Statement) {
        let (event, who, why) = match &statement.content {
            Content::Expired { before, .. } => ("audit.expired", None, format!("before {}", moment::rfc3339(*before))),
            Content::Lookup { who, reason, .. } => ("audit.lookup", Some(cut(who)), cut(reason)),
            Content::Redacted { reason, .. } => ("audit.redacted", None, cut(reason)),
            // what is bound stands in the report, stream by stream
            Content::Bound(_) => return,
        };
        let (id, ts) = (statement.id(), moment::rfc3339(statement.issued));
        let note = Note { id, ts, event: event.to_owned(), who, why: Some(why) };
        match &statement.content {
            Content::Lookup { .. } if self.is_inside(statement.issued) => self.facts.lookups.add(note),
            Content::Lookup { .. } => {}
            _ => self.facts.statements.add(note),
        }
    }

    fn is_inside(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}

impl Row<'_> {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let Self { id, at, event, workload, outcome, leaf } = self;
        writeln!(to, "{id}\t{}\t{event}\t{workload}\t{outcome}\t{leaf}", moment::rfc3339(*at))
    }
}

/// What the record itself hashes to, without what a store added; `None` for any other line.
pub(super) fn own_leaf(line: &Line) -> Option<Digest> {
    match line {
        Line::Record { leaf, trimmed, .. } => Some(trimmed.unwrap_or(*leaf)),
        _ => None,
    }
}

/// A text of ours, `-` for none, `?` for one that is not ours: a spreadsheet obeys cells that begin with `=`, and a list its tabs.
fn word(value: Option<&Value>) -> &str {
    match value.and_then(Value::as_str) {
        None => "-",
        Some(text) if is_word(text) => text,
        Some(_) => "?",
    }
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~:/@".contains(&byte);
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    begins && text.len() <= MAX_WORD && text.bytes().all(plain)
}

/// Namespace and workload as the record says them, else the proxy's node id.
fn workload(record: &Value) -> String {
    let observer = record.get("observer");
    let member = |name: &str| observer.and_then(|observer| observer.get(name));
    match (member("namespace"), member("workload")) {
        (None, None) => word(member("node")).to_owned(),
        (namespace, workload) => format!("{}/{}", word(namespace), word(workload)),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_WORD).collect()
}

const HEADING: &[u8] = b"id\tts\tevent\tworkload\toutcome\tleaf\n";
const MAX_WORD: usize = 256;
