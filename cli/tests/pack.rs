//! `pack` as a process, and what `tests/verifier/pack.py` says of its archives.

#![cfg(test)]

#[path = "../../tests/evidence/mod.rs"]
mod evidence;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use evidence::mutate::{HARMLESS, TAMPERINGS};
use evidence::random::Random;
use evidence::writer::{self, Writer};
use oidc_audit::record::evidence::{Signing, SigningKey};
use oidc_audit::record::verify::{Content, Statement};
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

type Files = BTreeMap<String, Vec<u8>>;

/// A folder of one test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pack").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence");
        for file in ["trust.json", "export.jsonl"] {
            fs::copy(fixtures.join(file), path.join(file)).unwrap();
        }
        Self(path)
    }

    fn write(&self, name: &str, lines: &[String]) {
        fs::write(self.0.join(name), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }

    /// Lets one more key sign something.
    fn trust(&self, key: &SigningKey, may: &str) {
        let path = self.0.join("trust.json");
        let mut trust: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let (kid, x) = (key.public().thumbprint().to_string(), key.public().to_string());
        let entry = json!({"crv": "Ed25519", "kid": kid, "kty": "OKP", "may": [may], "x": x});
        trust["keys"].as_array_mut().unwrap().push(entry);
        fs::write(path, trust.to_string()).unwrap();
    }

    fn tool(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oidc-audit"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null()).output().unwrap()
    }

    fn pack(&self, args: &[&str]) -> Output {
        self.tool(&[&["pack", "--trust", "trust.json"], args].concat())
    }

    /// The archive of an export that is judged like that.
    fn packed(&self, exit: i32, args: &[&str]) -> Files {
        let output = self.pack(&[args, &["--out", "audit.zip"]].concat());
        assert_eq!(output.status.code(), Some(exit), "{}", text(&output.stderr));
        read(&self.0.join("audit.zip"))
    }

    fn python(&self, args: &[&str]) -> (i32, String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let python = root.join(".tools/venv/bin/python");
        let mut command = Command::new(if python.exists() { python } else { "python3".into() });
        let output = command.arg(root.join("tests/verifier/pack.py")).args(args).current_dir(&self.0).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
        (output.status.code().unwrap(), text(&output.stdout).to_owned())
    }
}

fn read(path: &Path) -> Files {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let name = file.name().unwrap().into_owned();
        files.insert(name, content);
    }
    files
}

fn store(path: &Path, files: &Files) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn summary(files: &Files) -> Value {
    serde_json::from_slice(&files["summary.json"]).unwrap()
}

fn lines() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence/export.jsonl");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// Records of one proxy over two hours and a half, sealed; nothing between ten and eleven.
fn day() -> Vec<String> {
    let mut random = Random::new(5);
    let mut writer = Writer::begin(0, &Signing::Configured(writer::key()), &mut random);
    let record = |event: &str, ts: &str, more: Value| {
        let mut record = json!({"event": event, "observer": {"namespace": "shop", "pod": "pod-0", "workload": "gateway"},
            "salt": "AAAAAAAAAAAAAAAAAAAAAA", "schema": "oidc-audit/1", "ts": ts});
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record
    };
    let start = json!({"audit": {"config_digest": "cd".repeat(32), "version": "0.1.0"}});
    let drop = json!({"audit": {"dropped": {"failure.share": 7, "issuance.full": 1}}});
    let (success, failure) = (json!({"outcome": "success"}), json!({"outcome": "failure"}));
    let mut batch = |records, seconds, last, sample| writer.real_batch(records, seconds, last, &[sample], &mut random);
    batch(1, 0, false, record("audit.start", "2026-01-15T09:30:00.000Z", start));
    batch(40, 10, false, record("token.issued", "2026-01-15T09:30:05.000Z", success));
    batch(3, 1700, false, record("token.denied", "2026-01-15T09:58:00.000Z", failure.clone()));
    batch(2, 5500, false, record("audit.drop", "2026-01-15T11:01:00.000Z", drop));
    batch(1, 5600, false, record("=cmd()\t", "2026-01-15T11:03:00.000Z", failure));
    batch(1, 5700, true, record("audit.stop", "2026-01-15T11:05:00.000Z", json!({})));
    writer.take_lines().into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
}

/// As a collector states one.
fn lookup(who: &str) -> String {
    let content = Content::Lookup {
        pseudonyms: vec!["k1.yDruvDnbCf8WWSFjGLWD5g".to_owned()],
        reason: "TICKET-7".to_owned(),
        who: who.to_owned(),
    };
    Statement::sign(&content, Timestamp::parse_rfc3339("2026-01-15T10:00:00Z").unwrap(), &writer::collector_key())
}

#[test]
fn an_archive_answers_what_an_auditor_asks() {
    let place = Place::new("answers");
    let mut export = day();
    export.push(lookup("anna"));
    place.trust(&writer::collector_key(), "lookup");
    export.push(export[1].clone());
    export.push(export[0].clone());
    place.write("day.jsonl", &export);
    let files = place.packed(0, &["day.jsonl", "--sample", "5", "--seed", "ticket 7"]);
    let summary = summary(&files);
    let at = |pointer: &str| summary.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!((at("/schema"), at("/verdict"), at("/exit")), (json!("oidc-audit-pack/1"), json!("intact"), json!(0)));
    assert_eq!(
        (at("/records/listed"), at("/records/copies"), at("/records/uncovered/count")),
        (json!(48), json!(1), json!(0))
    );
    let kinds = at("/by_event_and_workload/counts");
    assert!(
        kinds
            .as_array()
            .unwrap()
            .contains(&json!({"event": "token.issued", "records": 40, "workload": "shop/gateway"}))
    );
    assert!(kinds.as_array().unwrap().contains(&json!({"event": "?", "records": 1, "workload": "shop/gateway"})));
    assert_eq!(at("/by_outcome/counts"), json!({"-": 4, "failure": 4, "success": 40}));
    let hour = |hour: &str, records, streams| json!({"hour": format!("2026-01-15T{hour}:00:00.000Z"), "records": records, "streams": streams});
    assert_eq!(at("/coverage/hours"), json!([hour("09", 44, 1), hour("11", 4, 1)]));
    let silent =
        json!([{"from": "2026-01-15T10:00:00.000Z", "to": "2026-01-15T11:00:00.000Z", "workload": "shop/gateway"}]);
    assert_eq!(at("/coverage/silent"), silent);
    assert_eq!(at("/dropped/counts"), json!({"failure.share": 14, "issuance.full": 2}));
    let changes: Vec<(Value, Value)> =
        at("/changes").as_array().unwrap().iter().map(|row| (row["source"].clone(), row["group"].clone())).collect();
    assert_eq!(changes, ["audit.start", "open"].map(|source| (json!(source), json!("shop/gateway/pod-0"))));
    assert_eq!((at("/lookups/first/0/who"), at("/lookups/first/0/why")), (json!("anna"), json!("TICKET-7")));
    assert_eq!((at("/sample").as_array().unwrap().len(), at("/seed/text")), (5, json!("ticket 7")));
    assert_eq!(place.python(&["--trust", "trust.json", "--export", "day.jsonl", "audit.zip"]).0, 0);
    for page in ["README.txt", "summary.txt"] {
        assert!(text(&files[page]).starts_with("INTACT  48 records, 5 in the sample, 5 of these proven\n"), "{page}");
    }
    assert!(text(&files["README.txt"]).contains("--sample 5 --seed 'ticket 7' --as-of 2026-01-15T11:05:00.000Z"));
}

#[test]
fn the_same_input_and_options_give_the_same_bytes() {
    let place = Place::new("bytes");
    let bytes = |out: &str, input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oidc-audit"));
        let export = File::open(place.0.join("export.jsonl")).unwrap();
        command.args(["pack", "--trust", "trust.json", "--out", out, input]).current_dir(&place.0).stdin(export);
        assert_eq!(command.output().unwrap().status.code(), Some(1));
        fs::read(place.0.join(out)).unwrap()
    };
    let first = bytes("a.zip", "export.jsonl");
    assert!(first == bytes("b.zip", "export.jsonl") && first == bytes("c.zip", "-"));
}

#[test]
fn the_report_is_the_one_of_verify_and_each_proof_stands_alone() {
    let place = Place::new("report");
    let window = ["--from", "2026-01-15T09:30:15Z", "--to", "2026-01-15T09:32:00Z"];
    let verified = place.tool(&[&["verify", "--json", "--trust", "trust.json", "export.jsonl"][..], &window].concat());
    let code = verified.status.code().unwrap();
    let files = place.packed(code, &[&["export.jsonl"][..], &window].concat());
    assert_eq!(text(&files["report.json"]), text(&verified.stdout));
    let rows: Vec<&str> = text(&files["population.tsv"]).lines().skip(1).collect();
    let inside =
        |row: &&str| ("2026-01-15T09:30:15".."2026-01-15T09:32:00.001Z").contains(&row.split('\t').nth(1).unwrap());
    assert!(rows.len() > 25 && rows.iter().all(inside), "{rows:?}");
    let summary = summary(&files);
    let stored = lines();
    for entry in summary["sample"].as_array().unwrap() {
        let (record, proof) = (entry["record"].as_str().unwrap(), entry["proof"].as_str().unwrap());
        assert!(stored.iter().any(|line| format!("{line}\n").as_bytes() == files[record]), "byte for byte");
        fs::write(place.0.join("record.json"), &files[record]).unwrap();
        fs::write(place.0.join("proof.json"), &files[proof]).unwrap();
        let checked = place.tool(&["check-proof", "--trust", "trust.json", "proof.json", "record.json"]);
        assert_eq!(checked.status.code(), Some(0));
    }
    let (exit, said) = place.python(&["--trust", "trust.json", "--export", "export.jsonl", "audit.zip"]);
    assert_eq!(exit, code, "{said}");
}

/// Every lie that whoever hands over the archive may want to tell.
#[test]
fn an_archive_that_was_changed_is_found() {
    let place = Place::new("changed");
    let files = place.packed(1, &["export.jsonl", "--sample", "10"]);
    assert_eq!(place.python(&["audit.zip"]).0, 1);
    let summary = summary(&files);
    let first = &summary["sample"][0];
    let (record, proof) = (first["record"].as_str().unwrap(), first["proof"].as_str().unwrap());
    let other = summary["sample"][1]["proof"].as_str().unwrap();
    let replaced = |name: &str, from: &str, to: &str| {
        let mut files = files.clone();
        let changed = text(&files[name]).replacen(from, to, 1);
        assert_ne!(changed.as_bytes(), files[name], "{name}: {from}");
        files.insert(name.to_owned(), changed.into_bytes());
        files
    };
    let mut swapped = files.clone();
    swapped.insert(proof.to_owned(), files[other].clone());
    let mut left_out = files.clone();
    left_out.remove(proof);
    let row = text(&files["population.tsv"]).lines().nth(3).unwrap();
    let sampled =
        text(&files["population.tsv"]).lines().find(|row| row.starts_with(first["id"].as_str().unwrap())).unwrap();
    let seed = summary["seed"]["text"].as_str().unwrap();
    let cases = [
        ("a sampled record", replaced(record, "openid", "profile")),
        ("a proof of another record", swapped),
        ("no proof", left_out),
        ("another record in the list", replaced("population.tsv", row, &row.replace("success", "failure"))),
        ("a record less in the list", replaced("population.tsv", &format!("{row}\n"), "")),
        ("a sampled record that is not in the list", replaced("population.tsv", &format!("{sampled}\n"), "")),
        ("another seed", replaced("summary.json", seed, &format!("{seed}A"))),
        ("other counts", replaced("summary.json", "\"records\": 80", "\"records\": 81")),
        ("another verdict", replaced("summary.json", "\"verdict\": \"incomplete\"", "\"verdict\": \"intact\"")),
        ("another report", replaced("report.json", "\"exit\":1", "\"exit\":0")),
        ("another first page", replaced("README.txt", "INCOMPLETE", "INTACT")),
    ];
    for (what, files) in cases {
        store(&place.0.join("changed.zip"), &files);
        let (exit, said) = place.python(&["--trust", "trust.json", "changed.zip"]);
        assert_eq!(exit, 2, "{what}: {said}");
        assert!(said.contains("does not hold"), "{what}: {said}");
    }
    let another = json!({"schema": "oidc-audit-trust/1", "keys": [writer::trust(&writer::other_key())["keys"][0]]});
    fs::write(place.0.join("mine.json"), another.to_string()).unwrap();
    assert_eq!(place.python(&["--trust", "mine.json", "audit.zip"]).0, 2, "keys of somebody else");
    place.write("less.jsonl", &lines()[1..]);
    let (exit, said) = place.python(&["--export", "less.jsonl", "audit.zip"]);
    assert!(exit == 2 && said.contains("the list is the one of the export"), "{said}");
    fs::write(place.0.join("none.zip"), "PK").unwrap();
    assert_eq!(place.python(&["none.zip"]).0, 3);
}

#[test]
fn an_export_that_was_tampered_with_is_packed_and_called_so() {
    let place = Place::new("tampered");
    let mut export = lines();
    let gone: Value = serde_json::from_str(&export.remove(1)).unwrap();
    export[0] = export[0].replace("openid", "profile");
    place.write("tampered.jsonl", &export);
    let files = place.packed(2, &["tampered.jsonl", "--sample", "100"]);
    let summary = summary(&files);
    let named = |kind: &str, id: &Value| {
        let problems = summary["problems"].as_array().unwrap();
        problems
            .iter()
            .any(|problem| problem["kind"] == kind && problem["id"] == *id && problem["group"] == "shop/gateway/pod-0")
    };
    assert!(named("undeclared_loss", &gone["id"]), "{}", summary["problems"]);
    for page in ["README.txt", "summary.txt", "report.txt"] {
        assert!(text(&files[page]).starts_with("TAMPERED  "), "{page}");
    }
    let edited = summary["sample"].as_array().unwrap().iter().filter(|entry| entry["problem"] == "edited").count();
    assert_eq!((edited, summary["sample"].as_array().unwrap().len()), (1, 79), "a sample of more than all is all");
    let (exit, said) = place.python(&["--trust", "trust.json", "--export", "tampered.jsonl", "audit.zip"]);
    assert!(exit == 2 && said.starts_with("TAMPERED"), "{said}");
}

/// Whatever was done to the export: the archive is made, and the second verifier finds in it what the first one put there.
#[test]
fn both_verifiers_say_the_same_of_every_archive() {
    let place = Place::new("both");
    let mut random = Random::new(8);
    let mut judge =
        |name: &str, expected: Option<i32>, disturb: &dyn Fn(&mut evidence::Export, &mut Random) -> bool| {
            let mut export = writer::intact(random.next());
            while !disturb(&mut export, &mut random) {
                export = writer::intact(random.next());
            }
            fs::write(place.0.join("export.jsonl"), export.lines.join(&b'\n')).unwrap();
            fs::write(place.0.join("trust.json"), export.trust.to_string()).unwrap();
            let _ = fs::remove_file(place.0.join("audit.zip"));
            let output = place.pack(&["--out", "audit.zip", "--sample", "30", "export.jsonl"]);
            let code = output.status.code().unwrap();
            assert!(expected.map_or(code <= 1, |expected| code == expected), "{name}: {code} {}", text(&output.stderr));
            let (exit, said) = place.python(&["--trust", "trust.json", "--export", "export.jsonl", "audit.zip"]);
            assert!(exit == code && !said.contains("does not hold"), "{name}: {said}");
        };
    for tampering in TAMPERINGS {
        judge(tampering.name, Some(2), &|export, random| (tampering.apply)(export, random));
    }
    for (name, disturb) in HARMLESS {
        judge(name, None, &|export, random| {
            disturb(export, random);
            true
        });
    }
}

#[test]
fn what_is_no_record_stays_outside() {
    let place = Place::new("outside");
    let mut export = lines();
    export.push(r#"{"msg":"canary-7f3a of another log"}"#.to_owned());
    export.push("canary-7f3a, not even JSON".to_owned());
    place.write("mixed.jsonl", &export);
    for content in place.packed(1, &["mixed.jsonl", "--sample", "1000"]).into_values() {
        assert!(!String::from_utf8_lossy(&content).contains("canary"), "{}", text(&content));
    }
}

#[test]
fn nothing_is_written_over_and_nothing_is_left_behind() {
    let place = Place::new("over");
    fs::write(place.0.join("there.zip"), "mine").unwrap();
    let code = |args: &[&str]| place.pack(args).status.code();
    assert_eq!(code(&["--out", "there.zip", "export.jsonl"]), Some(3));
    assert_eq!(fs::read(place.0.join("there.zip")).unwrap(), b"mine");
    assert_eq!(code(&["--out", "a.zip", "nowhere.jsonl"]), Some(3));
    assert_eq!(code(&["--out", "a.zip", "--sample", "1001", "export.jsonl"]), Some(3));
    assert_eq!(code(&["--out", "a.zip", "--seed", "", "export.jsonl"]), Some(3));
    assert_eq!(code(&["--out", "nowhere/a.zip", "export.jsonl"]), Some(3));
    assert_eq!(code(&["--out", "empty.zip", "/dev/null"]), Some(3), "nothing to verify, and that is in the archive");
    assert_eq!(place.python(&["empty.zip"]).0, 3);
    let mut left: Vec<String> =
        fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["empty.zip", "export.jsonl", "there.zip", "trust.json"]);
}
