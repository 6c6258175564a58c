//! `collect --findings`: what it stores, counts and posts while records arrive.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::collector::Collector;
use crate::process::{folder, oidc_audit, output, text};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings").join(name);
    std::fs::read_to_string(path).unwrap()
}

const REPLAY: &str = "T-06-fires-critical-redeemed-twice.jsonl";

fn raised(collector: &Collector) -> Vec<Value> {
    let lines = collector.lines();
    let records = lines.iter().map(|line| (line, serde_json::from_str::<Value>(line).unwrap()));
    records
        .filter(|(_, record)| record["event"] == "finding.raised")
        .map(|(line, record)| {
            // Canonical: what is read and written again with sorted members is the same text.
            assert_eq!(line, &record.to_string());
            fits(&record, &schema());
            fits(&record["finding"], &schema()["properties"]["finding"]);
            record
        })
        .collect()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/finding.raised.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Has what the schema requires, and nothing that it does not name.
fn fits(value: &Value, schema: &Value) {
    let members = value.as_object().unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(members.contains_key(required.as_str().unwrap()), "no {required}: {value}");
    }
    for name in members.keys() {
        assert!(schema["properties"].get(name).is_some(), "{name} is not in the schema: {value}");
    }
}

/// Waits for as long as a finding may take.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("nothing within 60 seconds");
}

/// A server that answers with `statuses` in turn, and then with the last of them; and what was posted to it.
fn server(statuses: &'static [&'static str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (posted, posts) = channel();
    thread::spawn(move || {
        let mut statuses =
            statuses.iter().cycle().take(statuses.len()).chain(std::iter::repeat(statuses.last().unwrap()));
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while !is_whole(&request) {
                match stream.read(&mut part).unwrap() {
                    0 => break,
                    read => request.extend_from_slice(part.get(..read).unwrap()),
                }
            }
            let status = statuses.next().unwrap();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            if posted.send(String::from_utf8(request).unwrap()).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/hook?key=canary-hook"), posts)
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request);
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    body.len() >= length
}

#[test]
fn a_finding_is_stored_counted_and_posted_within_a_minute_and_raised_once() {
    let dir = folder();
    let (url, posts) = server(&["503 Later", "204 Taken"]);
    let mut collector = Collector::start(&dir, &["--findings", "--webhook", &url]);
    assert_eq!(collector.post(fixture(REPLAY).as_bytes()).status, 200);
    let found = eventually(|| raised(&collector).first().cloned());
    assert_eq!((&found["finding"]["rule"], &found["finding"]["severity"]), (&"T-06".into(), &"critical".into()));
    assert_eq!(found["finding"]["records"].as_array().unwrap().len(), 2);
    assert_eq!(found["client"]["id"], "web");

    // The first answer asked for patience, the second one took it: the same record both times.
    let bodies: Vec<_> = (0..2).map(|_| posts.recv_timeout(Duration::from_secs(30)).unwrap()).collect();
    for request in &bodies {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /hook?key=canary-hook HTTP/1.1"), "{head}");
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), found);
    }
    let metrics = eventually(|| {
        let answer = collector.send("GET", "/metrics", &[], b"");
        answer.body.contains("oidc_audit_webhook_delivered_total 1\n").then_some(answer)
    });
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4"));
    for line in [
        "oidc_audit_findings_raised_total{rule=\"T-06\",severity=\"critical\"} 1\n",
        "oidc_audit_collect_records_total{result=\"written\"} 5\n",
        "oidc_audit_webhook_lost_total 0\n",
    ] {
        assert!(metrics.body.contains(line), "{line}{}", metrics.body);
    }
    let (status, out, err) = collector.stop();
    assert!(status.success() && !format!("{out}{err}").contains("canary-hook"), "{out}{err}");

    // Started again on the same segments, it knows what it has said.
    let mut collector = Collector::start(&dir, &["--findings"]);
    let (status, ..) = collector.stop();
    assert!(status.success());
    assert_eq!(raised(&collector).len(), 1);
    // It is of no flow, and no stranger to other subcommands.
    let timeline = output(&["timeline", dir.to_str().unwrap(), "--json"]);
    assert_eq!(timeline.status.code(), Some(0), "{}", text(&timeline.stderr));
    assert!(!text(&timeline.stdout).contains("finding.raised"));
}

#[test]
fn records_of_this_moment_are_judged_once_their_neighbours_are_here() {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let date =
        Command::new("date").args(["-u", "-d", &format!("@{}", now - 6), "+%Y-%m-%dT%H:%M:%S"]).output().unwrap();
    let moment = text(&date.stdout).trim();
    // A code that is redeemed twice in one second, and the second redemption comes first.
    let records = fixture(REPLAY);
    let mut lines: Vec<_> = records.lines().filter(|line| line.contains("token.issued")).map(str::to_owned).collect();
    lines.reverse();
    let shifted = lines.iter().zip([900, 100]).map(|(line, millis)| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["ts"] = format!("{moment}.{millis:03}Z").into();
        format!("{record}\n")
    });
    let collector = Collector::start(&folder(), &["--findings"]);
    for line in shifted {
        collector.post(line.as_bytes());
    }
    let found = eventually(|| raised(&collector).first().cloned());
    assert_eq!(found["finding"]["at"], format!("{moment}.900Z"));
}

#[test]
fn what_is_stored_when_it_stops_is_judged_before_it_ends() {
    let mut collector = Collector::start(&folder(), &["--findings"]);
    collector.post(fixture(REPLAY).as_bytes());
    let (status, ..) = collector.stop();
    assert!(status.success());
    assert_eq!(raised(&collector).len(), 1);
}

#[test]
fn a_webhook_that_refuses_loses_the_finding_and_stops_nothing() {
    let (url, posts) = server(&["400 No"]);
    let collector = Collector::start(&folder(), &["--findings", "--webhook", &url]);
    collector.post(fixture(REPLAY).as_bytes());
    posts.recv_timeout(Duration::from_secs(60)).unwrap();
    eventually(|| {
        let lost = collector.send("GET", "/metrics", &[], b"").body.contains("oidc_audit_webhook_lost_total 1\n");
        (lost && raised(&collector).len() == 1).then_some(())
    });
    assert_eq!(collector.post(fixture("T-12-fires-refused-reuse.jsonl").as_bytes()).status, 200);
}

#[test]
fn rules_that_are_off_raise_nothing_and_bad_ones_stop_the_start() {
    let dir = folder();
    let rules = dir.join("rules.json");
    std::fs::write(&rules, r#"{"rules": {"T-06": {"off": true}}}"#).unwrap();
    let mut collector = Collector::start(&dir.join("records"), &["--findings", "--rules", rules.to_str().unwrap()]);
    collector.post(fixture(REPLAY).as_bytes());
    collector.stop();
    assert_eq!(raised(&collector), Vec::<Value>::new());

    std::fs::write(&rules, r#"{"rules": {"T-66": {}, "T-06": {"off": 1}}}"#).unwrap();
    let refused =
        output(&["collect", "--dir", dir.to_str().unwrap(), "--findings", "--rules", rules.to_str().unwrap()]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said.contains("/rules/T-66: ") && said.contains("/rules/T-06/off: "), "{said}");
}

#[test]
fn a_webhook_in_the_clear_is_for_this_machine_only() {
    let refused =
        output(&["collect", "--dir", "x", "--findings", "--webhook", "http://hooks.example.test/canary-hook"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("expected https"), "{}", text(&refused.stderr));
}

#[test]
fn findings_follow_what_a_collector_writes() {
    let collector = Collector::start(&folder(), &[]);
    let dir = collector.dir.to_str().unwrap().to_owned();
    let mut child =
        oidc_audit(&["findings", "--follow", &dir, "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    collector.post(fixture(REPLAY).as_bytes());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let found: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&found["event"], &found["finding"]["rule"]), (&"finding.raised".into(), &"T-06".into()));
    // Whoever only looks writes nothing.
    assert!(raised(&collector).is_empty());
}

#[test]
fn metrics_are_for_those_who_may_send() {
    let collector = Collector::start_with(&folder(), &["--token-env", "TOKEN"], |command| {
        command.env("TOKEN", "0123456789abcdef");
    });
    assert_eq!(collector.send("GET", "/metrics", &[], b"").status, 401);
    let authorization = [("authorization", "Bearer 0123456789abcdef")];
    let metrics = collector.send("GET", "/metrics", &authorization, b"");
    assert_eq!(metrics.status, 200);
    assert!(!metrics.body.contains("oidc_audit_findings"), "nobody looks for findings here");
}
