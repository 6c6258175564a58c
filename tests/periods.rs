#![cfg(test)]
//! Two key periods: whoever lost the secret of one finds nobody in it, and everybody in the other; flows hold across both.

#[allow(dead_code, clippy::allow_attributes, reason = "one chunking is enough")]
mod native;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use native::Chunking;
use serde_json::{Value, json};
use support::fixture::{self, Fixture};
use support::root;

const ISSUER: &str = "https://idp.example.test/realms/acme";
const JOIN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// Ids and secrets of the two periods.
const PERIODS: [(&str, &str); 2] = [
    ("k202611", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"),
    ("k202612", "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"),
];
const OLD: usize = 0;
const NEW: usize = 1;
/// Of the fixture.
const PERSON: &str = "canary-sub-248289761001";

#[test]
fn a_period_whose_secret_is_destroyed_hides_its_people_and_keeps_its_flows() {
    let (login, rest) = halves();
    let records = [lines(&login, &[OLD]), lines(&rest, &[NEW])].concat();
    let folder = scratch("destroyed");
    fs::write(folder.join("records.jsonl"), records.join("\n") + "\n").unwrap();

    // with both secrets the person is found on both sides of the border
    let both = pseudonyms(&folder, &[OLD, NEW]);
    assert_eq!(both.len(), 2);
    for pseudonym in &both {
        assert!(records.iter().any(|line| line.contains(pseudonym)), "{pseudonym}");
    }
    // with the first destroyed, in the second period alone
    let left = pseudonyms(&folder, &[NEW]);
    assert_eq!(left.len(), 1);
    let found: BTreeSet<bool> =
        records.iter().filter(|line| line.contains(&left[0])).map(|line| is_login(line)).collect();
    assert_eq!(found, BTreeSet::from([false]));
    // and no other secret gives what stands in the first
    let foreign = both.iter().find(|pseudonym| !left.contains(pseudonym)).unwrap();
    let hash = foreign.split_once('.').unwrap().1;
    assert!(!left[0].ends_with(hash));

    // the flow is one, for join values hang on a key that has not changed
    let report = timeline(&folder);
    let events = |flow: &Value| -> BTreeSet<String> {
        flow["records"].as_array().unwrap().iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
    };
    let flows: Vec<_> = report["flows"].as_array().unwrap().iter().map(events).collect();
    let flow = flows.iter().find(|events| events.contains("token.issued")).unwrap();
    assert!(flow.contains("userinfo.accessed") && flow.contains("logout.requested"), "{flows:?}");
}

#[test]
fn while_the_old_secret_is_named_people_are_followed_over_the_border() {
    let (login, rest) = halves();
    let (before, after) = (lines(&login, &[OLD]), lines(&rest, &[NEW, OLD]));
    let old = &pseudonyms(&scratch("overlap"), &[OLD])[0];
    assert!(before.iter().any(|line| line.contains(old)) && after.iter().any(|line| line.contains(old)));
    let person = |line: &String| serde_json::from_str::<Value>(line).unwrap()["join"]["sub"].clone();
    let ids: Vec<Value> = after.iter().map(person).filter(|sub| !sub.is_null()).collect();
    assert!(ids.iter().all(|sub| sub.as_array().is_some_and(|values| values.len() == 2)), "{ids:?}");
}

/// A login until the token is used, and the rest of its session.
fn halves() -> (Fixture, Fixture) {
    let all = fixture::load().into_iter().find(|fixture| fixture.name == "fl-01-code-flow-through-logout").unwrap();
    let (mut login, mut rest) = (all.clone(), all);
    rest.exchanges = login.exchanges.split_off(5);
    (login, rest)
}

fn is_login(line: &str) -> bool {
    serde_json::from_str::<Value>(line).unwrap()["event"] == "token.issued"
}

/// What is recorded with these periods' keys, the current one first.
fn lines(fixture: &Fixture, periods: &[usize]) -> Vec<String> {
    let mut configuration = fixture.configuration();
    let keys: Vec<Value> =
        periods.iter().map(|at| PERIODS[*at]).map(|(id, secret)| json!({"id": id, "inline": secret})).collect();
    configuration["keys"]["join"] = json!({"current": {"id": "j1", "inline": JOIN}});
    configuration["keys"]["pseudonym"] = json!({"current": keys[0], "previous": keys[1..]});
    let seed = u64::try_from(periods[0]).unwrap() + 1;
    let lines = native::lines_with(fixture, &configuration, Chunking::Whole, seed);
    lines.into_iter().filter(|line| !support::evidence::is_checkpoint(line)).collect()
}

/// What the tool says to search for, with an environment file of these periods.
fn pseudonyms(folder: &Path, periods: &[usize]) -> Vec<String> {
    let environment: String = periods
        .iter()
        .map(|at| PERIODS[*at])
        .map(|(id, secret)| format!("OIDC_AUDIT_PSEUDONYM_KEY_{}={secret}\n", id.to_ascii_uppercase()))
        .collect();
    let path = folder.join("keys.env");
    fs::write(&path, environment).unwrap();
    let output = tool(&["pseudonym", "--key", path.to_str().unwrap(), "--issuer", ISSUER, "--as", "subject", PERSON]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
}

fn timeline(folder: &Path) -> Value {
    serde_json::from_slice(&tool(&["timeline", "--json", folder.join("records.jsonl").to_str().unwrap()]).stdout)
        .unwrap()
}

fn tool(args: &[&str]) -> Output {
    let path = root().join("target/debug/oidc-audit");
    assert!(path.exists(), "{} is missing: run `make build`", path.display());
    let output = Command::new(path).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("periods-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
