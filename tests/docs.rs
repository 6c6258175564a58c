#![cfg(test)]
//! Documents that code can contradict are held to it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use oidc_audit::config::{self, HostFacts};
use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::{
    Chain, CheckpointLine, Covered, Digest, Identity, LEAF_PREFIX, Proof, Signing, SigningKey, Statement, Tree,
};
use oidc_audit::time::Timestamp;

#[test]
fn the_configuration_reference_is_the_readers_table() {
    let path = root().join("docs/configuration.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("reader's own table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /members -->").unwrap();
    let expected = format!("{before}reader's own table -->\n{}<!-- /members -->{after}", members());
    if golden() {
        fs::write(&path, &expected).unwrap();
    }
    assert!(text == expected || golden(), "docs/configuration.md is behind the code: `make golden`");
}

#[test]
fn every_configuration_in_the_documents_is_taken() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let environment = |name: &str| Some(if name.contains("TOKEN") { "token".to_owned() } else { key.to_owned() });
    for file in ["README.md", "docs/configuration.md", "docs/operations.md", "envoy/README.md"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        for example in blocks(&text, "json").iter().filter(|block| block.contains("\"issuers\"")) {
            let taken = config::parse(example.as_bytes(), &environment, &HostFacts::default());
            assert!(taken.is_ok(), "{file}: {example}: {:?}", taken.err());
        }
    }
}

#[test]
fn the_record_format_names_every_event() {
    let text = fs::read_to_string(root().join("docs/record-format.md")).unwrap();
    for entry in fs::read_dir(root().join("schemas/record")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let event = name.trim_end_matches(".json");
        assert!(text.contains(&format!("`{event}`")), "docs/record-format.md does not name {event}");
    }
}

#[test]
fn the_test_vectors_are_computed() {
    let path = root().join("docs/record-format.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("from the code -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /vectors -->").unwrap();
    let expected = format!("{before}from the code -->\n```text\n{}```\n<!-- /vectors -->{after}", vectors());
    if golden() {
        fs::write(&path, &expected).unwrap();
    }
    assert!(text == expected || golden(), "docs/record-format.md is behind the code: `make golden`");
}

/// Records, leaves, roots, a proof and two checkpoints, one value a line.
fn vectors() -> String {
    let stream = StreamId::parse("000102030405060708090a0b0c0d0e0f").unwrap();
    let record = |number| format!(r#"{{"event":"token.issued","id":"{stream}-{number}","schema":"oidc-audit/1"}}"#);
    let records: Vec<String> = (1..=3).map(record).collect();
    let leaves: Vec<Digest> = records.iter().map(|record| Digest::leaf(record.as_bytes())).collect();
    let covered = |range: std::ops::Range<usize>| Covered {
        first: range.start as u64 + 1,
        last: range.end as u64,
        root: leaves[range.clone()].iter().copied().collect::<Tree>().root().unwrap(),
        leaves: leaves[range].iter().flat_map(|leaf| leaf.as_bytes()[..LEAF_PREFIX].to_vec()).collect(),
    };
    let mut entropy = Counter(0);
    let key = SigningKey::draw(&mut entropy).unwrap();
    let (x, kid) = (key.public(), key.public().thumbprint());
    let identity =
        Identity { config: "ab".repeat(32), build: "oidc-audit/0.1.0".to_owned(), promise: 120, ..Identity::default() };
    let now = Timestamp::from_secs(1_768_469_400);
    let mut chain = Chain::open(identity, Signing::Configured(key.into()), stream, now, &mut entropy).unwrap();
    let mut text = String::new();
    let mut say = |name: &str, value: &dyn std::fmt::Display| writeln!(text, "{name:<9} {value}").unwrap();
    say("x", &x);
    say("kid", &kid);
    for (record, leaf) in records.iter().zip(&leaves) {
        say("record", record);
        say("leaf", leaf);
    }
    say("root 1-2", &covered(0..2).root);
    say("root 1-3", &covered(0..3).root);
    for node in Proof::of(&leaves, 1).unwrap().path {
        say("proof 2/3", &node);
    }
    for range in [0..2, 2..3] {
        let statement = Statement { covered: Some(covered(range)), uptime: Some(5_000_000), ..Statement::default() };
        let sealed = chain.seal(statement, now, &mut entropy);
        let read = CheckpointLine::parse(&sealed.line).unwrap();
        say("claims", &read.signed().unwrap().payload);
        say("line", &sealed.line);
        say("digest", &sealed.head.digest);
    }
    text
}

/// 00, 01, 02, ...
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

fn members() -> String {
    let mut table = String::from("| Member | What stands there | Default | What it does |\n|---|---|---|---|\n");
    for member in config::reference() {
        let (pointer, kind) = (&member.pointer, member.kind.replace('|', "\\|"));
        writeln!(table, "| `{pointer}` | {kind} | {} | {} |", member.default, member.meaning).unwrap();
    }
    table
}

/// The fenced code blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment to rewrite what it compares")]
fn golden() -> bool {
    std::env::var("GOLDEN").is_ok()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
