#![cfg(test)]
//! Documents that code can contradict are held to it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use oidc_audit::config::{self, HostFacts};
use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::oauth::{Adapter, Evidence, Provider, Test, Verdict};
use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::{
    Chain, CheckpointLine, Covered, Digest, Identity, LEAF_PREFIX, Proof, Signing, SigningKey, Statement, Tree,
};
use oidc_audit::record::verify::{self, Binding, SpiffeId};
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
fn the_page_of_providers_is_their_profiles() {
    let path = root().join("docs/providers.md");
    let expected = providers();
    if golden() {
        fs::write(&path, &expected).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "docs/providers.md is behind the code: `make golden`");
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

/// Records, leaves, roots, a proof, two checkpoints and a statement, one value a line.
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
    let signing = Signing::Configured(Rc::new(SigningKey::draw(&mut Counter(0)).unwrap()));
    let mut chain = Chain::open(identity, signing, stream, now, &mut entropy).unwrap();
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
    let writer = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/gateway").unwrap();
    let binding = Binding { stream, writer, group: "shop/gateway/pod-1".to_owned(), key: x };
    say("bound", &verify::Statement::sign(&verify::Content::Bound(binding), now, &key));
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

/// docs/providers.md
fn providers() -> String {
    let mut page = String::from(PROVIDERS);
    for profile in Provider::ALL.map(Provider::profile) {
        writeln!(page, "\n## {}\n\n`provider`: `{}`\n", profile.about, profile.name).unwrap();
        page.push_str("| Path | What it is | Evidence |\n|---|---|---|\n");
        for route in profile.routes.iter() {
            let evidence = route.evidence.as_str();
            writeln!(page, "| `{}` | `{}` | {evidence} |", route.template, route.kind.as_str()).unwrap();
        }
        if !profile.adapters.is_empty() {
            page.push_str("\n| Form | Adapter | Refused by | Accepted by | More asked by | No attempt | Evidence |\n|---|---|---|---|---|---|---|\n");
        }
        for adapter in profile.adapters.iter() {
            let told = |verdict| told(adapter, verdict);
            let only = if adapter.only.is_some() { ", by a mark of the request" } else { "" };
            writeln!(
                page,
                "| {} `{}`{only} | `{}` | {} | {} | {} | {} | {}{} |",
                adapter.method,
                adapter.path,
                adapter.id,
                told(Verdict::Failure),
                told(Verdict::Success),
                told(Verdict::Pending),
                told(Verdict::Step),
                adapter.evidence.as_str(),
                limits(adapter),
            )
            .unwrap();
        }
        for (what, words) in [
            ("Other names of `post_logout_redirect_uri`", &profile.logout_parameters),
            ("Pages on which a logout ends", &profile.logout_pages),
            ("Session cookies", &profile.session_cookies),
            ("Parameters of its own hops", &profile.internal_parameters),
        ] {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            if !words.is_empty() {
                writeln!(page, "\n{what}: {}.", words.join(", ")).unwrap();
            }
        }
    }
    page
}

/// What a row of field knowledge may say.
fn limits(adapter: &Adapter) -> &'static str {
    let refuses = adapter.rules.iter().any(|rule| rule.verdict == Verdict::Failure);
    match (adapter.evidence, refuses) {
        (Evidence::Field, true) => ", not yet seen here; refuses by a machine's word alone",
        (Evidence::Field, false) => ", not yet seen here; never refuses",
        _ => "",
    }
}

/// The rules of one verdict, in words.
fn told(adapter: &Adapter, verdict: Verdict) -> String {
    let rules = adapter.rules.iter().filter(|rule| rule.verdict == verdict);
    let rules = rules.map(|rule| rule.tests.iter().map(test).collect::<Vec<_>>().join(" and "));
    rules.collect::<Vec<_>>().join("; ")
}

fn test(test: &Test) -> String {
    match test {
        Test::Attribute(name, word) => format!("`{name}=\"{word}\"` on the page"),
        Test::Cookie(name) => format!("cookie `{name}`"),
        Test::Header(name) => format!("header `{name}`"),
        Test::Json(pointer) => format!("JSON `{pointer}`"),
        Test::JsonCode(pointer) => format!("code at JSON `{pointer}`"),
        Test::JsonIs(pointer, value) => format!("JSON `{pointer}` is `{value}`"),
        Test::Named => "a user's name was sent (`capture.login_forms` `username`)".to_owned(),
        Test::PageCode(name) => format!("code `{name}` in the page's script"),
        Test::Redirect => "redirect".to_owned(),
        Test::RedirectAway => "redirect to another host".to_owned(),
        Test::RedirectQuery(name) => format!("redirect with `{name}`"),
        Test::RedirectTo(path) => format!("redirect to `{path}`"),
        Test::Status(status) => status.to_string(),
    }
}

const PROVIDERS: &str = "# Providers

<!-- Written by `make golden` from the profiles in src/oauth/provider. -->

What is known of particular providers, and from where: **run here** (captured and looked at, on the version that the heading names), **source** (source code or published metadata), **vendor docs**, and **field knowledge**,
which is to be confirmed on the deployed version. Paths are below the issuer's own path, or below the host where they begin with `//`; `{x}` is one segment, `{x*}` any number. A metadata document that was seen, and
`endpoints` of the configuration, win over all of it.

A response to the client in the same exchange accepts an attempt, and `access_denied` in one refuses it, whatever the rules say. Where no rule holds the outcome is `unknown` and the confidence `low`; else the confidence is
`high` by what was run or read in the source, and `medium` by documentation and field knowledge. A row of field knowledge refuses only by a machine's own word: a status of its own, a code, an `error` parameter.
";

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
