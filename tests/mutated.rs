#![cfg(test)]
//! Random and mutated traffic through a real Envoy: the filter stays alive, goes on recording, and every record is what its
//! schema says, and no secret is given away.
//!
//! Every exchange is made from its number alone, so that client and server agree on it without a word: half of them keep
//! the corpus' secrets where they are and change everything around them, the other half hold no secret and change anything.
//! `MUTATED_REQUESTS` says how many; `make fuzz` plays 100 000.

mod deck;
mod live;
#[path = "../fuzz/src/mutate.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "of the mutator a part is used")]
mod mutate;
mod support;

use std::collections::BTreeSet;
use std::io::BufReader;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use deck::{Deck, server};
use live::client;
use live::{Collect, Envoy, Mesh, Source, free_port, records, scratch, wait_for};
use serde_json::Value;
use support::canary;
use support::record::Checker;

#[test]
fn mutated_traffic_neither_ends_the_filter_nor_leaks() {
    let folder = scratch("mutated");
    let sink = free_port();
    let collect = Collect::start(&folder, sink);
    let deck: &'static Deck = Box::leak(Box::new(Deck::load()));
    let configuration = deck.configuration();
    let mesh = Mesh {
        folder: &folder,
        concurrency: 2,
        configuration: &configuration,
        upstream: server::start(deck),
        sink,
        source: Source::Static,
    };
    let envoy = Envoy::start(&mesh);

    let requests = wanted();
    let answered = drive(deck, envoy.port, requests);
    assert!(answered * 10 > requests * 8, "most requests are answered: {answered} of {requests}");

    let before = collect.records().len();
    client::request(envoy.port, LAST);
    let last = |record: &Value| record["client"]["id"] == "after-all";
    wait_for("the filter to go on recording", Duration::from_secs(60), || {
        records(&collect.folder).iter().any(last).then_some(())
    });
    assert!(before > requests / 100, "only {before} records for {requests} requests");
    assert_eq!(envoy.stat("wasm.audit.vm_reload"), 0);
    let stats = envoy.stats();
    let log = envoy.terminate();
    assert!(!log.contains("panicked") && !log.contains("in-VM"), "{log}");
    // Envoy lists its own extensions when it starts, some of them for canary deployments
    let log: String = log.lines().filter(|line| !line.contains("source/server")).collect();
    assert_eq!(canary::found(&log, &[]), None, "in Envoy's log");
    assert_eq!(canary::found(&stats, &[]), None, "in the stats");
    let checker = Checker::default();
    let wrong: BTreeSet<String> =
        records(&collect.folder).iter().filter_map(|record| checker.check(&record.to_string(), &[]).err()).collect();
    assert!(wrong.is_empty(), "records that no record may be: {wrong:#?}");
}

/// Plays the exchanges; gives how many were answered.
fn drive(deck: &Deck, port: u16, requests: usize) -> usize {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut answered, mut connection) = (0, None);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= requests {
                return answered;
            }
            answered += usize::from(exchange(deck, port, number, &mut connection));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

/// One exchange on a connection that is kept as long as it can be.
fn exchange(deck: &Deck, port: u16, number: usize, connection: &mut Option<BufReader<std::net::TcpStream>>) -> bool {
    let play = deck.play(number);
    let reader = connection.get_or_insert_with(|| BufReader::new(client::connect(port)));
    client::send(reader.get_ref(), &play.request);
    let response = if play.leaves { None } else { client::receive(reader) };
    let closes = |head: &str| head.to_ascii_lowercase().contains("connection: close");
    let answered = response.is_some();
    if response.is_none_or(|response| closes(&response.head)) {
        *connection = None;
    }
    answered
}

#[expect(clippy::disallowed_methods, reason = "`make fuzz` says by the environment how long it may take")]
fn wanted() -> usize {
    std::env::var("MUTATED_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_REQUESTS)
}

/// A single sign-on that succeeds: no failure that may be held back as one of many.
const LAST: &[u8] = b"GET /realms/acme/protocol/openid-connect/auth?client_id=after-all&response_type=code&state=s HTTP/1.1\r\nhost: idp.example.test\r\n\r\n";

/// Client connections at once.
const CONNECTIONS: usize = 8;

/// Enough for every fixture to be drawn a few times.
const DEFAULT_REQUESTS: usize = 4_000;
