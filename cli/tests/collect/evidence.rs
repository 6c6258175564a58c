//! Checkpoints on arrival, and the file of heads that `verify` reads.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::collector::Collector;
use crate::process::{folder, output, text};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/evidence");

fn lines() -> Vec<String> {
    fs::read_to_string(format!("{FIXTURES}/export.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

/// The checkpoints of the first stream, in order.
fn chain() -> Vec<String> {
    let stream = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["id"].as_str().unwrap().split('-').next().unwrap().to_owned()
    };
    let all = lines();
    let own = all.iter().filter(|line| stream(line) == stream(&all[0]) && line.contains("audit.checkpoint"));
    own.cloned().collect()
}

fn claims(line: &str) -> (Value, Value) {
    let line: Value = serde_json::from_str(line).unwrap();
    let payload = line["jws"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    (line, serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap())
}

/// The same checkpoint with another predecessor, unsigned.
fn elsewhere(line: &str) -> String {
    let (mut line, mut claims) = claims(line);
    claims["prev"] = "A".repeat(43).into();
    let parts =
        [r#"{"alg":"none","typ":"oidc-audit-cp+jwt"}"#, &claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    line["jws"] = format!("{}.", parts.join(".")).into();
    line.to_string()
}

/// The same checkpoint, and a signature that is not its own.
fn forged(line: &str) -> String {
    let (mut line, _) = claims(line);
    let jws = line["jws"].as_str().unwrap();
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    line["jws"] = format!("{signed}.{other}{}", signature.get(1..).unwrap()).into();
    line.to_string()
}

fn verify(witness: &str, export: &str) -> std::process::Output {
    output(&["verify", "--trust", &format!("{FIXTURES}/trust.json"), "--json", "--witness", witness, export])
}

#[test]
fn a_checkpoint_that_nobody_signed_or_that_leads_elsewhere_is_refused_also_after_a_restart() {
    let (dir, trust) = (folder(), format!("{FIXTURES}/trust.json"));
    let witness = folder().join("heads");
    let args = ["--trust", &trust, "--witness", witness.to_str().unwrap()];
    let chain = chain();
    let mut collector = Collector::start(&dir, &args);
    for (line, answer) in [
        (chain[0].clone(), r#"{"stored":1,"refused":[]}"#.to_owned()),
        (chain[0].clone(), r#"{"stored":1,"refused":[]}"#.to_owned()),
        (forged(&chain[1]), refusal(&chain[1], "forged")),
        (elsewhere(&chain[1]), refusal(&chain[1], "forked")),
    ] {
        assert_eq!(collector.post(line.as_bytes()).body, answer);
    }
    collector.stop();
    fs::remove_dir_all(&dir).unwrap();
    let collector = Collector::start(&dir, &args);
    assert_eq!(collector.post(elsewhere(&chain[1]).as_bytes()).body, refusal(&chain[1], "forked"));
    assert_eq!(collector.post(chain[1].as_bytes()).body, r#"{"stored":1,"refused":[]}"#);
    assert_eq!(fs::read_to_string(&witness).unwrap().lines().count(), 2);
}

fn refusal(line: &str, why: &str) -> String {
    let id = claims(line).0["id"].as_str().unwrap().to_owned();
    format!(r#"{{"stored":0,"refused":[{{"id":"{id}","line":1,"why":"{why}"}}]}}"#)
}

#[test]
fn what_the_witness_saw_must_be_there() {
    let dir = folder();
    let witness = folder().join("heads");
    let name = witness.to_str().unwrap();
    let collector = Collector::start(&dir, &["--witness", name]);
    assert_eq!(collector.post(lines().join("\n").as_bytes()).status, 200);
    let whole = folder().join("whole.jsonl");
    fs::write(&whole, lines().join("\n")).unwrap();
    assert_eq!(verify(name, whole.to_str().unwrap()).status.code(), Some(1));
    // the close of the first stream goes, and its records: no sibling contradicts that
    let last = chain().pop().unwrap();
    let at = lines().iter().position(|line| *line == last).unwrap();
    let cut: Vec<String> = lines()
        .into_iter()
        .enumerate()
        .filter(|(index, _)| *index != at && *index + 1 != at)
        .map(|(_, line)| line)
        .collect();
    fs::write(&whole, cut.join("\n")).unwrap();
    let told = verify(name, whole.to_str().unwrap());
    assert!(text(&told.stdout).contains("\"truncated\""), "{}", text(&told.stdout));
    assert_eq!(told.status.code(), Some(2));
    let garbage = folder().join("garbage");
    fs::write(&garbage, "{}\n").unwrap();
    let refused = verify(garbage.to_str().unwrap(), whole.to_str().unwrap());
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("is no file of heads: line 1"), "{}", text(&refused.stderr));
}
