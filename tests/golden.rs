#![cfg(test)]
//! The corpus through the core, natively: in milliseconds, and in every chunking.
//!
//! `GOLDEN=1` rewrites `records.jsonl` of every fixture; this harness alone does. The others must agree.

mod native;
mod support;

use std::collections::BTreeMap;

use native::Chunking;
use serde_json::Value;
use support::fixture::{self, Fixture};
use support::record::Checker;
use support::{Tally, compare, normal};

#[test]
fn every_fixture_gives_its_records_in_every_chunking() {
    let checker = Checker::default();
    let mut tally = Tally::new("native");
    let mut families = BTreeMap::<String, usize>::new();
    for fixture in fixture::load() {
        if !tally.plays(&fixture) {
            continue;
        }
        *families.entry(fixture.name.split('-').next().unwrap_or("?").to_owned()).or_default() += 1;
        if let Err(problem) = judge(&fixture, &checker) {
            tally.fail(&fixture.name, problem);
        }
    }
    println!("families: {families:?}");
    tally.finish();
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
    let records: Vec<Value> =
        lines.iter().map(|line| checker.check(line, &fixture.case.secrets)).collect::<Result<_, _>>()?;
    let records: Vec<Value> = records.into_iter().filter(|record| record.get("exchange").is_some()).collect();
    normal::normalise(&records)
}

#[expect(clippy::disallowed_methods, reason = "`make golden` says so by the environment")]
fn rewriting() -> bool {
    std::env::var("GOLDEN").is_ok_and(|value| value == "1")
}
