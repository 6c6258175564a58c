//! `findings` as a process over committed records: for every rule where it fires, and where it stays silent.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use process::{folder, oidc_audit, output, text};

#[path = "process/mod.rs"]
mod process;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<_> = fs::read_dir(fixtures().join("findings"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "jsonl"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    cases.sort();
    cases
}

fn report(path: &Path) -> Value {
    let output = output(&["findings", path.to_str().unwrap(), "--json"]);
    assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a report says, one finding a line.
fn told(report: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        let of = |name: &str| finding[name].as_str().unwrap().to_owned();
        let evidence = finding.get("evidence").map_or_else(String::new, |evidence| format!(" {evidence}"));
        let attempt = if finding["attempt"] == true { ".attempt" } else { "" };
        let (times, records) = (&finding["times"], finding["records"].as_array().unwrap().len());
        format!("{}{attempt} {}{evidence}, {records} records, {times} times", of("rule"), of("severity"))
    };
    report["findings"].as_array().unwrap().iter().map(line).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn every_case_is_judged_as_expected() {
    let (mut actual, mut wrong) = (String::new(), Vec::new());
    for (name, path) in cases() {
        let told = told(&report(&path));
        let (rule, rest) = (name.get(..4).unwrap(), name.get(5..).unwrap());
        let fired = told.iter().any(|line| line.starts_with(rule));
        if rest.starts_with("fires") != fired || rest.starts_with("silent") && !told.is_empty() {
            wrong.push(format!("{name}: {told:?}"));
        }
        writeln!(actual, "{name}").unwrap();
        told.iter().for_each(|line| writeln!(actual, "  {line}").unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let path = fixtures().join("findings/expected.txt");
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "expected.txt differs (GOLDEN=1 rewrites it); now:\n{actual}");
}

#[test]
fn every_rule_has_a_case_where_it_fires_and_one_where_it_is_silent() {
    let listed = output(&["findings", "--list-rules"]);
    let rules: BTreeSet<&str> =
        text(&listed.stdout).lines().filter_map(|line| line.get(..4)).filter(|id| id.contains('-')).collect();
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let cases = cases();
    for (name, _) in &cases {
        let kind = name.get(5..).and_then(|rest| rest.split('-').next()).unwrap();
        kinds.entry(name.get(..4).unwrap().to_owned()).or_default().insert(kind);
    }
    let both = BTreeSet::from(["fires", "silent"]);
    for rule in &rules {
        assert_eq!(kinds.get(*rule), Some(&both), "{rule}");
    }
    assert_eq!(kinds.len(), rules.len());
}

#[test]
fn a_clean_day_has_no_findings() {
    let output = output(&["findings", fixtures().join("day.jsonl").to_str().unwrap()]);
    println!("{}", text(&output.stdout));
}
