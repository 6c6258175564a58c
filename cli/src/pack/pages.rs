//! What people and programs read of an archive: `summary.json`, `summary.txt`, `README.txt`, and the line on the terminal.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use oidc_audit::record::verify::{Problem, Report, Verdict};
use oidc_audit::time::Timestamp;
use serde_json::{Map, Value, json};

use super::draw::{Origin, Seed};
use super::facts::{Facts, Note, Notes};
use super::samples::Sample;
use crate::moment;
use crate::term::{Style, Term, escape, quoted};
use crate::verify::Question;

/// Everything that an archive says.
#[derive(Debug)]
pub(super) struct Pack<'a> {
    pub(super) verdict: Verdict,
    pub(super) question: &'a Question,
    pub(super) report: &'a Report,
    pub(super) facts: &'a Facts,
    pub(super) seed: &'a Seed,
    pub(super) samples: &'a [Sample],
}

impl Pack<'_> {
    /// `oidc-audit-pack/1`, as docs/pack.md has it.
    pub(super) fn json(&self) -> Value {
        let (facts, report) = (self.facts, self.report);
        let (uncovered, first) = facts.uncovered();
        let kinds = facts.kinds.of.iter();
        let kinds: Vec<Value> = kinds
            .map(|((event, workload), records)| json!({"event": event, "records": records, "workload": workload}))
            .collect();
        let hours: Vec<Value> = (facts.by_hour().iter())
            .map(|(hour, records, streams)| json!({"hour": hour, "records": records, "streams": streams}))
            .collect();
        let silent: Vec<Value> = (facts.silent().iter())
            .map(|(workload, from, to)| json!({"from": from, "to": to, "workload": workload}))
            .collect();
        let problems = self.problems();
        json!({
            "schema": "oidc-audit-pack/1",
            "tool": concat!("oidc-audit/", env!("CARGO_PKG_VERSION")),
            "verdict": self.verdict,
            "exit": self.verdict.exit_code(),
            "window": self.window(),
            "expect": self.question.expect,
            "witnesses": self.question.witness.len(),
            "as_of": moment::rfc3339(Timestamp::from_micros(report.as_of)),
            "seed": self.seed_json(),
            "records": {
                "listed": facts.records,
                "copies": facts.copies,
                "without_time": facts.without_time,
                "uncovered": {"count": uncovered, "first": first},
            },
            "by_event_and_workload": {"counts": kinds, "left_out": facts.kinds.left_out},
            "by_outcome": {"counts": facts.outcomes.of, "left_out": facts.outcomes.left_out},
            "coverage": {"hours": hours, "left_out": facts.hours.left_out, "silent": silent},
            "problems": problems.iter().take(MAX_PROBLEMS).collect::<Vec<_>>(),
            "problems_left_out": problems.len().saturating_sub(MAX_PROBLEMS),
            "dropped": {"counts": facts.dropped.of, "left_out": facts.dropped.left_out},
            "changes": self.changes(),
            "lookups": notes(&facts.lookups),
            "statements": notes(&facts.statements),
            "sample": self.samples.iter().map(sample).collect::<Vec<_>>(),
        })
    }

    fn window(&self) -> Value {
        let bounds = [("from", self.facts.from), ("to", self.facts.to)];
        let bounds = bounds.into_iter().filter_map(|(name, at)| Some((name.to_owned(), exact(at?).into())));
        Value::Object(bounds.collect())
    }

    fn seed_json(&self) -> Value {
        match &self.seed.origin {
            Origin::Checkpoint(line) => {
                json!({"checkpoint": line.checkpoint.id(), "from": "checkpoint", "jws": line.jws, "text": self.seed.text})
            }
            Origin::Constant => json!({"from": "constant", "text": self.seed.text}),
            Origin::Option => json!({"from": "option", "text": self.seed.text}),
        }
    }

    /// What the report names, each with its stream and writer.
    fn problems(&self) -> Vec<Value> {
        let of = |problem: &Problem, more: &[(&str, &str)]| {
            let mut members = serde_json::to_value(problem).unwrap_or_default();
            if let Some(members) = members.as_object_mut() {
                members.extend(more.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))));
            }
            members
        };
        let whole = self.report.problems.iter().map(|problem| of(problem, &[]));
        let streams = self.report.streams.iter().flat_map(|stream| {
            let group = stream.group.as_deref().unwrap_or("-");
            stream.problems.iter().map(move |problem| of(problem, &[("group", group), ("stream", &stream.stream)]))
        });
        whole.chain(streams).collect()
    }

    fn changes(&self) -> Vec<Value> {
        let rows = self.facts.by_group().into_iter().flat_map(|(group, changes)| {
            changes.into_iter().map(move |(stream, change)| {
                json!({"at": moment::rfc3339(change.at), "build": change.build, "config": change.config, "group": group,
                    "source": change.source, "stream": stream.to_string()})
            })
        });
        rows.collect()
    }

    /// A page to look at; more than it shows is in the JSON.
    pub(super) fn text(&self) -> String {
        let json = self.json();
        let mut page = Page(String::new());
        page.line(&self.headline());
        page.line(&format!("window   {}", self.span()));
        page.line(&format!("as of    {}", moment::rfc3339(Timestamp::from_micros(self.report.as_of))));
        page.line(&format!("seed     {} ({})", escape(&self.seed.text), word(&json, "/seed/from")));
        page.table(
            "Records by event and workload",
            &json,
            "/by_event_and_workload/counts",
            &["records", "event", "workload"],
        );
        page.counts("Records by outcome", json.pointer("/by_outcome/counts"));
        page.table("Coverage by hour", &json, "/coverage/hours", &["hour", "records", "streams"]);
        page.table("Hours without a checkpoint", &json, "/coverage/silent", &["from", "to", "workload"]);
        page.table("Problems", &json, "/problems", &["kind", "id", "from", "to", "group"]);
        page.counts("Dropped, as audit.drop declares it", json.pointer("/dropped/counts"));
        page.table("Configurations and builds", &json, "/changes", &["at", "group", "build", "config", "source"]);
        page.table("Lookups of persons", &json, "/lookups/first", &["ts", "who", "why", "id"]);
        page.table("What operators signed", &json, "/statements/first", &["ts", "event", "why", "id"]);
        page.table("Sample", &json, "/sample", &["number", "verdict", "problem", "id"]);
        page.0
    }

    /// How to check it, and what that proves.
    pub(super) fn readme(&self) -> String {
        let option =
            |name: &str, at: Option<Timestamp>| at.map_or_else(String::new, |at| format!(" {name} {}", exact(at)));
        let mut window = option("--from", self.facts.from) + &option("--to", self.facts.to);
        window.extend(self.question.expect.iter().map(|pattern| format!(" --expect {}", quoted(pattern))));
        window.extend(self.question.witness.iter().map(|_| " --witness FILE"));
        let as_of = option("--as-of", Some(Timestamp::from_micros(self.report.as_of)).filter(|at| at.as_micros() > 0));
        let seed = match &self.seed.origin {
            Origin::Option => format!(" --seed {}", quoted(&self.seed.text)),
            Origin::Checkpoint(_) | Origin::Constant => String::new(),
        };
        let again = format!("{window} --sample {}{seed}", self.samples.len());
        README
            .replace("{headline}", &self.headline())
            .replace("{window}", &window)
            .replace("{as_of}", &as_of)
            .replace("{again}", &again)
    }

    /// On standard output.
    pub(super) fn say(&self, term: &mut Term, out: &Path) -> io::Result<()> {
        let palette = term.palette();
        let style = match self.verdict {
            Verdict::Intact => Style::Good,
            Verdict::Incomplete | Verdict::Undecided => Style::Warning,
            Verdict::Tampered => Style::Bad,
        };
        let verdict = palette.paint(style, self.verdict.as_str().to_uppercase());
        let (records, sampled) = (self.facts.records, self.samples.len());
        let out = out.display().to_string();
        writeln!(
            term.out(),
            "{verdict}  {}: {records} records, {sampled} in the sample, {}",
            escape(&out),
            self.span()
        )?;
        if self.verdict != Verdict::Intact {
            writeln!(term.out(), "  report.txt in it says what is wrong and what to do")?;
        }
        term.flush()
    }

    fn headline(&self) -> String {
        let sampled = self.samples.len();
        let proven = self.samples.iter().filter(|sample| sample.verdict() == Verdict::Intact).count();
        let verdict = self.verdict.as_str().to_uppercase();
        format!("{verdict}  {} records, {sampled} in the sample, {proven} of these proven", self.facts.records)
    }

    fn span(&self) -> String {
        let bound = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), exact);
        match (self.facts.from, self.facts.to) {
            (None, None) => "the whole export".to_owned(),
            (from, to) => format!("{} to {}", bound(from), bound(to)),
        }
    }
}

/// A page of text that grows.
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    /// Rows of a list, the members side by side; nothing where it is empty.
    fn table(&mut self, title: &str, json: &Value, pointer: &str, names: &[&str]) {
        let all = json.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let cell = |row: &Value, name: &str| match row.get(name) {
            Some(Value::String(text)) => escape(text).to_string(),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        };
        let rows = all.iter().take(MAX_ROWS);
        let rows: Vec<Vec<String>> = rows.map(|row| names.iter().map(|name| cell(row, name)).collect()).collect();
        let heading: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.rows(title, &heading, &rows, all.len());
    }

    fn counts(&mut self, title: &str, counts: Option<&Value>) {
        let none = Map::new();
        let all = counts.and_then(Value::as_object).unwrap_or(&none);
        let rows = all.iter().take(MAX_ROWS).map(|(name, count)| vec![count.to_string(), escape(name).to_string()]);
        self.rows(title, &["records".to_owned(), "name".to_owned()], &rows.collect::<Vec<_>>(), all.len());
    }

    fn rows(&mut self, title: &str, heading: &[String], rows: &[Vec<String>], all: usize) {
        if rows.is_empty() {
            return;
        }
        let width = |column: usize| {
            let cells = rows.iter().map(Vec::as_slice).chain([heading]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..heading.len()).map(width).collect();
        self.line("");
        self.line(title);
        for row in [heading].into_iter().chain(rows.iter().map(Vec::as_slice)) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // A text takes it.
                let _ = write!(line, "  {cell:<width$}");
            }
            self.line(&line);
        }
        if all > rows.len() {
            self.line(&format!("  .. and {} more: summary.json has them", all - rows.len()));
        }
    }
}

fn notes(notes: &Notes) -> Value {
    json!({"first": notes.first.iter().collect::<Vec<&Note>>(), "left_out": notes.left_out})
}

fn sample(sample: &Sample) -> Value {
    let mut members =
        json!({"id": sample.id, "leaf": sample.leaf, "number": sample.number, "verdict": sample.verdict()});
    let more = [
        ("problem", sample.problem.map(|problem| json!(problem))),
        ("proof", sample.proof.as_ref().map(|_| sample.proof_name().into())),
        ("record", sample.record.as_ref().map(|_| sample.record_name().into())),
    ];
    if let Some(members) = members.as_object_mut() {
        members.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    members
}

fn word<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or("-")
}

/// To the microsecond, as checkpoints count: nothing is lost by saying it.
fn exact(at: Timestamp) -> String {
    let (text, micros) = (moment::rfc3339(at), at.as_micros() % 1000);
    if micros == 0 { text } else { format!("{}{micros:03}Z", text.trim_end_matches('Z')) }
}

const MAX_PROBLEMS: usize = 10_000;
/// Of one table of the page.
const MAX_ROWS: usize = 200;
const README: &str = include_str!("README.txt");
