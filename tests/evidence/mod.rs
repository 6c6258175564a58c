//! Exports to tamper with: streams of several processes, sealed by the filter's own code, and what can be done to them.

pub(crate) mod mutate;
pub(crate) mod random;
pub(crate) mod writer;

use std::collections::{BTreeMap, BTreeSet};

use oidc_audit::record::verify::{Asked, LineReader, Report, Trust, Verifier};
use serde_json::{Value, json};

/// Lines, the trust file, and as of when they are judged.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) trust: Value,
}

/// What two verifiers must agree on.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) exit: u64,
    /// Of every stream its verdict and its end.
    streams: BTreeMap<String, (String, String)>,
    /// Kind and place of everything that is wrong.
    pub(crate) problems: BTreeSet<(String, String)>,
}

impl Export {
    pub(crate) fn verify(&self) -> Report {
        let trust = Trust::parse(&self.trust.to_string()).unwrap();
        let mut verifier = Verifier::new(trust, Asked::default());
        let reader = LineReader::default();
        for line in &self.lines {
            verifier.take(reader.text(line));
        }
        if verifier.wants_second_reading() {
            self.lines.iter().for_each(|line| verifier.again(&reader.text(line)));
        }
        verifier.finish()
    }

    /// The case as `verify.py --cases` reads it.
    pub(crate) fn case(&self) -> Value {
        let lines: Vec<String> = self.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        json!({"trust": self.trust, "lines": lines})
    }
}

impl Judgement {
    pub(crate) fn of(report: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let streams = report["streams"].as_array().unwrap();
        let own =
            streams.iter().map(|stream| (text(&stream["stream"]), (text(&stream["verdict"]), text(&stream["end"]))));
        let lists = streams.iter().map(|stream| &stream["problems"]).chain([&report["problems"]]);
        let problems = lists.flat_map(|list| list.as_array().unwrap());
        let place =
            |problem: &Value| format!("{}{}..{}", text(&problem["id"]), text(&problem["from"]), text(&problem["to"]));
        Self {
            exit: report["exit"].as_u64().unwrap(),
            streams: own.collect(),
            problems: problems.map(|problem| (text(&problem["kind"]), place(problem))).collect(),
        }
    }

    pub(crate) fn has(&self, kind: &str) -> bool {
        self.problems.iter().any(|(found, _)| found == kind)
    }
}
