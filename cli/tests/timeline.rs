//! `timeline` as a process: what it prints of committed records, and how it ends.

#![cfg(test)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn timeline(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oidc-audit"));
    command.arg("timeline").args(args).current_dir(fixtures()).stdin(Stdio::null());
    command.env("TZ", "CET-1").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command
}

fn output(args: &[&str]) -> Output {
    timeline(args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn piped(input: &[u8], args: &[&str]) -> Output {
    let mut child = timeline(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn report(args: &[&str]) -> Value {
    serde_json::from_slice(&output(&[args, &["--json"]].concat()).stdout).unwrap()
}

/// Compares with the committed file; `GOLDEN=1` rewrites that.
#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn golden(name: &str, args: &[&str], exit: i32) {
    let output = output(args);
    assert_eq!(output.status.code(), Some(exit), "{}", text(&output.stderr));
    let (path, actual) = (fixtures().join("timeline").join(name), text(&output.stdout));
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs (GOLDEN=1 rewrites it); now:\n{actual}");
}

const DAY: [&str; 3] = ["day.jsonl", "--as-of", "2026-01-15T11:00:00Z"];
const TROUBLE: [&str; 3] = ["trouble.jsonl", "--as-of", "2026-01-16T00:10:00Z"];
const HOSTILE: [&str; 3] = ["hostile.jsonl", "--as-of", "2026-01-15T10:10:00Z"];

#[test]
fn a_day_is_told_as_it_was() {
    golden("day.txt", &DAY, 0);
    golden("day.ascii.txt", &[&DAY[..], &["--ascii"]].concat(), 0);
    golden("day.json", &[&DAY[..], &["--json"]].concat(), 0);
    golden("day.client.txt", &[&DAY[..], &["--client", "nightly-job"]].concat(), 0);
}

#[test]
fn trouble_is_told_as_it_was() {
    golden("trouble.txt", &TROUBLE, 1);
    golden("trouble.json", &[&TROUBLE[..], &["--json"]].concat(), 1);
}

#[test]
fn hostile_records_are_told_without_obeying_them() {
    golden("hostile.txt", &HOSTILE, 0);
    golden("hostile.json", &[&HOSTILE[..], &["--json"]].concat(), 0);
    for args in [&["--json"][..], &["--ascii"], &["--limit", "0"], &["--flow", "R-YU"], &["--event", "token"]] {
        let output = output(&[&HOSTILE[..], args].concat());
        let obeyed = |letter: &char| {
            (letter.is_control() && *letter != '\n')
                || ['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'].contains(letter)
        };
        assert_eq!(text(&output.stdout).chars().find(obeyed), None, "{args:?}");
        assert!(!text(&output.stdout).contains("\nINJECTED"), "{args:?}");
    }
    let ascii = output(&[&HOSTILE[..], &["--ascii"]].concat());
    assert!(ascii.stdout.is_ascii());
}

#[test]
fn json_escapes_and_keeps_what_was_hostile() {
    let report = report(&HOSTILE);
    let errors = report["flows"][0]["records"].as_array().unwrap().iter().filter_map(|record| record["error"].as_str());
    assert!(errors.into_iter().any(|error| error.starts_with("\u{1b}[31mred\u{202e}") && error.ends_with('\u{e0041}')));
}

#[test]
fn the_summary_has_at_most_twelve_lines_and_lines_fit() {
    for args in [DAY, TROUBLE, HOSTILE] {
        let output = output(&args);
        let text = text(&output.stdout);
        assert!(text.lines().position(str::is_empty).unwrap() <= 12, "{text}");
        let long = text.lines().find(|line| line.chars().count() > 100 && !line.contains("\"keys\""));
        assert_eq!(long, None);
    }
}

#[test]
fn every_record_is_in_exactly_one_flow() {
    for (args, records) in [(DAY, 17), (TROUBLE, 14), (HOSTILE, 8)] {
        let report = report(&args);
        let flows = report["flows"].as_array().unwrap();
        let count = flows.iter().map(|flow| flow["records"].as_array().unwrap().len()).sum::<usize>();
        assert_eq!((count, &report["totals"]["records"]), (records, &Value::from(records)));
    }
}

#[test]
fn the_demos_assertions_hold() {
    let report = report(&DAY);
    let events = |flow: &Value| {
        let records = flow["records"].as_array().unwrap().iter();
        records.map(|record| record["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let whole = [
        "authorization.request",
        "authorization.response",
        "token.issued",
        "userinfo.accessed",
        "token.refreshed",
        "logout.requested",
        "logout.completed",
    ];
    assert!(report["flows"].as_array().unwrap().iter().any(|flow| events(flow) == whole));
    assert_eq!(report["worst"]["problem"], "code_replay_refused");
    assert_eq!(report["problems"]["client_authentication_failed"], 1);
    assert_eq!(report["problems"]["authorization_error"], 1);
    assert_eq!(report["trust"]["missing"]["undeclared"], 0);
}

#[test]
fn filters_select_whole_flows_and_say_so() {
    let output = output(&[&DAY[..], &["--outcome", "failure", "--client", "web-shop"]].concat());
    let text = text(&output.stdout);
    assert!(text.starts_with("Timeline  showing 3 flows with --client web-shop --outcome failure"), "{text}");
    let one = report(&[&DAY[..], &["--flow", "R-YUua84"]].concat());
    assert_eq!((&one["totals"]["flows_selected"], &one["totals"]["flows"]), (&1.into(), &6.into()));
    assert_eq!(one["flows"][0]["short"], "R-YUua84");
    let none = report(&[&DAY[..], &["--client", "nobody"]].concat());
    assert_eq!(none["flows"], Value::Array(vec![]));
}

#[test]
fn a_pipe_reads_as_a_file_does() {
    let lines = fs::read(fixtures().join("day.jsonl")).unwrap();
    let output = piped(&lines, &["-", "--as-of", "2026-01-15T11:00:00Z"]);
    let file = fs::read_to_string(fixtures().join("timeline/day.txt")).unwrap();
    assert_eq!(text(&output.stdout), file.replace("timeline day.jsonl", "timeline -"));
}

#[test]
fn a_folder_reads_its_segments_at_any_depth() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("timeline-folder");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("deep")).unwrap();
    let lines = fs::read_to_string(fixtures().join("day.jsonl")).unwrap();
    let (head, tail) = lines.split_at(lines.match_indices('\n').nth(7).unwrap().0 + 1);
    fs::write(folder.join("b.jsonl"), head).unwrap();
    fs::write(folder.join("deep/a.jsonl"), tail).unwrap();
    fs::write(folder.join("b.jsonl.torn-1"), "{").unwrap();
    let folder = folder.to_str().unwrap();
    assert_eq!(report(&[folder, DAY[1], DAY[2]])["flows"], report(&DAY)["flows"]);
}

#[test]
fn nothing_is_no_failure_and_garbage_is_one() {
    let empty = piped(b"", &["-"]);
    assert_eq!((empty.status.code(), text(&empty.stdout).starts_with("No records:")), (Some(0), true));
    let json = piped(b"\n", &["-", "--json"]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json.status.code(), &report["totals"]["records"]), (Some(0), &0.into()));
    for garbage in [&b"hello\nworld\n"[..], b"\xff\xfe\x00", b"{\"log\":\"x\"}\n"] {
        let output = piped(garbage, &["-"]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
        assert!(text(&output.stderr).contains("no records"), "{}", text(&output.stderr));
    }
}

#[test]
fn what_cannot_be_read_or_understood_is_said() {
    for (args, said) in [
        (&["missing.jsonl"][..], "cannot read missing.jsonl: no such file"),
        (&["day.jsonl", "--from", "yesterday"], "--from is no time"),
        (&["day.jsonl", "--as-of", "\u{1b}[2J"], "--as-of is no time"),
    ] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    assert_eq!(output(&[]).status.code(), Some(2));
}

#[test]
fn the_documentation_names_every_member() {
    let document = fs::read_to_string(fixtures().join("../../../docs/timeline.md")).unwrap();
    let mut names = Vec::new();
    for args in [DAY, TROUBLE, HOSTILE] {
        collect_names(&report(&args), &mut names);
    }
    names.sort_unstable();
    names.dedup();
    let unnamed = names.iter().filter(|name| !document.contains(name.as_str())).collect::<Vec<_>>();
    assert_eq!(unnamed, Vec::<&String>::new());
}

/// Names of members; not those that are data, nor what `audit` holds, which the record format names.
fn collect_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names.push(name.clone());
                if !["audit", "by"].contains(&name.as_str()) {
                    collect_names(value, names);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        _ => {}
    }
}

/// The records of a chain of the corpus, with times and ids in the place of ordinals.
fn chain(folder: &Path) -> String {
    let numbered = |ordinal: &Value| ordinal.as_str().unwrap().rsplit('-').next().unwrap().parse::<u64>().unwrap();
    let records = fs::read_to_string(folder.join("records.jsonl")).unwrap();
    let mut lines = String::new();
    for line in records.lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let (id, at) = (numbered(&record["id"]), numbered(&record["ts"]));
        record["id"] = format!("7f3ac2d19b6e4058a1d3c5e7f9021436-{id}").into();
        record["ts"] = format!("2026-01-15T10:00:{at:02}.000Z").into();
        record["dur_ms"] = 5.into();
        record["salt"] = format!("{:022}", id).into();
        record["exchange"]["id"] = format!("{:032x}", numbered(&record["exchange"]["id"])).into();
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    lines
}

/// The events of every flow of a report, in the order of the flows.
fn flows(report: &Value) -> Vec<Vec<&str>> {
    report["flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| {
            let records = flow["records"].as_array().unwrap().iter();
            records.map(|record| record["event"].as_str().unwrap()).collect()
        })
        .collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn a_chain_of_the_corpus_is_one_flow_unless_nothing_joins_it() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/exchanges");
    let mut folders: Vec<PathBuf> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    let name = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().to_owned();
    folders.retain(|folder| name(folder).starts_with("fl-"));
    folders.sort();
    let (mut told, mut several) = (String::new(), Vec::new());
    for folder in &folders {
        let lines = chain(folder);
        let output = piped(lines.as_bytes(), &["-", "--json", "--as-of", "2026-01-15T11:00:00Z"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["totals"]["records"], lines.lines().count(), "{}", name(folder));
        let flows = flows(&report);
        told.push_str(&format!("{}\n", name(folder)));
        flows.iter().for_each(|events| told.push_str(&format!("  {}\n", events.join(" "))));
        if flows.len() != 1 {
            several.push((name(folder), flows.len()));
        }
    }
    let path = fixtures().join("timeline/chains.txt");
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, &told).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == told, "GOLDEN=1 rewrites chains.txt; now:\n{told}");
    let several: Vec<(&str, usize)> = several.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(several, SEVERAL);
}

/// Chains that are several flows, and how many: nothing that the wire shows may join them.
const SEVERAL: [(&str, usize); 2] = [("fl-09-encrypted-request", 2), ("fl-19-constant-state", 2)];
