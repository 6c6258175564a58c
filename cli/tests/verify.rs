//! `verify` as a process: every export, every verdict, and how it ends.

#![cfg(test)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence")
}

fn tool(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oidc-audit"));
    command.args(args).current_dir(fixtures()).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn verify(args: &[&str]) -> Output {
    tool(&["verify", "--trust", "trust.json"]).args(args).output().unwrap()
}

fn piped(input: &[u8], args: &[&str]) -> Output {
    let mut command = tool(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn judged(input: &[u8]) -> Output {
    piped(input, &["verify", "--trust", "trust.json", "-"])
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn lines() -> Vec<String> {
    fs::read_to_string(fixtures().join("export.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

fn values() -> Vec<Value> {
    lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

/// Compares with the committed file; `GOLDEN=1` rewrites that.
#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn golden(name: &str, output: &Output, exit: i32) {
    assert_eq!(code(output), exit, "{}", text(&output.stderr));
    let (path, actual) = (fixtures().join(name), text(&output.stdout));
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} differs (GOLDEN=1 rewrites it); now:\n{actual}");
}

/// An edited record, a removed one, a removed batch, and one that was made up.
fn tampered() -> Vec<String> {
    let mut lines = lines();
    let edited = lines.first().unwrap().replace("\"success\"", "\"failure\"");
    let invented = lines.get(1).unwrap().replace("\"id\":\"", "\"id\":\"00000000000000000000000000000000-1\",\"x\":\"");
    *lines.first_mut().unwrap() = edited;
    lines.remove(2);
    lines.push(invented);
    lines
}

#[test]
fn a_person_reads_the_verdict_first() {
    golden("intact.txt", &verify(&["export.jsonl"]), 1);
    golden("tampered.txt", &judged(&joined(&tampered())), 2);
}

#[test]
fn a_program_reads_the_same() {
    let output = verify(&["--json", "export.jsonl"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["exit"].as_i64(), code(&output)), (Some(1), 1));
    assert_eq!(report["schema"], "oidc-audit-verify/1");
    let records = values().iter().filter(|line| line["event"] != "audit.checkpoint").count();
    assert_eq!(report["records"].as_u64(), Some(records as u64));
}

#[test]
fn every_export_is_judged_alike() {
    let (values, lines) = (values(), lines());
    let hits: Vec<Value> =
        values.iter().map(|line| json!({"_id": line["id"], "_score": 1.5, "_source": line})).collect();
    let stamped: Vec<Value> = values
        .iter()
        .map(|line| {
            let mut line = line.clone();
            line["@timestamp"] = json!("2026-01-15T09:30:00Z");
            line
        })
        .collect();
    let logs: Vec<Value> = lines.iter().map(|line| json!({"body": {"stringValue": line}, "attributes": []})).collect();
    let entries: Vec<Value> = lines.iter().map(|line| json!(["1768469400000000000", line])).collect();
    let by_line =
        |wrap: &dyn Fn(&str) -> Value| -> String { lines.iter().map(|line| format!("{}\n", wrap(line))).collect() };
    let search = json!({"took": 3, "hits": {"total": {"value": hits.len()}, "hits": hits}});
    let exports = [
        ("a search response", search.to_string()),
        ("a search response over many lines", format!("{search:#}\n")),
        ("two search responses", format!("{search:#}\n{:#}\n", json!({"hits": {"hits": []}}))),
        ("hits, one a line", hits.iter().map(|hit| format!("{hit}\n")).collect()),
        ("records with members of the store", stamped.iter().map(|line| format!("{line}\n")).collect()),
        ("a list", json!(values).to_string()),
        ("a list over many lines", format!("{:#}", json!(values))),
        ("records over many lines", values.iter().map(|line| format!("{line:#}\n")).collect()),
        ("OTLP", format!("{}\n", json!({"resourceLogs": [{"scopeLogs": [{"logRecords": logs}]}]}))),
        ("Loki's query", json!({"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"a": "b"}, "values": entries}]}}).to_string()),
        ("Loki's tail", by_line(&|line| json!({"labels": {}, "line": line, "timestamp": "2026-01-15T09:30:00Z"}))),
        ("Splunk", by_line(&|line| json!({"preview": false, "result": {"_raw": line}}))),
        ("ClickHouse", by_line(&|line| json!({"raw": line, "ts": "2026-01-15 09:30:00"}))),
        ("a container's log", by_line(&|line| json!({"log": format!("{line}\n"), "stream": "stdout"}))),
    ];
    let direct = piped(&joined(&lines), &["verify", "--trust", "trust.json", "--json", "-"]);
    let summary = |output: &Output| {
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report.as_object_mut().unwrap().remove("other");
        report
    };
    for (name, export) in exports {
        let output = piped(export.as_bytes(), &["verify", "--trust", "trust.json", "--json", "-"]);
        assert_eq!(summary(&output), summary(&direct), "{name}: {}", text(&output.stderr));
        let edited = export.replacen("jörg", "mary", 1);
        assert_eq!(code(&judged(edited.as_bytes())), 2, "{name}");
    }
}

#[test]
fn timeline_reads_what_verify_reads() {
    let hits: String =
        values().iter().map(|line| format!("{}\n", json!({"_index": "audit", "_source": line}))).collect();
    let told = |input: &[u8]| {
        let output = piped(input, &["timeline", "--json", "--as-of", "2026-01-15T11:00:00Z", "-"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["flows"].clone()
    };
    assert_eq!(told(hits.as_bytes()), told(&joined(&lines())));
}

#[test]
fn copies_far_apart_are_told_from_forgeries_on_standard_input_too() {
    let twice = [joined(&lines()), joined(&lines())].concat();
    assert_eq!(code(&judged(&twice)), 1);
}

#[test]
fn two_means_tampering_and_nothing_else() {
    for args in [
        &["verify"][..],
        &["verify", "--nonsense", "export.jsonl"],
        &["verify", "--trust", "nowhere.json", "export.jsonl"],
        &["verify", "--trust", "export.jsonl", "export.jsonl"],
        &["verify", "--trust", "trust.json", "nowhere.jsonl"],
        &["verify", "--trust", "trust.json", "--from", "yesterday", "export.jsonl"],
        &["verify", "--trust", "trust.json", "/dev/null"],
        &["verify", "export.jsonl"],
        &["verify", "--trust", "trust.json", "--expect", "bank/*", "export.jsonl"],
    ] {
        let output = tool(args).output().unwrap();
        assert_eq!(code(&output), 3, "{args:?}: {}", text(&output.stderr));
    }
    assert_eq!(code(&tool(&["timeline", "--nonsense"]).output().unwrap()), 2);
    assert_eq!(code(&tool(&["verify", "--help"]).output().unwrap()), 0);
    let bad = tool(&["verify", "--trust", "export.jsonl", "export.jsonl"]).output().unwrap();
    assert!(text(&bad.stderr).contains("the trust file export.jsonl is none"), "{}", text(&bad.stderr));
}

/// A file of this test's own.
fn written(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn one_record_is_proved_without_the_others() {
    let record = lines().remove(1);
    let id = values()[1]["id"].as_str().unwrap().to_owned();
    let proof = tool(&["prove", &id, "export.jsonl"]).output().unwrap();
    assert_eq!(code(&proof), 0, "{}", text(&proof.stderr));
    let proof_file = written("proof.json", text(&proof.stdout));
    let check = |record: &str, trust: &[&str]| {
        let record = written("record.json", record);
        tool(&[&["check-proof", &proof_file, &record, "--json"], trust].concat()).output().unwrap()
    };
    let trust = ["--trust", "trust.json"];
    let proven = check(&record, &trust);
    let report: Value = serde_json::from_slice(&proven.stdout).unwrap();
    assert_eq!((code(&proven), &report["verdict"], &report["id"]), (0, &json!("intact"), &json!(id)));
    let stored = json!({"_source": values()[1]}).to_string();
    assert_eq!(code(&check(&stored, &trust)), 0, "out of a store");
    assert_eq!(code(&check(&record.replace("openid", "profile"), &trust)), 2, "edited");
    assert_eq!(code(&check(&lines()[0], &trust)), 2, "another record");
    assert_eq!(code(&check(&record, &[])), 3, "nobody is trusted");
    assert_eq!(code(&check("hello", &trust)), 3, "no record");
    let cut = written("cut.json", &text(&proof.stdout).replace("jws\":\"ey", "jws\":\"ez"));
    assert_eq!(code(&tool(&["check-proof", &cut, "export.jsonl", "--trust", "trust.json"]).output().unwrap()), 3);
    let nobody = tool(&["prove", &id.replace("-2", "-999"), "export.jsonl"]).output().unwrap();
    assert_eq!(code(&nobody), 2);
    assert!(text(&nobody.stderr).contains("no checkpoint here covers"), "{}", text(&nobody.stderr));
}

/// A key that may take out and let expire: its file, and a trust file that says so.
fn operator(name: &str) -> (String, String) {
    let key = written(&format!("{name}.env"), "");
    fs::remove_file(&key).unwrap();
    assert_eq!(code(&tool(&["keygen", "--env", "--out", &key]).output().unwrap()), 0);
    let merged = tool(&["trust", "trust.json", "--key", &key, "--may", "redact", "--may", "retain"]).output().unwrap();
    assert_eq!(code(&merged), 0, "{}", text(&merged.stderr));
    (key, written(&format!("{name}.trust.json"), text(&merged.stdout)))
}

fn kinds(output: &Output) -> Vec<String> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let streams = report["streams"].as_array().unwrap().iter();
    let problems = streams.flat_map(|stream| stream["problems"].as_array().unwrap().clone());
    let mut kinds: Vec<String> = problems.map(|problem| problem["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn a_record_that_was_erased_leaves_its_hash_and_a_reason() {
    let (key, trust) = operator("erase");
    let id = values()[1]["id"].as_str().unwrap().to_owned();
    let args = ["redact", &id, "--reason", "erasure 4711", "--key", &key, "export.jsonl"];
    let line = tool(&args).output().unwrap();
    assert_eq!(code(&line), 0, "{}", text(&line.stderr));
    let mut rest = lines();
    rest[1] = text(&line.stdout).trim().to_owned();
    let judge = |lines: &[String], trust: &str| piped(&joined(lines), &["verify", "--json", "--trust", trust, "-"]);
    assert_eq!(code(&judge(&rest, &trust)), 1);
    assert_eq!(kinds(&judge(&rest, &trust)), ["declared_loss", "redacted"]);
    assert_eq!(code(&judge(&rest, "trust.json")), 2, "of a key that nobody trusts it is worth nothing");
    let told = piped(&joined(&rest), &["timeline", "--json", "-"]);
    let without = [&rest[..1], &rest[2..]].concat();
    let flows = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).unwrap()["flows"].clone();
    assert_eq!(flows(&told), flows(&piped(&joined(&without), &["timeline", "--json", "-"])));
    assert_eq!(code(&tool(&[&args[..3], &[" "], &args[4..]].concat()).output().unwrap()), 2, "without a reason");
}

#[test]
fn what_expired_is_signed_for_and_the_rest_still_verifies() {
    let (key, trust) = operator("expire");
    let before = "2026-01-15T09:31:00Z";
    let signed =
        tool(&["retain", "--before", before, "--key", &key, "--trust", &trust, "export.jsonl"]).output().unwrap();
    assert_eq!(code(&signed), 0, "{}", text(&signed.stderr));
    let stays = |line: &&String| {
        serde_json::from_str::<Value>(line).unwrap()["ts"].as_str().unwrap() >= "2026-01-15T09:31:00.000Z"
    };
    let left: Vec<String> = lines().iter().filter(stays).cloned().collect();
    let judge = |lines: &[String]| piped(&joined(lines), &["verify", "--json", "--trust", &trust, "-"]);
    assert_eq!(code(&judge(&left)), 2, "nobody said so");
    let mut rest = left;
    rest.extend(text(&signed.stdout).lines().map(str::to_owned));
    let judged = judge(&rest);
    assert_eq!(code(&judged), 1, "{}", text(&judged.stdout));
    assert!(!kinds(&judged).contains(&"undeclared_loss".to_owned()));
    let record = rest.iter().position(|line| line.contains("token.issued")).unwrap();
    rest.remove(record);
    assert_eq!(code(&judge(&rest)), 2, "a younger record is missing");
    let bad = written("tampered.jsonl", &tampered().join("\n"));
    let refused = tool(&["retain", "--before", before, "--key", &key, "--trust", &trust, &bad]).output().unwrap();
    assert_eq!((code(&refused), text(&refused.stdout)), (2, ""));
}

#[test]
fn trust_files_are_checked_and_merged() {
    let (key, trust) = operator("merge");
    let merged = tool(&["trust", "trust.json", &trust]).output().unwrap();
    let file: Value = serde_json::from_slice(&merged.stdout).unwrap();
    assert_eq!((code(&merged), file["keys"].as_array().unwrap().len()), (0, 2));
    assert!(!text(&merged.stdout).contains("\"d\""));
    let other = tool(&["trust", &trust, "--key", &key, "--not-after", "2027-01-01"]).output().unwrap();
    assert_eq!(code(&other), 2, "the same key with other bounds");
    assert_eq!(code(&tool(&["trust", "export.jsonl"]).output().unwrap()), 2);
}

#[test]
fn a_window_is_judged_as_one() {
    let inside: Vec<String> = lines()
        .into_iter()
        .filter(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            ("2026-01-15T09:30:15".."2026-01-15T09:32:00").contains(&line["ts"].as_str().unwrap())
        })
        .collect();
    let judge =
        |more: &[&str]| code(&piped(&joined(&inside), &[&["verify", "--trust", "trust.json", "-"], more].concat()));
    let window = ["--from", "2026-01-15T09:30:15Z", "--to", "2026-01-15T09:32:00Z"];
    assert!(judge(&window) <= 1);
    assert_eq!(judge(&[]), 2, "without its beginning it is no whole export");
}
