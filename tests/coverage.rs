#![cfg(test)]
//! `docs/coverage.md` says of every protocol event which fixtures exercise it, and `cases.tsv` of every case
//! what covers it. `GOLDEN=1` rewrites the page.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use oidc_audit::oauth::ProtocolEvent;
use support::{fixture, root};

/// What is known of one event.
#[derive(Debug, Default)]
struct Row {
    outcomes: BTreeSet<String>,
    vantages: BTreeSet<String>,
    fixtures: BTreeSet<String>,
}

#[test]
fn every_event_is_exercised_and_the_page_says_by_what() {
    if fixture::only().is_some() {
        return;
    }
    let coverage = coverage();
    let never: Vec<&str> =
        coverage.iter().filter(|(_, row)| row.fixtures.is_empty()).map(|(event, _)| *event).collect();
    assert_eq!(never, Vec::<&str>::new(), "events that no fixture shows");
    let path = root().join("docs/coverage.md");
    let page = page(&coverage);
    if golden() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page, "docs/coverage.md is behind: `make golden`");
}

/// `tests/fixtures/cases.tsv`: the cases that the corpus has to show, and by what it does.
#[test]
fn every_case_is_covered_by_what_exists() {
    let table = fs::read_to_string(root().join("tests/fixtures/cases.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let cases: Vec<String> = rows.iter().map(|row| row.first().unwrap().to_string()).collect();
    let wanted =
        FAMILIES.iter().flat_map(|(family, count)| (1..=*count).map(move |case| format!("{family}-{case:02}")));
    assert_eq!(cases, wanted.collect::<Vec<_>>());
    for row in &rows {
        let [case, fixtures, tests, note] = row.as_slice() else { panic!("four columns: {row:?}") };
        let (fixtures, tests) = (names(fixtures), names(tests));
        assert!(!(fixtures.is_empty() && tests.is_empty()), "{case} is covered by nothing");
        assert!(!note.is_empty(), "{case}: `-` for no note");
        for fixture in fixtures {
            let records = root().join("tests/fixtures/exchanges").join(fixture).join("records.jsonl");
            assert!(records.is_file(), "{case}: no fixture {fixture}");
        }
        for test in tests {
            assert!(is_there(test), "{case}: no test {test}");
        }
    }
}

fn names(column: &str) -> Vec<&str> {
    column.split(' ').filter(|name| *name != "-" && !name.is_empty()).collect()
}

/// `findings/<rule>`: stored records where the rule fires and others where it is silent. `<file>#<function>`: a test.
/// A file alone: its tests.
fn is_there(test: &str) -> bool {
    if let Some(rule) = test.strip_prefix("findings/") {
        let folder = fs::read_dir(root().join("cli/tests/fixtures/findings")).unwrap();
        let stored: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let has = |verdict: &str| stored.iter().any(|name| name.starts_with(&format!("{rule}-{verdict}-")));
        return has("fires") && has("silent");
    }
    let (file, function) = test.split_once('#').unwrap_or((test, "#[test]"));
    let wanted = if function == "#[test]" { function.to_owned() } else { format!("fn {function}(") };
    fs::read_to_string(root().join(file)).is_ok_and(|text| text.contains(&wanted))
}

/// The families of cases, and how many each has.
const FAMILIES: [(&str, usize); 14] = [
    ("AR", 34),
    ("JP", 20),
    ("RS", 28),
    ("CB", 14),
    ("TK", 55),
    ("RF", 16),
    ("DC", 20),
    ("ID", 30),
    ("US", 30),
    ("LF", 19),
    ("LO", 25),
    ("CM", 14),
    ("HX", 25),
    ("FL", 22),
];

fn coverage() -> BTreeMap<&'static str, Row> {
    let mut coverage: BTreeMap<_, Row> =
        ProtocolEvent::ALL.iter().map(|event| (event.as_str(), Row::default())).collect();
    for fixture in fixture::load() {
        for record in fixture.expected() {
            let text = |member: &str| record[member].as_str().unwrap_or_default().to_owned();
            let Some(row) = coverage.get_mut(text("event").as_str()) else { continue };
            row.outcomes.insert(text("outcome"));
            row.vantages.insert(text("vantage"));
            row.fixtures.insert(fixture.name.clone());
        }
    }
    coverage
}

fn page(coverage: &BTreeMap<&'static str, Row>) -> String {
    let mut page = String::from(HEAD);
    for (event, row) in coverage {
        let (outcomes, vantages) = (join(&row.outcomes), join(&row.vantages));
        let shown: BTreeSet<String> = row.fixtures.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = row.fixtures.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let count = row.fixtures.len();
        writeln!(page, "| `{event}` | {outcomes} | {vantages} | {count} | {}{more} |", join(&shown)).unwrap();
    }
    page
}

fn join(words: &BTreeSet<String>) -> String {
    words.iter().cloned().collect::<Vec<_>>().join(", ")
}

#[expect(clippy::disallowed_methods, reason = "`make golden` says so by the environment")]
fn golden() -> bool {
    std::env::var("GOLDEN").is_ok_and(|value| value == "1")
}

/// Names of fixtures that one row holds.
const SHOWN: usize = 8;

const HEAD: &str = "\
<!-- generated by `make golden` from the expected records of tests/fixtures/exchanges -->

# Which events are exercised

Every protocol event, with the outcomes and vantages that the corpus shows and the fixtures that show them. The same
fixtures run natively, through the built module in an interpreter, and through a real Envoy; `make test` prints how many
of each event every harness played.

| Event | Outcomes | Vantages | Fixtures | Among them |
|---|---|---|---|---|
";
