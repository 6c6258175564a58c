//! `pseudonym` as a process: it prints what records hold, and no more of the key than its id.

#![cfg(test)]

mod process;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use process::{folder, oidc_audit, output, text};
use serde_json::{Value, json};

const ISSUER: &str = "https://idp.example.test/realms/acme";

/// The bytes 00 to 1f, and others.
const SECRETS: [&str; 2] =
    ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"];

fn file(content: &str) -> PathBuf {
    let path = folder().join("keys.env");
    fs::write(&path, content).unwrap();
    path
}

fn corpus_key() -> PathBuf {
    file(&format!("OIDC_AUDIT_KEY_ID=k1\nOIDC_AUDIT_PSEUDONYM_KEY={}\n", SECRETS[0]))
}

fn pseudonym(key: &Path, args: &[&str]) -> Output {
    output(&[&["pseudonym", "--key", key.to_str().unwrap()], args].concat())
}

fn complaint(key: &Path, args: &[&str]) -> String {
    let output = pseudonym(key, args);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    text(&output.stderr).to_owned()
}

#[test]
fn what_is_printed_is_what_records_of_the_corpus_hold() {
    let records =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/exchanges/id-01-full-profile/records.jsonl");
    let records = fs::read_to_string(records).unwrap();
    let record: Value = serde_json::from_str(records.lines().next().unwrap()).unwrap();
    let held = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap();
    let key = corpus_key();
    for (kind, name, pointer) in [
        ("subject", "248289761001", "/join/sub/0"),
        ("email", "jane.doe@example.com", "/id_token/email/hmac/0"),
        ("username", "jane", "/id_token/preferred_username/hmac/0"),
    ] {
        let output = pseudonym(&key, &["--issuer", ISSUER, "--as", kind, name]);
        assert_eq!(text(&output.stdout), format!("{kind:<8}  {}\n", held(pointer)));
    }
}

#[test]
fn a_name_is_searched_as_everything_that_it_can_be() {
    let key = file(&format!(
        "PATH=/bin\nOIDC_AUDIT_PSEUDONYM_KEY_K2={}\nOIDC_AUDIT_JOIN_KEY={}\nOIDC_AUDIT_PSEUDONYM_KEY_K1={}\n",
        SECRETS[1], SECRETS[1], SECRETS[0]
    ));
    let kinds = |args: &[&str]| -> Vec<(String, String)> {
        let report: Value = serde_json::from_slice(&pseudonym(&key, &[&["--json"], args].concat()).stdout).unwrap();
        assert_eq!(report["schema"], "oidc-audit-pseudonyms/1");
        let word = |one: &Value, name: &str| one[name].as_str().unwrap().split('.').next().unwrap().to_owned();
        report["pseudonyms"].as_array().unwrap().iter().map(|one| (word(one, "kind"), word(one, "value"))).collect()
    };
    let expected = |kinds: &[&str]| -> Vec<(String, String)> {
        kinds.iter().flat_map(|kind| ["k2", "k1"].map(|id| ((*kind).to_owned(), id.to_owned()))).collect()
    };
    assert_eq!(kinds(&["--issuer", ISSUER, "jane"]), expected(&["subject", "username"]));
    assert_eq!(kinds(&["jane@example.com"]), expected(&["email"]));
    assert_eq!(kinds(&["--issuer", ISSUER, "jane@example.com"]), expected(&["email", "subject", "username"]));
    assert_eq!(kinds(&["--issuer", ISSUER, "+49 30 901820"]), expected(&["phone", "subject", "username"]));
    assert_eq!(kinds(&["--as", "phone,email", "jane"]), expected(&["phone", "email"]));
    assert!(complaint(&key, &["jane"]).contains("--issuer says which"));
    assert!(complaint(&key, &["--as", "email,subject", "jane"]).contains("--issuer says which"));
}

#[test]
fn a_name_from_standard_input_counts_without_its_line_end() {
    let key = corpus_key();
    let args = ["pseudonym", "--key", key.to_str().unwrap(), "--issuer", ISSUER, "--as", "username", "-"];
    for input in ["jane", "jane\n", "jane\r\nmore"] {
        let mut child = oidc_audit(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert_eq!(
            text(&child.wait_with_output().unwrap().stdout),
            "username  k1.euHvNGPxDaExOKuK2rHDgw\n",
            "{input:?}"
        );
    }
    assert!(complaint(&key, &["--issuer", ISSUER, "-"]).contains("1 to 2048 bytes"));
    assert!(complaint(&key, &["--issuer", ISSUER, &"x".repeat(2049)]).contains("1 to 2048 bytes"));
}

#[test]
fn a_file_without_what_is_needed_is_explained_and_no_secret_shown() {
    let [one, two] = SECRETS;
    for (content, expected) in [
        (format!("OIDC_AUDIT_PSEUDONYM_KEY={one}\n"), "add the line OIDC_AUDIT_KEY_ID="),
        (format!("OIDC_AUDIT_PSEUDONYM_KEY_E1={one}\n"), "OIDC_AUDIT_PSEUDONYM_KEY_E1 is no pseudonym secret"),
        (format!("OIDC_AUDIT_PSEUDONYM_KEY_K1={one}x\n"), "32 bytes in base64url"),
        (
            format!("OIDC_AUDIT_PSEUDONYM_KEY_K1={one}\nOIDC_AUDIT_PSEUDONYM_KEY_k1={two}\n"),
            "two secrets have the id k1",
        ),
        (format!("OIDC_AUDIT_JOIN_KEY={one}\n"), "holds no pseudonym secret"),
        (format!("OIDC_AUDIT_PSEUDONYM_KEYS={one}\nOIDC_AUDIT_KEY_ID=k1\n"), "holds no pseudonym secret"),
    ] {
        let said = complaint(&file(&content), &["--as", "email", "jane@example.com"]);
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains(one.split_at(20).0), "{said}");
    }
    assert!(complaint(Path::new("/nowhere"), &["x"]).contains("cannot read the key"));
}

#[test]
fn what_keygen_makes_is_a_key_of_a_period_and_passes_check() {
    let made: Value =
        serde_json::from_slice(&output(&["keygen", "--pseudonym", "--id", "k202612", "--json"]).stdout).unwrap();
    let name = "OIDC_AUDIT_PSEUDONYM_KEY_K202612";
    assert_eq!(made["pseudonym"], json!({"current": {"env": name, "id": "k202612"}}));
    assert_eq!(made["env"].as_object().unwrap().len(), 1);
    let shown = output(&["keygen", "--pseudonym", "--id", "k202612"]);
    assert!(text(&shown.stdout).contains(&format!("\n{name}=")), "{}", text(&shown.stdout));

    let first = folder().join("first.env");
    assert!(output(&["keygen", "--env", "--id", "k202611", "--out", first.to_str().unwrap()]).status.success());
    let second = folder().join("second.env");
    let args = ["keygen", "--pseudonym", "--id", "k202612", "--env", "--out", second.to_str().unwrap()];
    assert!(output(&args).status.success());
    let found = pseudonym(&first, &["--key", second.to_str().unwrap(), "jane@example.com"]);
    let found: Vec<&str> = text(&found.stdout).lines().filter_map(|line| line.split(['.', ' ']).nth(5)).collect();
    assert_eq!(found, ["k202611", "k202612"]);
}
