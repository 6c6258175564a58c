#![cfg(test)]
//! Documents that code can contradict are held to it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use oidc_audit::config::{self, HostFacts};

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
    for file in ["README.md", "docs/configuration.md", "docs/findings.md", "docs/operations.md", "envoy/README.md"] {
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
