//! Exports to tamper with: streams of several processes, sealed by the filter's own code, and what can be done to them.

#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part of it")]

pub(crate) mod bindings;
pub(crate) mod mutate;
pub(crate) mod random;
pub(crate) mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use oidc_audit::record::verify::{Asked, LineReader, Report, Trust, Verifier};
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};

/// To know what members records have takes longer than to verify an export of this size.
static READER: LazyLock<LineReader> = LazyLock::new(LineReader::default);

/// Lines, the trust file, and the window in which they are judged.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) trust: Value,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

/// What two verifiers must agree on.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) exit: u64,
    /// Of people.
    pub(crate) lookups: u64,
    /// Of every stream its verdict, its end, and its writer.
    pub(crate) streams: BTreeMap<String, (String, String, String)>,
    /// Kind and place of everything that is wrong.
    pub(crate) problems: BTreeSet<(String, String)>,
}

impl Export {
    pub(crate) fn verify(&self) -> Report {
        let trust = Trust::parse(&self.trust.to_string()).unwrap();
        let mut verifier = Verifier::new(trust, Asked { from: self.from, to: self.to, ..Asked::default() });
        let reader = &*READER;
        for line in &self.lines {
            verifier.take(reader.text(line));
        }
        while verifier.wants_another_reading() {
            self.lines.iter().for_each(|line| verifier.again(&reader.text(line)));
        }
        verifier.finish()
    }

    /// The case as `verify.py --cases` reads it.
    pub(crate) fn case(&self) -> Value {
        use base64::Engine as _;
        let lines: Vec<String> =
            self.lines.iter().map(|line| base64::engine::general_purpose::STANDARD.encode(line)).collect();
        let at = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        json!({"from": at(self.from), "lines": lines, "to": at(self.to), "trust": self.trust})
    }
}

impl Judgement {
    pub(crate) fn of(report: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let streams = report["streams"].as_array().unwrap();
        let of = |stream: &Value| ["verdict", "end", "writer"].map(|name| text(&stream[name])).into();
        let own = streams.iter().map(|stream| (text(&stream["stream"]), of(stream)));
        let lists = streams.iter().map(|stream| &stream["problems"]).chain([&report["problems"]]);
        let problems = lists.flat_map(|list| list.as_array().unwrap());
        let place =
            |problem: &Value| format!("{}{}..{}", text(&problem["id"]), text(&problem["from"]), text(&problem["to"]));
        Self {
            exit: report["exit"].as_u64().unwrap(),
            lookups: report["lookups"].as_u64().unwrap(),
            streams: own.collect(),
            problems: problems.map(|problem| (text(&problem["kind"]), place(problem))).collect(),
        }
    }

    pub(crate) fn has(&self, kind: &str) -> bool {
        self.problems.iter().any(|(found, _)| found == kind)
    }
}
