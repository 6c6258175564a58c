#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "an outage lasts as long as it lasts")]
//! The log cluster goes away: what is stored and what is declared as dropped add up to what the driver did.

mod live;

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use live::client::{self, token_request};
use live::{
    Collect, Envoy, Mesh, Source, accounted, assert_no_secret, count_by_event, declared_drops, free_port, scratch,
    stub, wait_for,
};
use serde_json::Value;

/// Two workers with 256 KiB each, half of it for drafts: an outage of 200 logins is more than that holds.
const SMALL_QUEUE: &str = r#"{
    "issuers": [{"issuer": "https://idp.example.test", "endpoints": {"authorization": "/auth", "token": "/token", "userinfo": "/userinfo"}}],
    "sinks": [{"cluster": "audit_log", "timeout_ms": 1000}],
    "delivery": {"interval_ms": 200},
    "limits": {"memory": 262144}
}"#;

#[test]
fn an_outage_during_200_logins_loses_nothing_undeclared() {
    let folder = scratch("outage");
    let relay = Relay::start();
    let upstream = stub::start();
    let collect_port = free_port();
    relay.target.store(collect_port, Ordering::SeqCst);
    let collect = Collect::start(&folder, collect_port);
    let envoy = envoy(&folder, SMALL_QUEUE, upstream, relay.port);

    let mut done = logins(envoy.port, 20);
    wait_for("a first delivery", Duration::from_secs(10), || (!collect.records().is_empty()).then_some(()));
    relay.swallow_next_answer.store(true, Ordering::SeqCst);
    done += logins(envoy.port, 10);
    wait_for("the swallowed answer", Duration::from_secs(10), || {
        (relay.swallowed.load(Ordering::SeqCst) > 0).then_some(())
    });
    collect.stop();
    let down = Instant::now();
    done += logins(envoy.port, 170);
    thread::sleep(Duration::from_secs(30).saturating_sub(down.elapsed()));
    let collect = Collect::start(&folder, collect_port);
    done += logins(envoy.port, 4);

    let records = settled(&collect, done);
    let ids: BTreeSet<&str> = records.iter().filter_map(|record| record["id"].as_str()).collect();
    assert_eq!(ids.len(), records.len(), "collect stored a duplicate");
    assert_eq!(accounted(&records), done, "stored + declared = driven: {:?}", count_by_event(&records));
    assert_no_secret(&envoy.log(), &envoy.stats(), &records);
    assert!(declared_drops(&records) > 0, "the queue limit was not reached");
    assert!(relay.batches.load(Ordering::SeqCst) > relay.answered.load(Ordering::SeqCst), "no batch was sent twice");
}

#[test]
fn garbage_during_an_outage_pushes_no_issuance_out() {
    let folder = scratch("garbage");
    let upstream = stub::start();
    let sink = free_port();
    let configuration = SMALL_QUEUE.replace("262144", "1048576");
    let envoy = envoy(&folder, &configuration, upstream, sink);
    let mut driven = 0;
    for round in 0..10 {
        garbage(envoy.port, round * 1_000, 1_000);
        for _ in 0..10 {
            issue(envoy.port);
        }
        driven += 1_010;
    }
    let collect = Collect::start(&folder, sink);
    let records = settled(&collect, driven);
    assert_no_secret(&envoy.log(), &envoy.stats(), &records);
    assert_eq!(count_by_event(&records)["token.issued"], 100, "an issuance record was lost");
    assert_eq!(accounted(&records), driven, "{:?}", count_by_event(&records));
}

#[test]
fn at_sigterm_the_log_states_what_is_lost() {
    for warm in [true, false] {
        let folder = scratch(if warm { "sigterm-warm" } else { "sigterm-cold" });
        let sink = free_port();
        let collect = warm.then(|| Collect::start(&folder, sink));
        let configuration = SMALL_QUEUE.replace("\"interval_ms\": 200", "\"interval_ms\": 2000");
        let envoy = envoy(&folder, &configuration, stub::start(), sink);
        let mut driven = logins(envoy.port, 5);
        if warm {
            thread::sleep(Duration::from_secs(5));
        }
        driven += logins(envoy.port, 5);
        let log = envoy.terminate();
        thread::sleep(Duration::from_millis(500));
        let stored = live::records(&folder.join("records"));
        drop(collect);
        assert_no_secret(&log, "", &stored);
        let stated = stated_at_the_end(&log);
        let created: u64 = stated.iter().map(|line| line.created).sum();
        let unacknowledged: u64 = stated.iter().map(|line| line.unacknowledged).sum();
        let audit = stated.iter().map(|line| line.audit).sum::<u64>();
        assert_eq!(created - audit, driven, "every event is counted: {log}");
        assert!(
            accounted(&stored) + unacknowledged >= driven,
            "stored {} + stated {unacknowledged} < {driven}: {log}",
            accounted(&stored)
        );
        if !warm {
            assert!(stored.is_empty() && unacknowledged >= driven, "{log}");
        }
    }
}

fn envoy(folder: &Path, configuration: &str, upstream: u16, sink: u16) -> Envoy {
    Envoy::start(&Mesh { folder, concurrency: 2, configuration, upstream, sink, source: Source::Static })
}

/// Plays logins on connections of their own and gives the number of protocol events in them.
fn logins(port: u16, count: u64) -> u64 {
    for n in 0..count {
        let request = format!(
            "GET /auth?client_id=web&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcb&state=s{n} HTTP/1.1\r\nhost: idp.example.test\r\n\r\n"
        );
        assert_eq!(client::request(port, request.as_bytes()).unwrap().status, 302);
        issue(port);
        let userinfo = b"GET /userinfo HTTP/1.1\r\nhost: idp.example.test\r\nauthorization: Bearer access-1\r\n\r\n";
        assert_eq!(client::request(port, userinfo).unwrap().status, 200);
    }
    // authorization request and response, token, userinfo
    count * 4
}

fn issue(port: u16) {
    let body = "grant_type=authorization_code&code=code-1&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcb";
    assert_eq!(client::request(port, &token_request(body, Some("Basic d2ViOnNlY3JldA=="))).unwrap().status, 200);
}

fn garbage(port: u16, from: usize, count: usize) {
    let stream = client::connect(port);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for n in from..from + count {
        let body = format!("grant_type=authorization_code&code=made-up&client_id=intruder-{n}");
        client::send(&stream, &token_request(&body, None));
        assert_eq!(client::receive(&mut reader).unwrap().status, 400);
    }
}

/// Waits until everything that was driven is accounted for, then a little for what should not come.
fn settled(collect: &Collect, driven: u64) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(90);
    while Instant::now() < end && accounted(&collect.records()) < driven {
        thread::sleep(Duration::from_millis(200));
    }
    thread::sleep(Duration::from_secs(2));
    collect.records()
}

struct Stated {
    created: u64,
    unacknowledged: u64,
    audit: u64,
}

/// The line of each root: `... stream=<hex> last=<n> created=<n> acknowledged=<n> unacknowledged=<n> audit=<n> ...`
fn stated_at_the_end(log: &str) -> Vec<Stated> {
    let number = |line: &str, name: &str| {
        let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|digits| digits.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()).unwrap_or(0)
    };
    log.lines()
        .filter(|line| line.contains("unacknowledged="))
        .map(|line| Stated {
            created: number(line, "created"),
            unacknowledged: number(line, "unacknowledged"),
            audit: number(line, "audit"),
        })
        .collect()
}

/// A TCP hop before the log cluster that can pass a batch on and keep its answer: at-least-once becomes visible.
struct Relay {
    port: u16,
    target: &'static AtomicU16,
    swallow_next_answer: &'static AtomicBool,
    swallowed: &'static AtomicUsize,
    batches: &'static AtomicUsize,
    answered: &'static AtomicUsize,
}

impl Relay {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            target: Box::leak(Box::default()),
            swallow_next_answer: Box::leak(Box::default()),
            swallowed: Box::leak(Box::default()),
            batches: Box::leak(Box::default()),
            answered: Box::leak(Box::default()),
        };
        let (target, swallow) = (relay.target, relay.swallow_next_answer);
        let (swallowed, batches, answered) = (relay.swallowed, relay.batches, relay.answered);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some((head, body)) = client::message(&mut reader) {
                        let Ok(upstream) = std::net::TcpStream::connect(("127.0.0.1", target.load(Ordering::SeqCst)))
                        else {
                            return;
                        };
                        (&upstream).write_all(head.as_bytes()).ok();
                        (&upstream).write_all(&body).ok();
                        batches.fetch_add(1, Ordering::SeqCst);
                        let Some(answer) = client::receive(&mut BufReader::new(upstream)) else { return };
                        if swallow.swap(false, Ordering::SeqCst) {
                            swallowed.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                        answered.fetch_add(1, Ordering::SeqCst);
                        let sent = (&stream)
                            .write_all(answer.head.as_bytes())
                            .and_then(|()| (&stream).write_all(&answer.body));
                        if sent.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        relay
    }
}
