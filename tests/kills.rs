#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a proxy is killed at a moment of the clock")]
//! A proxy that is killed under load: its streams end without a word, and that is what the verifier says. Never that all is
//! well, and never that somebody tampered.
//!
//! `KILLS` says how often; `make evidence` kills 200 proxies. One that is told to stop ends its stream in order; `RESTARTS`
//! says how many run at once and are replaced one after the other, 20 in `make evidence`.

mod live;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::client::{self, token_request};
use live::{Collect, Envoy, Mesh, Source, free_port, scratch, stub, tool};
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};

#[test]
fn a_killed_proxy_ends_uncleanly_and_is_never_called_tampered() {
    let upstream = stub::start();
    let keys = keygen();
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    let kills = kills();
    for round in 0..kills {
        let report = one_kill(round, &keys, upstream);
        let verdict = judge(&report).unwrap_or_else(|why| panic!("round {round}: {why}: {report:#}"));
        *verdicts.entry(verdict).or_default() += 1;
    }
    let rows: String = verdicts.iter().map(|(verdict, count)| format!("  {count:>6}  {verdict}\n")).collect();
    std::io::stdout().write_all(format!("kills: {kills} of {kills} as they should be\n{rows}").as_bytes()).unwrap();
}

/// Traffic moves to the new proxy first, then the old one is told to stop.
#[test]
fn a_rolling_restart_under_load_ends_streams_in_order() {
    let (upstream, keys, count) = (stub::start(), keygen(), restarts());
    let folder = scratch("restarts");
    let sink = free_port();
    let collect = Collect::start(&folder, sink);
    let configuration = configuration(&keys).to_string();
    let start = |number: usize| {
        let folder = scratch(&format!("restarts/{number}"));
        let configuration = &configuration;
        Envoy::start(&Mesh { folder: &folder, concurrency: 1, configuration, upstream, sink, source: Source::Static })
    };
    let mut fleet: VecDeque<Envoy> = (0..count).map(start).collect();
    let ports: Vec<AtomicU16> = fleet.iter().map(|envoy| envoy.port.into()).collect();
    let (over, driven) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let number = driven.fetch_add(1, Ordering::SeqCst);
                    login(ports[number % count].load(Ordering::SeqCst), number);
                }
            });
        }
        for (number, port) in ports.iter().enumerate() {
            let old = fleet.pop_front().unwrap();
            let next = start(count + number);
            port.store(next.port, Ordering::SeqCst);
            fleet.push_back(next);
            // as docs/operations.md has it: drained before it is stopped, so that one batch is enough at the end
            thread::sleep(Duration::from_secs(1));
            old.terminate();
        }
        over.store(true, Ordering::SeqCst);
    });
    collect.stop();
    let report = verify(&folder, &keys);
    let ends = |wanted: &[&str]| {
        let streams = report["streams"].as_array().unwrap().iter();
        streams.filter(|stream| wanted.iter().any(|end| stream["end"] == *end)).count()
    };
    let orderly = ends(&["closed", "ended_idle"]);
    std::io::stdout().write_all(format!("restarts: {orderly} of {count} ended in order\n").as_bytes()).unwrap();
    assert!(orderly * 100 >= count * 95, "{orderly} of {count}: {report:#}");
    assert_ne!(report["exit"], 2, "{report:#}");
}

/// The report on what a proxy left that was killed after a while under load.
fn one_kill(round: usize, keys: &Value, upstream: u16) -> Value {
    let folder = scratch("kills");
    let sink = free_port();
    let collect = Collect::start(&folder, sink);
    let configuration = configuration(keys).to_string();
    let mesh =
        Mesh { folder: &folder, concurrency: 2, configuration: &configuration, upstream, sink, source: Source::Static };
    let envoy = Envoy::start(&mesh);
    let (over, driven) = (AtomicBool::new(false), AtomicUsize::new(0));
    let port = envoy.port;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let number = driven.fetch_add(1, Ordering::SeqCst);
                    if login(port, number).is_none() {
                        return;
                    }
                }
            });
        }
        // every moment of two deliveries, the ones before the first among them
        thread::sleep(Duration::from_millis(u64::try_from(round * 379 % 900).unwrap()));
        drop(envoy);
        over.store(true, Ordering::SeqCst);
    });
    collect.stop();
    verify(&folder, keys)
}

/// What may be said of it, in words for the table.
fn judge(report: &Value) -> Result<String, String> {
    let streams = report["streams"].as_array().unwrap();
    let lists = streams.iter().map(|stream| &stream["problems"]).chain([&report["problems"]]);
    let kinds: Vec<&str> =
        lists.flat_map(|list| list.as_array().unwrap()).map(|problem| problem["kind"].as_str().unwrap()).collect();
    match report["exit"].as_u64() {
        Some(1) if kinds.iter().all(|kind| *kind == "unclean_end") && !kinds.is_empty() => {
            let bounded = streams.iter().all(|stream| stream["end"] == "unclean_end");
            if bounded { Ok("unclean end, with its bound".to_owned()) } else { Err("another end".to_owned()) }
        }
        Some(3) if kinds == ["missing_group"] => Ok("no stream of an expected group".to_owned()),
        exit => Err(format!("exit {exit:?} with {kinds:?}")),
    }
}

fn verify(folder: &Path, keys: &Value) -> Value {
    let trust = folder.join("trust.json");
    fs::write(&trust, keys["trust"].to_string()).unwrap();
    // long after every promise
    let later = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3_600);
    let output = Command::new(tool())
        .args(["verify", "--json", "--expect", "live", "--as-of"])
        .arg(Timestamp::from_secs(later.as_secs()).rfc3339_millis())
        .arg("--trust")
        .arg(trust)
        .arg(folder.join("records"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn login(port: u16, number: usize) -> Option<()> {
    let request =
        format!("GET /auth?client_id=web&response_type=code&state={number} HTTP/1.1\r\nhost: idp.example.test\r\n\r\n");
    let response = client::try_request(port, request.as_bytes())?;
    let code = response.head.split("code=").nth(1)?.split('&').next()?.to_owned();
    client::try_request(
        port,
        &token_request(&format!("grant_type=authorization_code&client_id=web&code={code}"), None),
    )?;
    Some(())
}

fn keygen() -> Value {
    let output = Command::new(tool()).args(["keygen", "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The keys stand in it: this Envoy has no environment of its own.
fn configuration(keys: &Value) -> Value {
    let ring = |name: &str| json!({"current": {"id": "k1", "inline": keys["env"][format!("OIDC_AUDIT_{name}_KEY")]}});
    json!({
        "issuers": [{"issuer": "https://idp.example.test", "endpoints": {"authorization": "/auth", "token": "/token", "userinfo": "/userinfo"}}],
        "sinks": [{"cluster": "audit_log"}],
        "insecure_inline": true,
        "keys": {"join": ring("JOIN"), "pseudonym": ring("PSEUDONYM"), "signing": ring("SIGNING")},
        "delivery": {"interval_ms": 200},
    })
}

fn kills() -> usize {
    number("KILLS", 5)
}

/// Proxies that run at once, each of which is replaced.
fn restarts() -> usize {
    number("RESTARTS", 4)
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
