#![cfg(test)]
//! Captured traffic of real providers through the built module: every exchange gives the events that its capture's
//! table in `tests/captures` says, and no other.
//!
//! The captures are not in the repository: `make captures DIR=…` says where they are. What the module recorded is left
//! in `target/captures`, for those who compare it with a provider's own account (tests/providers/oracle.py).

#[allow(dead_code, unused_imports, clippy::allow_attributes, reason = "of the host a part is enough here")]
mod host;
mod support;
#[allow(dead_code, clippy::allow_attributes, reason = "the tables are checked without captures")]
mod tap;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use host::{Host, Script, filter};
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};
use support::fixture::{NODE, SOURCE};
use support::record::Checker;
use support::{canary, root};
use tap::Tapped;

#[test]
#[ignore = "needs captured traffic: make captures DIR=…"]
fn captured_exchanges_give_their_events_and_nothing_else() {
    let captures = captures();
    let mut problems = Vec::new();
    for name in names() {
        let folder = captures.join(&name);
        if folder.is_dir() {
            judge(&name, &folder, &mut problems);
        } else {
            problems.push(format!("{name}: no such capture in {}", captures.display()));
        }
    }
    assert!(problems.is_empty(), "{} problems\n\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_capture_has_a_configuration_and_a_table_of_known_events() {
    let schemas = fs::read_dir(root().join("schemas/record")).unwrap().map(|entry| entry.unwrap().path());
    let known: BTreeSet<String> =
        schemas.map(|schema| schema.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert!(!names().is_empty());
    for name in names() {
        configuration(&name);
        let text = fs::read_to_string(data(&name, "tsv")).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(rows[0].join(" "), COLUMNS, "{name}");
        for (row, number) in rows[1..].iter().zip(1..) {
            let [place, _, _, _, _, events] = row[..] else { panic!("{name}, row {number}: six columns, please") };
            assert_eq!(place.parse(), Ok(number), "{name}: exchanges are listed in their order");
            for word in events.split(' ').filter(|events| *events != "-") {
                let (event, outcome) = word.split_once(':').expect("an event and its outcome");
                assert!(known.contains(event), "{name}, row {number}: {event} is no event");
                assert!(OUTCOMES.contains(&outcome), "{name}, row {number}: {outcome} is no outcome");
            }
        }
    }
}

const COLUMNS: &str = "number at method path status events";
const OUTCOMES: [&str; 4] = ["failure", "pending", "success", "unknown"];

fn captures() -> PathBuf {
    PathBuf::from(std::env::var_os("CAPTURES").expect("CAPTURES: a folder; `make captures DIR=…` sets it"))
}

/// The captures that have a table here.
fn names() -> Vec<String> {
    let files = fs::read_dir(root().join("tests/captures")).unwrap().map(|entry| entry.unwrap().path());
    let tables = files.filter(|file| file.extension().is_some_and(|extension| extension == "tsv"));
    let mut names: Vec<String> = tables.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn data(name: &str, extension: &str) -> PathBuf {
    root().join(format!("tests/captures/{name}.{extension}"))
}

fn configuration(name: &str) -> String {
    let text = fs::read(data(name, "json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut configuration: Value = serde_json::from_slice(&text).unwrap();
    let key = json!({"current": {"id": "k1", "inline": KEY}});
    configuration["keys"] = json!({"join": key, "pseudonym": key});
    configuration["insecure_inline"] = json!(true);
    configuration["sinks"] = json!([{"cluster": "audit_log"}]);
    configuration["delivery"] = json!({"interval_ms": INTERVAL_MS});
    configuration.to_string()
}

/// The bytes 00 to 1f in base64url: the oracle derives its join keys from them too.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const INTERVAL_MS: u64 = 100;

fn judge(name: &str, folder: &Path, problems: &mut Vec<String>) {
    let exchanges = tap::read(folder);
    let (lines, log) = replay(&exchanges, &configuration(name));
    let secrets = tap::secrets(&exchanges);
    let hunt = canary::Hunt::new(&secrets);
    let checker = Checker::default();
    let mut records = Vec::new();
    for line in &lines {
        problems.extend(checker.check(line, &[]).err().map(|problem| format!("{name}: {problem}")));
        records.extend(serde_json::from_str::<Value>(line));
    }
    for text in lines.iter().chain(&log) {
        if let Some(secret) = hunt.found(text) {
            problems.push(format!("{name}: {} is in {text}", secrets[secret]));
        }
    }
    let events = Events::of(&exchanges, &records);
    problems.extend(events.lost.iter().map(|record| format!("{name}: of no exchange: {record}")));
    let table = table(&exchanges, &events);
    compare(name, &table, problems);
    write(name, &table, &exchanges, &records);
    report(&format!(
        "captures, {name}: {} exchanges, {} with events, {} records, {} secrets searched for: {:?}\n",
        exchanges.len(),
        events.by_exchange.len(),
        records.len(),
        secrets.len(),
        events.counts,
    ));
}

/// Plays every message at its own time, so that an exchange inside another one stays inside it.
fn replay(exchanges: &[Tapped], configuration: &str) -> (Vec<String>, Vec<String>) {
    let mut host = Host::start(filter(), configuration, &[]);
    host.node("xds.node.id", NODE);
    let mut moments: Vec<(Timestamp, usize, bool)> = Vec::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        moments.push((exchange.request.time, index, false));
        moments.push((exchange.response.time.max(exchange.request.time), index, true));
    }
    moments.sort_by_key(|(time, index, answered)| (*time, *answered, *index));
    let mut streams = BTreeMap::new();
    for (time, index, answered) in moments {
        wait(&mut host, time);
        if answered {
            respond(&mut host, streams[&index], &exchanges[index]);
        } else {
            streams.insert(index, request(&mut host, &exchanges[index]));
        }
    }
    // past every window in which something is gathered
    host.process().advance(WINDOW_MS);
    host.settle();
    host.stop();
    host.settle();
    let log = host.log().iter().map(|line| line.text.clone()).collect();
    (host.records(), log)
}

const WINDOW_MS: u64 = 600_000;

/// Lets time pass, with a tick where there is time for one.
fn wait(host: &mut Host, until: Timestamp) {
    let mut left = until.millis_since(host.now());
    if left >= INTERVAL_MS {
        host.process().advance(left - INTERVAL_MS);
        host.tick();
        for call in host.deliveries() {
            host.answer(call.token, host::Reply::status(200));
        }
        left = until.millis_since(host.now());
    }
    host.process().advance(left);
}

fn request(host: &mut Host, exchange: &Tapped) -> u32 {
    let script = Script {
        request: exchange.request.fields.clone(),
        response: Some(exchange.response.fields.clone()),
        ..Script::default()
    };
    let stream = host.open(&script.property("source.address", SOURCE));
    let body = &exchange.request.body;
    host.request_headers(stream, body.is_empty());
    for chunk in body.chunks(CHUNK) {
        host.request_body(stream, chunk, false);
    }
    if !body.is_empty() {
        host.request_body(stream, b"", true);
    }
    stream
}

fn respond(host: &mut Host, stream: u32, exchange: &Tapped) {
    let body = &exchange.response.body;
    host.response_headers(stream, body.is_empty());
    for chunk in body.chunks(CHUNK) {
        host.response_body(stream, chunk, false);
    }
    if !body.is_empty() {
        host.response_body(stream, b"", true);
    }
    host.finish(stream);
}

const CHUNK: usize = 16 * 1024;

/// Which events each exchange gave.
#[derive(Default)]
struct Events {
    by_exchange: BTreeMap<usize, Vec<String>>,
    counts: BTreeMap<String, usize>,
    /// Records that name no exchange of the capture.
    lost: Vec<String>,
}

impl Events {
    fn of(exchanges: &[Tapped], records: &[Value]) -> Self {
        let mut events = Self::default();
        for record in records.iter().filter(|record| record.get("exchange").is_some()) {
            let word = format!("{}:{}", text(&record["event"]), text(&record["outcome"]));
            *events.counts.entry(word.clone()).or_default() += 1;
            match number(exchanges, record) {
                Some(number) => events.by_exchange.entry(number).or_default().push(word),
                None => events.lost.push(record.to_string()),
            }
        }
        events.by_exchange.values_mut().for_each(|words| words.sort());
        events
    }
}

fn number(exchanges: &[Tapped], record: &Value) -> Option<usize> {
    let id = record["exchange"]["request_id"].as_str()?;
    Some(exchanges.iter().find(|exchange| exchange.request_id() == id)?.number)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn table(exchanges: &[Tapped], events: &Events) -> String {
    let mut table = COLUMNS.replace(' ', "\t") + "\n";
    for exchange in exchanges {
        let words = events.by_exchange.get(&exchange.number).map_or_else(|| "-".to_owned(), |words| words.join(" "));
        let (at, path) = (&exchange.at, exchange.path_template());
        let row = format!("{}\t{at}\t{}\t{path}\t{}\t{words}", exchange.number, exchange.method(), exchange.status());
        writeln!(table, "{row}").unwrap();
    }
    table
}

fn compare(name: &str, table: &str, problems: &mut Vec<String>) {
    let expected = fs::read_to_string(data(name, "tsv")).unwrap();
    let (expected, table): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), table.lines().collect());
    if expected.len() != table.len() {
        problems.push(format!("{name}: {} rows, {} in its table", table.len(), expected.len()));
    }
    for (expected, row) in expected.iter().zip(&table).filter(|(expected, row)| expected != row) {
        problems.push(format!("{name}:\n  expected {expected}\n  recorded {row}"));
    }
}

/// What was recorded, for a look and for the oracle: the table, and each record with the number of its exchange.
fn write(name: &str, table: &str, exchanges: &[Tapped], records: &[Value]) {
    let folder = root().join("target/captures");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.tsv")), table).unwrap();
    let mut lines = String::new();
    for record in records.iter().filter(|record| record.get("exchange").is_some()) {
        writeln!(lines, "{}", json!({"number": number(exchanges, record), "record": record})).unwrap();
    }
    fs::write(folder.join(format!("{name}.records.jsonl")), lines).unwrap();
}

fn report(text: &str) {
    use std::io::Write as _;
    // not by a macro: it is shown whether the test passes or not
    std::io::stdout().write_all(text.as_bytes()).unwrap();
}
