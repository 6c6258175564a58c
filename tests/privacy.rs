#![cfg(test)]
//! What of people and secrets gets into records, profile by profile: nothing but what `docs/privacy.md` says.
//!
//! `PRIVACY_EXCHANGES` says how many exchanges are generated; `make evidence` takes 100 000. `GOLDEN=1` rewrites the table.

#[path = "../fuzz/src/mutate.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "of the mutator the generator alone is used")]
mod mutate;
#[allow(dead_code, clippy::allow_attributes, reason = "one chunking is enough")]
mod native;
mod planted;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use native::Chunking;
use oidc_audit::record::personal::{Personal, places};
use planted::{ADDRESS, NETWORK, PERSON, PHONE, Planter, TYPED};
use serde_json::{Value, json};
use support::canary::{self, Hunt};
use support::evidence;
use support::fixture::{self, Bodies, Fixture};
use support::root;

#[test]
fn canaries_in_every_secret_and_personal_position_appear_nowhere_but_where_the_table_says() {
    let wanted = wanted();
    let fixtures = fixture::load_as(Bodies::Plain);
    let mut tally = BTreeMap::new();
    let mut judge = Judge::new();
    let mut exchanges = 0;
    for round in 0.. {
        for (fixture, number) in fixtures.iter().zip(0..) {
            let mut fixture = fixture.clone();
            if exchanges >= wanted {
                return judge.finish(exchanges, &tally);
            }
            let mut planter = Planter::new(round * 10_000 + number, round == 0, &mut tally);
            fixture.exchanges.iter_mut().for_each(|exchange| planter.exchange(exchange));
            exchanges += fixture.exchanges.len();
            for profile in PROFILES {
                let lines = native::lines_with(&fixture, &configuration(&fixture, profile), Chunking::Whole, 1);
                lines.iter().for_each(|line| judge.line(&fixture.name, profile, line));
            }
        }
    }
}

#[test]
fn the_page_says_what_the_schemas_say() {
    let path = root().join("docs/privacy.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    let now = format!("{head}{BEGIN}{}{END}{tail}", tables());
    if golden() {
        fs::write(&path, &now).unwrap();
    }
    assert!(page == now || golden(), "docs/privacy.md is behind: `make golden`");
}

/// A table of what the profiles decide, and lists of what is the same in all.
fn tables() -> String {
    let places = places();
    let mut out = String::from("\n| Member | Class | `minimal` | `standard` | `full` |\n|---|---|---|---|---|\n");
    let (mut kept, mut technical) = (Vec::new(), Vec::new());
    for (path, place) in &places {
        let [minimal, standard, full] = PROFILES.map(|profile| word(path, place, profile));
        if place.class == "technical" {
            technical.push(format!("`{path}`"));
        } else if [standard, full] == [minimal; 2] && place.is_clear("minimal") {
            kept.push(format!("`{path}`"));
        } else {
            writeln!(out, "| `{path}` | {} | {minimal} | {standard} | {full} |", place.class).unwrap();
        }
    }
    let clear = |profile| places.values().filter(|place| place.is_clear(profile)).count();
    let [minimal, standard, full] = PROFILES.map(clear);
    write!(
        out,
        "\n**Bold**: something of a person can stand there in clear. Identifiers of clients, workloads and providers, which can be one \
         person's, stand as they are in every profile; of URLs neither query values nor fragment nor user information:\n\n{}.\n\n\
         These are {minimal} members in `minimal`, {standard} in `standard` and {full} in `full`.\n\n### Technical texts\n\nThe same \
         in every profile, cut at 256 characters, and not meant for people; somebody can still have put a name into one:\n\n{}.\n",
        kept.join(", "),
        technical.join(", ")
    )
    .unwrap();
    out
}

fn word(path: &str, place: &Personal, profile: &str) -> &'static str {
    let only_if_right = NAMES_OF_ATTEMPTS.iter().any(|name| name.strip_suffix(".value") == Some(path));
    match (place.actions.get(profile).map(String::as_str), place.is_pseudonym) {
        (Some("keep"), true) if only_if_right => "pseudonym; **value** of an attempt that succeeded",
        (Some("keep"), true) => "pseudonym, **mask, value**",
        (Some("mask"), _) => "pseudonym, **mask**",
        (Some("keep"), false) => "**as it is**",
        (Some("network"), _) => "**network** (/24, /48)",
        (Some("scrub"), _) => "**scrubbed**",
        (Some("hmac"), _) | (_, true) => "pseudonym",
        (Some("family"), _) => "family, of a list",
        (Some("count"), _) => "number alone",
        _ => "nothing",
    }
}

fn configuration(fixture: &Fixture, profile: &str) -> Value {
    let mut configuration = fixture.configuration();
    configuration["privacy"] = json!({"profile": profile, "purpose": "tests", "trusted_hops": 1});
    configuration
}

/// Looks into records.
struct Judge {
    places: BTreeMap<String, Personal>,
    people: Hunt,
    typed: Hunt,
    /// Profile and place where something of a person was found.
    seen: BTreeSet<(&'static str, String)>,
    records: usize,
    wrong: Vec<String>,
}

impl Judge {
    fn new() -> Self {
        Self {
            places: places(),
            people: Hunt::new(&[PERSON.to_owned(), PHONE.to_owned(), ADDRESS.to_owned()]),
            typed: Hunt::new(&[TYPED.to_owned()]),
            seen: BTreeSet::new(),
            records: 0,
            wrong: Vec::new(),
        }
    }

    fn line(&mut self, fixture: &str, profile: &'static str, line: &str) {
        if evidence::is_checkpoint(line) {
            return;
        }
        self.records += 1;
        let record: Value = serde_json::from_str(line).unwrap();
        let succeeded = record["outcome"] == "success";
        let mut texts = Vec::new();
        leaves("", &record, &mut texts);
        if let Some(how) = canary::found(line, &[]) {
            let place = texts.iter().find(|(_, text)| canary::found(text, &[]).is_some());
            let place = place.map_or(line.to_owned(), |(path, text)| format!("{path}: {text}"));
            self.wrong.push(format!("{fixture}, {profile}: {how} at {place}"));
        }
        for (path, text) in texts {
            if self.people.found(text).is_some() {
                self.person(fixture, profile, &path, text);
            }
            if self.typed.found(text).is_some() {
                if profile == "full" && succeeded && NAMES_OF_ATTEMPTS.contains(&path.as_str()) {
                    self.seen.insert((profile, path));
                } else {
                    self.wrong.push(format!("{fixture}, {profile}: a typed name at {path}: {text}"));
                }
            } else if path.ends_with(".mask") || text.starts_with(NETWORK) {
                self.person(fixture, profile, &path, text);
            }
        }
    }

    fn person(&mut self, fixture: &str, profile: &'static str, path: &str, text: &str) {
        let parts = [".mask", ".value"].map(|part| path.strip_suffix(part));
        let (part, place) = match (parts, self.places.get(path)) {
            ([Some(place), _], None) => ("mask", self.places.get(place)),
            ([_, Some(place)], None) => ("value", self.places.get(place)),
            (_, place) => ("", place),
        };
        let action = place.and_then(|place| place.actions.get(profile)).map_or("drop", String::as_str);
        let allowed = match part {
            "mask" => matches!(action, "keep" | "mask"),
            _ if text.starts_with(NETWORK) => matches!(action, "keep" | "network"),
            _ => matches!(action, "keep" | "scrub"),
        };
        if allowed {
            self.seen.insert((profile, path.to_owned()));
        } else {
            self.wrong.push(format!("{fixture}, {profile}: a person at {path} ({action}): {text}"));
        }
    }

    fn finish(self, exchanges: usize, tally: &BTreeMap<String, usize>) {
        let planted: usize = tally.values().sum();
        let Self { places, seen, records, wrong, .. } = self;
        assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
        assert!(planted > 2 * exchanges, "only {planted} canaries in {exchanges} exchanges");
        let clear = |profile| {
            places.iter().filter(move |(_, place)| place.is_clear(profile)).map(move |(path, _)| (profile, path))
        };
        let clear: Vec<_> = PROFILES.into_iter().flat_map(clear).collect();
        let is_seen = |(profile, path): &(&'static str, &String)| {
            ["", ".mask", ".value"].iter().any(|part| seen.contains(&(*profile, format!("{path}{part}"))))
        };
        let never: BTreeSet<&str> =
            clear.iter().filter(|place| !is_seen(place)).map(|(_, path)| path.as_str()).collect();
        if fixture::only().is_none() && exchanges >= DEFAULT_EXCHANGES {
            assert_eq!(never, BTreeSet::from(NEVER), "the table allows what no exchange shows");
        }
        let said = format!(
            "privacy: {exchanges} exchanges, {planted} canaries in {} positions, {records} records in three profiles: \
             people in {} of {} places of the table, secrets in none\n",
            tally.len(),
            clear.iter().filter(|place| is_seen(place)).count(),
            clear.len()
        );
        std::io::stdout().write_all(said.as_bytes()).unwrap();
    }
}

/// Texts of a record, by the path of their place.
fn leaves<'v>(path: &str, value: &'v Value, out: &mut Vec<(String, &'v str)>) {
    match value {
        Value::String(text) => out.push((path.to_owned(), text)),
        Value::Array(items) => items.iter().for_each(|item| leaves(&format!("{path}[]"), item, out)),
        Value::Object(members) => {
            for (name, value) in members {
                let path = match path {
                    "" => name.clone(),
                    _ if MAPS.contains(&path) => format!("{path}{{}}"),
                    _ => format!("{path}.{name}"),
                };
                leaves(&path, value, out);
            }
        }
        _ => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "`make golden` says so by the environment")]
fn golden() -> bool {
    std::env::var("GOLDEN").is_ok_and(|value| value == "1")
}

const BEGIN: &str = "<!-- members: generated by `make golden` from the schemas of records -->\n";
const END: &str = "<!-- /members -->";

/// Members whose own members are data.
const MAPS: [&str; 4] = ["join", "metadata.supported", "registration.texts", "registration.uris"];

/// What people type, and whether it may stand in a record: when it was right, and then in `full` alone.
const NAMES_OF_ATTEMPTS: [&str; 3] =
    ["request.login_hint.value", "request.logout_hint.value", "request.username.value"];

/// Where no message of ours has a person: URLs of issuers and resource servers, of which some have no query, and the
/// certificate of a peer, which is in no message.
const NEVER: [&str; 8] = [
    "client.assertion.aud[]",
    "peer.spiffe_id",
    "request.object.aud[]",
    "request.target.query[]",
    "response.jarm.iss",
    "response.resource_metadata.query[]",
    "response.resource_metadata.uri",
    "response.targets[]",
];

const PROFILES: [&str; 3] = ["minimal", "standard", "full"];

#[expect(clippy::disallowed_methods, reason = "`make evidence` says by the environment how long it may take")]
fn wanted() -> usize {
    std::env::var("PRIVACY_EXCHANGES").ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_EXCHANGES)
}

/// Every fixture three times.
const DEFAULT_EXCHANGES: usize = 3_000;
