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
fn a_day_is_told_as_it_was() {
    golden("day.txt", "day.jsonl");
    golden("trouble.txt", "trouble.jsonl");
}

#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn golden(name: &str, records: &str) {
    let output = oidc_audit(&["findings", records]).current_dir(fixtures()).output().unwrap();
    let (path, actual) = (fixtures().join("findings").join(name), text(&output.stdout));
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs (GOLDEN=1 rewrites it); now:\n{actual}");
}

fn lines() -> Vec<String> {
    let mut streams = 0;
    let mut lines = Vec::new();
    // Every case with keys and ids of its own, all of them one after another.
    for (number, (_, path)) in cases().iter().enumerate() {
        for line in fs::read_to_string(path).unwrap().lines() {
            let own = |letter: char| (letter.to_string().repeat(32), format!("{letter}{number:031}"));
            let line = "abcde".chars().map(own).fold(line.to_owned(), |line, (from, to)| line.replace(&from, &to));
            lines.push(
                line.replace("\"k1.", &format!("\"k1.{number}-")).replace("example.test", &format!("{number}.test")),
            );
        }
        streams += 1;
    }
    assert!(streams > 150);
    lines
}

fn time(line: &str) -> String {
    serde_json::from_str::<Value>(line).unwrap()["ts"].as_str().unwrap().to_owned()
}

fn judged(lines: &[String]) -> Vec<String> {
    let path = folder().join("records.jsonl");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let report = report(&path);
    assert_eq!(report["totals"]["late"], 0);
    told(&report)
}

#[test]
fn order_within_the_window_and_repetition_change_nothing() {
    let mut sorted = lines();
    sorted.sort_by_key(|line| time(line));
    let expected = judged(&sorted);
    assert!(expected.len() > 80, "{}", expected.len());
    // Blocks of one minute, each shuffled, with some of its records twice.
    let minutes: Vec<Vec<String>> =
        sorted.chunk_by(|one, two| time(one).get(..16) == time(two).get(..16)).map(<[String]>::to_vec).collect();
    let strategy = (any::<u64>(), 2_usize..9);
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    runner
        .run(&strategy, |(seed, every)| {
            let mut state = seed | 1;
            let mut shuffled = Vec::new();
            for minute in &minutes {
                let mut minute: Vec<_> = minute.iter().chain(minute.iter().step_by(every)).cloned().collect();
                for at in (1..minute.len()).rev() {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let other = usize::try_from(state >> 33).unwrap() % (at + 1);
                    minute.swap(at, other);
                }
                shuffled.extend(minute);
            }
            prop_assert_eq!(&judged(&shuffled), &expected);
            Ok(())
        })
        .unwrap();
}

#[test]
fn memory_is_bounded_and_says_what_it_forgot() {
    let path = folder().join("many.jsonl");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    for number in 0..60_000_u64 {
        let (minute, second) = (number / 1_000, number % 60);
        writeln!(
            file,
            "{{\"event\":\"authorization.request\",\"id\":\"{}-{}\",\"join\":{{\"nonce\":[\"k1.n{number}\"],\"state\":[\"k1.s{number}\"]}},\
             \"outcome\":\"pending\",\"salt\":\"s\",\"schema\":\"oidc-audit/1\",\"ts\":\"2026-01-15T10:{minute:02}:{second:02}.000Z\"}}",
            "a".repeat(32),
            number + 1
        )
        .unwrap();
    }
    file.flush().unwrap();
    let report = report(&path);
    let totals = &report["totals"];
    assert_eq!((&totals["judged"], &totals["keys"]), (&60_000.into(), &100_000.into()));
    assert!(totals["keys_forgotten"].as_u64().unwrap() > 20_000);
    let told = output(&["findings", path.to_str().unwrap()]);
    assert!(text(&told.stdout).contains(" forgotten: what spans them was not seen"), "{}", text(&told.stdout));
}

#[test]
fn exit_codes_say_what_was_found() {
    let path = |name: &str| fixtures().join("findings").join(name).to_str().unwrap().to_owned();
    let code = |args: &[&str]| output(&[&["findings"], args].concat()).status.code();
    let (medium, silent) = (path("T-08-fires-old-code.jsonl"), path("T-08-silent-fresh-code.jsonl"));
    assert_eq!(code(&[&medium]), Some(1));
    assert_eq!(code(&[&medium, "--fail-on", "high"]), Some(0));
    assert_eq!(code(&[&medium, "--severity", "high"]), Some(0));
    assert_eq!(code(&[&medium, "--rule", "T-06"]), Some(0));
    assert_eq!(code(&[&medium, "--from", "2026-01-16"]), Some(0));
    assert_eq!(code(&[&medium, "--since", "2026-01-15", "--to", "2026-01-16"]), Some(1));
    assert_eq!(code(&[&silent]), Some(0));
    assert_eq!(code(&[&medium, "--rule", "T-99"]), Some(2));
    assert_eq!(code(&["nowhere.jsonl"]), Some(2));
    assert_eq!(code(&[]), Some(2));
}

#[test]
fn hostile_texts_are_harmless_and_garbage_is_counted() {
    let hostile = output(&["findings", fixtures().join("hostile.jsonl").to_str().unwrap()]);
    assert!(text(&hostile.stdout).chars().all(|letter| letter == '\n' || !letter.is_control()));
    let mut child = oidc_audit(&["findings", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"nonsense\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no records: none of 1 lines"), "{}", text(&output.stderr));
}
