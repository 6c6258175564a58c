#![cfg(test)]
//! Exports are tampered with in every way that a store's insider has, and disturbed in every way that stores have: both
//! verifiers find the first, mind none of the second, and agree on every case.
//!
//! `TAMPER_CASES` says how many of each; `make evidence` does 10 000.

mod evidence;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use evidence::mutate::{HARMLESS, TAMPERINGS};
use evidence::random::Random;
use evidence::{Export, Judgement, bindings, writer};
use oidc_audit::record::evidence::{Digest, SigningKey};
use oidc_audit::record::verify::{Content, Expired, Line, Statement};
use oidc_audit::time::Timestamp;
use serde_json::Value;
use support::root;

#[test]
fn what_is_intact_is_called_so_by_both() {
    let exports: Vec<Export> = (0..20).map(writer::intact).collect();
    for (export, judgement) in exports.iter().zip(judge_all("intact", &exports)) {
        assert!(judgement.exit <= 1, "{judgement:?}");
        assert!(judgement.problems.iter().all(|(kind, _)| kind == "declared_loss"), "{judgement:?}");
        assert!(!export.lines.is_empty());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the switch that `make golden` sets")]
fn the_export_that_the_tool_is_tested_with_is_one_of_these() {
    let export = writer::intact(4);
    let lines: String = export.lines.iter().map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
    for (name, text) in [("export.jsonl", lines), ("trust.json", format!("{:#}\n", export.trust))] {
        let path = root().join("cli/tests/fixtures/evidence").join(name);
        if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap_or_default() == text, "{name} differs (GOLDEN=1 rewrites it)");
    }
}

#[test]
fn every_tampering_is_found_and_named() {
    let mut random = Random::new(1);
    let (mut exports, mut how) = (Vec::new(), Vec::new());
    while exports.len() < cases() {
        let tampering = &TAMPERINGS[exports.len() % TAMPERINGS.len()];
        let mut export = writer::intact(random.next());
        if (tampering.apply)(&mut export, &mut random) {
            exports.push(export);
            how.push(tampering);
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for ((export, judgement), tampering) in exports.iter().zip(judge_all("tampered", &exports)).zip(how) {
        let named = tampering.verdicts.iter().any(|kind| judgement.has(kind));
        let found = judgement.exit == 2 && named;
        assert!(found, "{}: {judgement:?}\n{}", tampering.name, text(export));
        *counts.entry(tampering.name).or_default() += 1;
    }
    print(&format!("tamper: {} of {} found and named, by both verifiers", exports.len(), exports.len()), &counts);
}

/// What operators sign, and what somebody else signs in their name.
#[test]
fn what_an_operator_signed_is_accepted_and_nobody_elses_word_is() {
    let whole = writer::intact(11);
    let mut operator: Value = whole.trust["keys"][0].clone();
    let (key, sealer) = (writer::other_key(), writer::key());
    operator["x"] = key.public().to_string().into();
    operator["kid"] = key.public().thumbprint().to_string().into();
    operator["may"] = serde_json::json!(["redact", "retain"]);
    operator.as_object_mut().unwrap().remove("grp");
    let mut trusting = whole.clone();
    trusting.trust["keys"].as_array_mut().unwrap().push(operator);
    let reader = oidc_audit::record::verify::LineReader::default();
    let at = trusting.lines.iter().position(|line| matches!(reader.text(line), Line::Record { .. })).unwrap() + 1;
    let Line::Record { stream, number, leaf, .. } = reader.text(&trusting.lines[at]) else { panic!("no record") };
    let redaction = |leaf, key: &SigningKey| {
        let content = Content::Redacted { stream, number, leaf, reason: "erasure, ticket 7".to_owned() };
        Statement::sign(&content, Timestamp::from_secs(1_768_480_000), key).into_bytes()
    };
    let with = |line: Option<Vec<u8>>, export: &Export| {
        let mut export = export.clone();
        export.lines.remove(at);
        export.lines.extend(line);
        export
    };
    let beginning = |last, digest| {
        let expired = Expired { stream, checkpoint: Some((0, digest)), last };
        let content = Content::Expired { before: Timestamp::from_secs(1_768_469_500), streams: vec![expired] };
        Statement::sign(&content, Timestamp::from_secs(1_768_480_000), &key).into_bytes()
    };
    let open = trusting.lines.iter().find(|line| line_id(line) == format!("{stream}-c0")).unwrap();
    let open: Value = serde_json::from_slice(open).unwrap();
    let digest = Digest::of(open["jws"].as_str().unwrap().as_bytes());
    let expired = |line: Vec<u8>| {
        let mut export = trusting.clone();
        let gone = |id: &str| ["c0", "1", "2", "3"].iter().any(|part| id == format!("{stream}-{part}"));
        export.lines.retain(|line| !gone(&line_id(line)));
        export.lines.push(line);
        export
    };
    let cases = [
        (with(Some(redaction(leaf, &key)), &trusting), "redacted", 1),
        (with(None, &trusting), "undeclared_loss", 2),
        (with(Some(redaction(Digest::leaf(b"another"), &key)), &trusting), "edited", 2),
        (with(Some(redaction(leaf, &sealer)), &trusting), "wrong_writer", 2),
        (with(Some(redaction(leaf, &key)), &whole), "untrusted", 2),
        (expired(beginning(3, digest)), "expired", 1),
        (expired(beginning(2, digest)), "undeclared_loss", 2),
        (expired(beginning(3, Digest::of(b"another"))), "chain_broken", 2),
    ];
    let exports: Vec<Export> = cases.iter().map(|case| case.0.clone()).collect();
    for (judgement, (_, kind, most)) in judge_all("statements", &exports).iter().zip(&cases) {
        assert!(judgement.has(kind) && (judgement.exit == 2) == (*most == 2), "{kind}: {judgement:?}");
    }
}

/// A collector's word that somebody was looked up: each id once, from a key that may say so, and about nothing else.
#[test]
fn a_lookup_is_counted_where_it_is_believed() {
    let whole = writer::intact(13);
    let (key, sealer) = (writer::other_key(), writer::key());
    let mut collector: Value = whole.trust["keys"][0].clone();
    collector["x"] = key.public().to_string().into();
    collector["kid"] = key.public().thumbprint().to_string().into();
    collector["may"] = serde_json::json!(["lookup"]);
    let mut trusting = whole.clone();
    trusting.trust["keys"].as_array_mut().unwrap().push(collector);
    let line = |seconds: u64, key: &SigningKey| {
        let content = Content::Lookup {
            pseudonyms: vec!["k1.yDruvDnbCf8WWSFjGLWD5g".to_owned()],
            reason: "OPS-17".to_owned(),
            who: "loopback".to_owned(),
        };
        Statement::sign(&content, Timestamp::from_secs(1_768_480_000 + seconds), key).into_bytes()
    };
    let with = |lines: Vec<Vec<u8>>, export: &Export| {
        let mut export = export.clone();
        export.lines.extend(lines);
        export
    };
    let edited = String::from_utf8(line(0, &key)).unwrap().replace("lookup-", "lookup-A").into_bytes();
    let cases = [
        (with(vec![], &trusting), 0, None),
        (with(vec![line(0, &key), line(0, &key), line(1, &key)], &trusting), 2, None),
        (with(vec![line(0, &sealer)], &trusting), 0, Some("wrong_writer")),
        (with(vec![line(0, &key)], &whole), 0, Some("untrusted")),
        (with(vec![edited], &trusting), 0, None),
    ];
    let exports: Vec<Export> = cases.iter().map(|case| case.0.clone()).collect();
    let judgements = judge_all("lookups", &exports);
    let intact = judgements[0].exit;
    for (judgement, (_, lookups, problem)) in judgements.iter().zip(&cases) {
        assert_eq!(judgement.lookups, *lookups, "{judgement:?}");
        match problem {
            Some(kind) => assert!(judgement.has(kind), "{kind}: {judgement:?}"),
            None => assert_eq!(judgement.exit, intact, "{judgement:?}"),
        }
    }
}

/// What a collector signed of enrolled streams, and what others say of them.
#[test]
fn a_stream_is_bound_to_the_workload_that_a_collector_names_and_to_no_other() {
    let cases = bindings::cases();
    let exports: Vec<Export> = cases.iter().map(|case| case.export.clone()).collect();
    for (judgement, case) in judge_all("bindings", &exports).iter().zip(&cases) {
        assert_eq!(judgement.exit, case.exit, "{}: {judgement:?}", case.name);
        assert!(case.problem.is_none_or(|kind| judgement.has(kind)), "{}: {judgement:?}", case.name);
        let writers = judgement.streams.values().map(|stream| stream.2.as_str());
        assert!(case.exit != 1 || writers.eq([writer::WRITER; 4]), "{}: {judgement:?}", case.name);
    }
}

/// Which of two histories is judged further is not said, and the verifiers choose differently.
#[test]
fn an_open_that_no_collector_received_is_named_beside_the_one_that_it_did() {
    let exports = bindings::second_opens();
    let own = exports.iter().map(|export| Judgement::of(&serde_json::to_value(export.verify()).unwrap()));
    for judgement in own.chain(second("opens", &exports)) {
        assert!(judgement.exit == 2 && judgement.has("forked") && judgement.has("wrong_writer"), "{judgement:?}");
    }
}

fn line_id(line: &[u8]) -> String {
    let line: Value = serde_json::from_slice(line).unwrap();
    line["id"].as_str().unwrap().to_owned()
}

#[test]
fn nothing_harmless_is_an_alarm() {
    let mut random = Random::new(2);
    let (mut exports, mut before, mut counts) = (Vec::new(), Vec::new(), BTreeMap::new());
    for number in 0..cases() {
        let mut export = writer::intact(random.next());
        before.push(Judgement::of(&serde_json::to_value(export.verify()).unwrap()));
        let (name, disturb) = HARMLESS[number % HARMLESS.len()];
        disturb(&mut export, &mut random);
        *counts.entry(name).or_default() += 1;
        exports.push(export);
    }
    for ((export, judgement), before) in exports.iter().zip(judge_all("harmless", &exports)).zip(before) {
        assert_eq!(judgement, before, "{}", text(export));
    }
    print(&format!("tamper: {} harmless changes, no alarm, by both verifiers", exports.len()), &counts);
}

/// A window never accuses anybody, wherever it lies, whether the export goes on outside or was cut there; and a record that is gone
/// from inside is missed. Records here have the time of their checkpoint, so that a cut takes batches whole; real ones are older, and
/// an export has to begin earlier than its window.
#[test]
fn a_window_of_any_cut_is_never_an_alarm_and_hides_nothing() {
    let mut random = Random::new(3);
    let (mut exports, mut expected) = (Vec::new(), Vec::new());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    while exports.len() < cases() {
        let mut export = writer::intact(random.next());
        let mut moments: Vec<Timestamp> = export.lines.iter().map(|line| time_of(line)).collect();
        moments.sort();
        let mut bounds = [moments[random.below(moments.len())], moments[random.below(moments.len())]];
        bounds.sort();
        // open at one end, now and then
        export.from = Some(bounds[0]).filter(|_| random.below(6) > 0);
        export.to = Some(bounds[1]).filter(|_| export.from.is_none() || random.below(6) > 0);
        let (from, to) = (export.from, export.to);
        let inside = |line: &[u8]| {
            let at = time_of(line);
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to)
        };
        let (mut name, cut) = ("a window of a longer export", random.below(2) == 0);
        if cut {
            name = "an export that was cut to its window";
            export.lines.retain(|line| inside(line));
        }
        let is_record = |line: &[u8]| !line_id(line).contains("-c") && !line_id(line).starts_with("bound-");
        let records: Vec<usize> =
            (0..export.lines.len()).filter(|at| is_record(&export.lines[*at]) && inside(&export.lines[*at])).collect();
        let gone = random.below(2) == 0 && !records.is_empty();
        if gone {
            name = if cut { "a record gone from a cut export" } else { "a record gone from a longer export" };
            export.lines.remove(records[random.below(records.len())]);
        }
        *counts.entry(name).or_default() += 1;
        exports.push(export);
        expected.push((gone, cut));
    }
    for ((export, judgement), (gone, cut)) in exports.iter().zip(judge_all("windows", &exports)).zip(expected) {
        // what is absent of the batch that a cut export begins with may have been before the cut
        let border = cut && judgement.exit != 2 && judgement.has("border");
        let missed = judgement.exit == 2 && judgement.has("undeclared_loss");
        // .. and what named an enrolled stream's key before the cut is not here
        let nobodys = cut && judgement.exit == 3 && (judgement.has("untrusted") || judgement.has("unbound"));
        let right = if gone { missed || border } else { (judgement.exit <= 1 || nobodys) && !judgement.has("border") };
        *counts.entry("  of those told as a border").or_default() += usize::from(border);
        assert!(right, "gone: {gone}, {:?} to {:?}: {judgement:?}\n{}", export.from, export.to, text(export));
    }
    print(&format!("tamper: {} windows judged alike by both verifiers", exports.len()), &counts);
}

fn time_of(line: &[u8]) -> Timestamp {
    let line: Value = serde_json::from_slice(line).unwrap();
    Timestamp::parse_rfc3339(line["ts"].as_str().unwrap()).unwrap()
}

/// The judgements of the library, after the second verifier's were found to be the same.
fn judge_all(name: &str, exports: &[Export]) -> Vec<Judgement> {
    let own: Vec<Judgement> =
        exports.iter().map(|export| Judgement::of(&serde_json::to_value(export.verify()).unwrap())).collect();
    for (index, (other, own)) in second(name, exports).into_iter().zip(&own).enumerate() {
        assert_eq!(&other, own, "the second verifier (left) disagrees on\n{}", text(&exports[index]));
    }
    own
}

/// What `tests/verifier/verify.py` says.
fn second(name: &str, exports: &[Export]) -> Vec<Judgement> {
    let folder = root().join("target/tamper");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.jsonl"));
    let mut file = fs::File::create(&path).unwrap();
    for export in exports {
        writeln!(file, "{}", export.case()).unwrap();
    }
    let python = root().join(".tools/venv/bin/python");
    let mut verifier = Command::new(if python.exists() { python } else { "python3".into() })
        .arg(root().join("tests/verifier/verify.py"))
        .arg("--cases")
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(verifier.stdout.take().unwrap()).lines();
    let reports: Vec<Judgement> =
        lines.map(|line| Judgement::of(&serde_json::from_str::<Value>(&line.unwrap()).unwrap())).collect();
    assert!(verifier.wait().unwrap().success());
    assert_eq!(reports.len(), exports.len());
    reports
}

/// Where an export lies that a test failed with.
fn text(export: &Export) -> String {
    let path = root().join("target/tamper/failed.jsonl");
    fs::write(&path, export.lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect::<Vec<u8>>())
        .unwrap();
    format!("the export lies in {}", path.display())
}

fn print(head: &str, counts: &BTreeMap<&str, usize>) {
    let rows: String = counts.iter().map(|(name, count)| format!("  {count:>6}  {name}\n")).collect();
    std::io::stdout().write_all(format!("{head}\n{rows}").as_bytes()).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "`make evidence` says by the environment how many")]
fn cases() -> usize {
    std::env::var("TAMPER_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(340)
}
