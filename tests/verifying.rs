#![cfg(test)]
//! What verifying costs: time as a ratio to parsing the same lines, and memory that does not grow with the export.
//!
//! Not for every run: `make evidence` runs them with optimisation.

mod evidence;
mod support;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use evidence::random::Random;
use evidence::writer::Writer;
use oidc_audit::record::evidence::Signing;
use oidc_audit::record::verify::{Asked, LineReader, Trust, Verdict, Verifier};
use serde_json::Value;
use support::root;

/// Verifying takes at most so many times as long as parsing.
const MAX_RATIO: f64 = 6.0;
/// Four times the lines take at most so many times the memory.
const MAX_GROWTH: f64 = 1.2;
const ROUNDS: usize = 7;
const BATCH: usize = 64;

#[test]
#[ignore = "a measurement: make evidence"]
#[expect(clippy::disallowed_methods, reason = "time is what is measured")]
fn verifying_is_a_small_multiple_of_parsing() {
    let (path, trust) = export("ratio", 300);
    let lines: Vec<Vec<u8>> = BufReader::new(File::open(path).unwrap()).split(b'\n').map(Result::unwrap).collect();
    let (mut parsing, mut verifying) = (Duration::MAX, Duration::MAX);
    let reader = LineReader::default();
    let mut records = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for line in &lines {
            std::hint::black_box(serde_json::from_slice::<Value>(line).unwrap());
        }
        parsing = parsing.min(start.elapsed());
        let start = Instant::now();
        let mut verifier = Verifier::new(Trust::parse(&trust).unwrap(), Asked::default());
        lines.iter().for_each(|line| verifier.take(reader.text(line)));
        let report = verifier.finish();
        verifying = verifying.min(start.elapsed());
        assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.problems);
        records = report.records;
    }
    let ratio = verifying.as_secs_f64() / parsing.as_secs_f64();
    let rate = records as f64 / verifying.as_secs_f64();
    // The rate depends on who else uses the machine; the ratio does not.
    say(&format!("verifying: {ratio:.2} x parsing (at most {MAX_RATIO}), {rate:.0} records/s here and now"));
    assert!(ratio <= MAX_RATIO);
}

#[test]
#[ignore = "a measurement: make evidence"]
fn memory_does_not_grow_with_the_export() {
    let [small, large] = [("small", 250), ("large", 1_000)].map(|(name, batches)| {
        let (path, trust) = export(name, batches);
        fs::write(path.with_extension("trust"), trust).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "one_export_in_a_process_of_its_own", "--nocapture"])
            .env("VERIFYING_EXPORT", &path)
            .output()
            .unwrap();
        let text = String::from_utf8(child.stdout).unwrap();
        let peak = text.lines().find_map(|line| line.split_once("peak ")?.1.parse::<f64>().ok());
        peak.unwrap_or_else(|| panic!("{text}"))
    });
    let growth = large / small;
    say(&format!(
        "memory: {small:.0} KiB, of an export four times as large {large:.0} KiB: {growth:.2} (at most {MAX_GROWTH})"
    ));
    assert!(growth <= MAX_GROWTH);
}

#[test]
#[ignore = "a part of another test"]
fn one_export_in_a_process_of_its_own() {
    let Some(path) = std::env::var_os("VERIFYING_EXPORT").map(PathBuf::from) else { return };
    let trust = Trust::parse(&fs::read_to_string(path.with_extension("trust")).unwrap()).unwrap();
    let (reader, mut verifier) = (LineReader::default(), Verifier::new(trust, Asked::default()));
    for line in BufReader::new(File::open(&path).unwrap()).split(b'\n') {
        verifier.take(reader.text(&line.unwrap()));
    }
    assert_eq!(verifier.finish().verdict, Verdict::Intact);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    say(&format!("peak {}", peak.trim().trim_end_matches(" kB")));
}

/// Four streams of batches of records as the corpus has them. Where they lie, and whom to trust.
fn export(name: &str, batches: u64) -> (PathBuf, String) {
    let folder = root().join("target/tamper");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.jsonl"));
    let mut to = BufWriter::new(File::create(&path).unwrap());
    let samples = samples(&root().join("tests/fixtures/exchanges"));
    let (mut random, key) = (Random::new(3), evidence::writer::key());
    let signing = Signing::Configured(Rc::clone(&key));
    let mut writers: Vec<Writer> = (0..4).map(|process| Writer::begin(process, &signing, &mut random)).collect();
    for step in 0..=batches {
        for writer in &mut writers {
            writer.real_batch(BATCH, step, step == batches, &samples, &mut random);
            for line in writer.take_lines() {
                to.write_all(&line).and_then(|()| to.write_all(b"\n")).unwrap();
            }
        }
    }
    to.flush().unwrap();
    (path, evidence::writer::trust(&key).to_string())
}

/// One record of every fixture.
fn samples(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.iter().filter_map(|path| fs::read_to_string(path.join("records.jsonl")).ok());
    texts.filter_map(|text| serde_json::from_str(text.lines().next()?).ok()).collect()
}

fn say(text: &str) {
    std::io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
}
