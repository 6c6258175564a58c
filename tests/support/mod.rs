//! The corpus: fixtures in `tests/fixtures/exchanges`, read once for every harness, and what every harness does with
//! the records it got.
#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part of it")]

pub(crate) mod canary;
pub(crate) mod coding;
pub(crate) mod compare;
pub(crate) mod evidence;
pub(crate) mod fixture;
pub(crate) mod normal;
pub(crate) mod placeholder;
pub(crate) mod record;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use fixture::Fixture;
use serde_json::json;

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What became of the corpus in one harness.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    harness: &'static str,
    played: usize,
    families: BTreeMap<String, usize>,
    /// Fixtures by the events that they show.
    events: BTreeMap<String, usize>,
    excluded: Vec<(String, String)>,
    failures: Vec<String>,
}

impl Tally {
    pub(crate) fn new(harness: &'static str) -> Self {
        Self { harness, ..Self::default() }
    }

    /// Whether the harness plays this fixture; if not, the reason is kept.
    pub(crate) fn plays(&mut self, fixture: &Fixture) -> bool {
        let harness = self.harness.split('_').next().unwrap_or_default();
        match fixture.case.exclude.get(harness) {
            None => {
                self.played += 1;
                *self.families.entry(fixture.family().to_owned()).or_default() += 1;
                for event in fixture.events() {
                    *self.events.entry(event).or_default() += 1;
                }
                true
            }
            Some(reason) => {
                self.excluded.push((fixture.name.clone(), reason.clone()));
                false
            }
        }
    }

    pub(crate) fn fail(&mut self, fixture: &str, problem: impl Into<String>) {
        self.failures.push(format!("{fixture}: {}", problem.into()));
    }

    /// Prints the counts, leaves them for the table of all harnesses (`tools/corpus.py`), and fails when anything was wrong or
    /// too much was left out.
    pub(crate) fn finish(self) {
        let total = self.played + self.excluded.len();
        let mut text =
            format!("corpus, {}: {} of {total} fixtures played {:?}\n", self.harness, self.played, self.families);
        for (name, reason) in &self.excluded {
            text.push_str(&format!("  excluded: {name}: {reason}\n"));
        }
        // not by a macro: the counts are shown whether the test passes or not
        io::stdout().write_all(text.as_bytes()).unwrap();
        self.leave(total);
        assert!(self.excluded.len() * 20 <= total, "more than 5 % of the corpus is excluded");
        assert!(self.failures.is_empty(), "{} failures\n\n{}", self.failures.len(), self.failures.join("\n"));
    }

    /// Nothing where a person plays single fixtures.
    fn leave(&self, total: usize) {
        if fixture::only().is_some() {
            return;
        }
        let folder = root().join("target/corpus");
        fs::create_dir_all(&folder).unwrap();
        let (played, passed) = (self.played, self.failures.is_empty());
        let tally = json!({"total": total, "played": played, "passed": passed, "events": self.events});
        fs::write(folder.join(format!("{}.json", self.harness)), tally.to_string()).unwrap();
    }
}
