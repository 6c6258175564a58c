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
use crate::collect::line::MAX_LINE;
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
        if !matches!(line, Line::Checkpoint(_) | Line::Record { .. }) && text.len() <= MAX_LINE && has(text, LOOKUP) {
            self.lookup(text);
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

    fn statement(&mut self, statement: &Statement) {
        // what else is signed has a place of its own
        let (event, why) = if let Content::Expired { before, .. } = &statement.content {
            ("audit.expired", format!("before {}", moment::rfc3339(*before)))
        } else if let Content::Redacted { reason, .. } = &statement.content {
            ("audit.redacted", cut(reason))
        } else {
            return;
        };
        self.facts.statement(Note {
            id: statement.id(),
            ts: moment::rfc3339(statement.issued),
            event: event.to_owned(),
            who: None,
            why: Some(why),
        });
    }

    /// A lookup of a person by the collector: a line that only its signature makes true, which is `verify`'s to judge.
    fn lookup(&mut self, text: &[u8]) {
        let value: Value = serde_json::from_slice(text).unwrap_or_default();
        let member = |name: &str| value.get(name).and_then(Value::as_str);
        let (Some(LOOKUP), Some(jws), Some(at)) =
            (member("event"), member("jws"), member("ts").and_then(moment::parse))
        else {
            return;
        };
        if !self.is_inside(at) {
            return;
        }
        let claims = claims(jws);
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).map(cut);
        self.facts.lookup(Note {
            id: cut(member("id").unwrap_or("-")),
            ts: moment::rfc3339(at),
            event: LOOKUP.to_owned(),
            who: claim("who"),
            why: claim("why"),
        });
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

fn claims(jws: &str) -> Value {
    use base64::Engine as _;
    let payload = jws.split('.').nth(1).unwrap_or_default();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_WORD).collect()
}

fn has(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part == word.as_bytes())
}

const HEADING: &[u8] = b"id\tts\tevent\tworkload\toutcome\tleaf\n";
const LOOKUP: &str = "audit.lookup";
const MAX_WORD: usize = 256;
