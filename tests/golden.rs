#![cfg(test)]
//! The corpus through the core, natively: in milliseconds, and in every chunking.
//!
//! `GOLDEN=1` rewrites `records.jsonl` of every fixture; this harness alone does. The others must agree.

mod native;
mod support;

use native::Chunking;
use serde_json::Value;
use support::evidence::{self, Export};
use support::fixture::{self, Fixture};
use support::record::Checker;
use support::{Tally, compare, normal};

#[test]
fn every_fixture_gives_its_records_in_every_chunking() {
    let checker = Checker::default();
    let mut tally = Tally::new("native");
    for fixture in fixture::load() {
        if !tally.plays(&fixture) {
            continue;
        }
        if let Err(problem) = judge(&fixture, &checker) {
            tally.fail(&fixture.name, problem);
        }
    }
    tally.finish();
}

#[test]
fn a_stream_begins_with_its_start_ends_with_its_stop_and_has_no_holes() {
    let checker = Checker::default();
    for fixture in fixture::load() {
        let lines = native::lines(&fixture, Chunking::Whole);
        evidence::verify(&lines, Export::Whole).unwrap_or_else(|problem| panic!("{}: {problem}", fixture.name));
        let records = lines.iter().filter(|line| !evidence::is_checkpoint(line));
        let records: Vec<Value> = records.map(|line| checker.check(line, &fixture.case.secrets).unwrap()).collect();
        let ids: Vec<&str> = records.iter().filter_map(|record| record["id"].as_str()).collect();
        let stream = ids.first().and_then(|id| id.split('-').next()).unwrap_or_default();
        let expected: Vec<String> = (1..=ids.len()).map(|number| format!("{stream}-{number}")).collect();
        assert_eq!(ids, expected, "{}", fixture.name);
        if let [first, .., last] = records.as_slice() {
            assert_eq!((&first["event"], &last["event"]), (&"audit.start".into(), &"audit.stop".into()));
            assert_eq!(
                first["audit"]["key_ids"],
                serde_json::json!({"join": ["k1"], "pseudonym": ["k1"], "signing": ["s1"]})
            );
        }
    }
}

fn judge(fixture: &Fixture, checker: &Checker) -> Result<(), String> {
    let records = records(fixture, Chunking::Whole, checker)?;
    if rewriting() {
        fixture.rewrite(&records);
    }
    if let Some(difference) = compare::difference(&fixture.expected(), &records) {
        return Err(difference);
    }
    for chunking in [Chunking::Bytes(1), Chunking::Bytes(7)] {
        let others = self::records(fixture, chunking, checker)?;
        if let Some(difference) = compare::difference(&records, &others) {
            return Err(format!("{chunking:?}: {difference}"));
        }
    }
    Ok(())
}

fn records(fixture: &Fixture, chunking: Chunking, checker: &Checker) -> Result<Vec<Value>, String> {
    let lines = native::lines(fixture, chunking);
    let records = lines.iter().filter(|line| !evidence::is_checkpoint(line));
    let records: Vec<Value> =
        records.map(|line| checker.check(line, &fixture.case.secrets)).collect::<Result<_, _>>()?;
    let records: Vec<Value> = records.into_iter().filter(|record| record.get("exchange").is_some()).collect();
    normal::normalise(&records)
}

#[expect(clippy::disallowed_methods, reason = "`make golden` says so by the environment")]
fn rewriting() -> bool {
    std::env::var("GOLDEN").is_ok_and(|value| value == "1")
}
