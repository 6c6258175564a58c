#![cfg(test)]
//! The corpus through the built module in a real Envoy: the records must be those of the native harness, byte for byte
//! after normalising, and neither side of the proxy may see a difference.
//!
//! Each fixture has a listener, a plugin configuration and a path at the sink of its own, so that its records are
//! known by where they arrive.

mod live;
mod play;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use play::Manner;
use serde_json::{Value, json};
use support::evidence::{self, Export};
use support::fixture::{self, End, Fixture, NODE};
use support::record::Checker;
use support::{Tally, canary, compare, normal, root};

/// How long the next record may be on its way, and how long surplus ones are waited for.
const DELIVERY: Duration = Duration::from_secs(10);
const SURPLUS: Duration = Duration::from_millis(800);

#[test]
fn every_fixture_gives_the_same_records_in_envoy() {
    run("envoy", Protocol::Http1, &fixture::load());
}

#[test]
fn every_complete_exchange_gives_the_same_records_over_http_2() {
    let mut fixtures = fixture::load();
    fixtures.retain(|fixture| fixture.case.end == End::Complete);
    run("envoy_http2", Protocol::Http2, &fixtures);
}

/// What the filter's listener is spoken to in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protocol {
    Http1,
    /// By a listener in front, which takes HTTP/1.1 from the client and has no filter.
    Http2,
}

/// Fixtures of one Envoy: each has a listener, or two, and a filter of its own.
const AT_ONCE: usize = 350;

fn run(harness: &'static str, protocol: Protocol, fixtures: &[Fixture]) {
    let mut tally = Tally::new(harness);
    for fixtures in fixtures.chunks(AT_ONCE) {
        run_in_one_envoy(harness, protocol, fixtures, &mut tally);
    }
    tally.finish();
}

fn run_in_one_envoy(harness: &str, protocol: Protocol, fixtures: &[Fixture], tally: &mut Tally) {
    let folder = live::scratch(harness);
    let upstream = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    upstream.set_nonblocking(true).unwrap();
    let (sender, batches) = channel();
    let places = Places {
        audited: free_ports(fixtures.len()),
        front: free_ports(if protocol == Protocol::Http2 { fixtures.len() } else { 0 }),
        upstream: upstream.local_addr().unwrap().port(),
        sink: record_sink(sender),
    };
    let envoy = Envoy::start(&folder, &bootstrap(fixtures, &places));

    let mut played = Vec::new();
    for (index, fixture) in fixtures.iter().enumerate() {
        if tally.plays(fixture) {
            let port = *places.front.get(index).unwrap_or(&places.audited[index]);
            for problem in play_fixture(fixture, port, &upstream) {
                tally.fail(&fixture.name, problem);
            }
            played.push(fixture);
        }
    }
    let expected: usize = played.iter().map(|fixture| fixture.expected().len()).sum();
    let mut collected = Collected::default();
    collected.until(&batches, DELIVERY, expected);
    collected.until(&batches, SURPLUS, usize::MAX);
    for fixture in played {
        if let Err(problem) = collected.judge(fixture) {
            tally.fail(&fixture.name, problem);
        }
    }
    let (stats, log) = envoy.stop();
    // Envoy lists its own extensions when it starts, some of them for canary deployments
    let log: String =
        log.lines().filter(|line| !line.contains("source/server/server.cc")).collect::<Vec<_>>().join("\n");
    for (name, text) in [("stats", &stats), ("log", &log)] {
        if let Some(secret) = canary::found(text, &[]) {
            tally.fail(name, format!("contains {secret}"));
        }
    }
    if log.contains("panicked") || log.contains("in-VM") {
        tally.fail("log", log);
    }
}

fn play_fixture(fixture: &Fixture, port: u16, upstream: &TcpListener) -> Vec<String> {
    let manner = Manner { chunks: &fixture.case.chunks, trailers: &fixture.case.trailers };
    let mut problems = Vec::new();
    for (index, exchange) in fixture.exchanges.iter().enumerate() {
        let seen = play::play(port, upstream, exchange, &manner);
        // records are put in order by their milliseconds
        thread::sleep(Duration::from_millis(2));
        if let Err(problem) = play::passive(exchange, &seen) {
            problems.push(format!("exchange {}: {problem}", index + 1));
        }
    }
    problems
}

/// Batches as they arrived, by fixture.
#[derive(Debug, Default)]
struct Collected {
    lines: BTreeMap<String, Vec<String>>,
    /// Records of exchanges among them.
    records: usize,
    checker: Checker,
}

impl Collected {
    /// Takes batches until there are so many records of exchanges, or none has come for so long.
    fn until(&mut self, batches: &Receiver<(String, String)>, limit: Duration, records: usize) {
        while self.records < records {
            let Ok((name, line)) = batches.recv_timeout(limit) else { return };
            self.records += usize::from(line.contains(r#""exchange":{"#));
            self.lines.entry(name).or_default().push(line);
        }
    }

    /// Delivery is at least once: a line that came twice is one record.
    fn records(&self, fixture: &Fixture) -> Vec<Value> {
        let lines: BTreeSet<&String> = self.lines.get(&fixture.name).into_iter().flatten().collect();
        let records = lines.into_iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.filter(|record| record.get("exchange").is_some()).collect()
    }

    fn judge(&self, fixture: &Fixture) -> Result<(), String> {
        let lines: Vec<String> = self.lines.get(&fixture.name).cloned().unwrap_or_default();
        for line in lines.iter().filter(|line| !evidence::is_checkpoint(line)) {
            self.checker.check(line, &fixture.case.secrets)?;
        }
        evidence::verify(&lines, Export::Cut)?;
        match compare::difference(&fixture.expected(), &normal::normalise(&self.records(fixture))?) {
            None => Ok(()),
            Some(difference) => Err(difference),
        }
    }
}

/// A log cluster that stores what it gets in a channel, each line with the path it came to.
fn record_sink(sender: Sender<(String, String)>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            thread::spawn(move || take(&stream, &sender));
        }
    });
    port
}

fn take(mut stream: &TcpStream, sender: &Sender<(String, String)>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (head, body) = live::client::message(&mut reader)?;
        let name = head.split(' ').nth(1)?.trim_start_matches('/').to_owned();
        for line in String::from_utf8_lossy(&body).lines() {
            sender.send((name.clone(), line.to_owned())).ok()?;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

/// Ports that nothing listens on, below those that outgoing connections take.
fn free_ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_240 + u16::try_from(std::process::id() % 160).unwrap() * 128;
    let candidates = std::iter::repeat_with(|| 10_240 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_480);
    let free = candidates.take(20_480).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let ports: Vec<u16> = free.take(count).collect();
    assert_eq!(ports.len(), count, "too few free ports");
    ports
}

/// An Envoy of its own.
struct Envoy {
    process: Child,
    admin: u16,
    log: std::path::PathBuf,
}

impl Envoy {
    fn start(folder: &Path, bootstrap: &Value) -> Self {
        let admin = free_ports(1)[0];
        let mut bootstrap = bootstrap.clone();
        bootstrap["admin"] = json!({"address": address(admin)});
        let path = folder.join("bootstrap.json");
        fs::write(&path, bootstrap.to_string()).unwrap();
        let log = folder.join("envoy.log");
        let binary = root().join(".tools/bin/envoy");
        assert!(binary.exists(), "{} is missing: run `make tools`", binary.display());
        let process = Command::new(binary)
            .args(["--disable-hot-restart", "--concurrency", "1", "-l", "info", "-c"])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut envoy = Self { process, admin, log };
        live::wait_for("Envoy to be ready", Duration::from_secs(120), || {
            let exit = envoy.process.try_wait().unwrap();
            assert!(exit.is_none(), "Envoy ended: {}", fs::read_to_string(&envoy.log).unwrap());
            live::client::get(envoy.admin, "/ready").filter(|response| response.body.starts_with(b"LIVE"))
        });
        envoy
    }

    /// Stats and log.
    fn stop(mut self) -> (String, String) {
        let stats = live::client::get(self.admin, "/stats").map(|response| response.body).unwrap_or_default();
        self.process.kill().ok();
        self.process.wait().ok();
        let log = fs::read(&self.log).unwrap();
        (String::from_utf8_lossy(&stats).into_owned(), String::from_utf8_lossy(&log).into_owned())
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Ports.
struct Places {
    /// With the filter, one per fixture.
    audited: Vec<u16>,
    /// In front of those, if any.
    front: Vec<u16>,
    upstream: u16,
    sink: u16,
}

fn bootstrap(fixtures: &[Fixture], places: &Places) -> Value {
    let mut listeners = Vec::new();
    // a server that gets one request on each connection
    let mut clusters = vec![cluster("upstream", places.upstream, Some(1)), cluster("audit_log", places.sink, None)];
    for (fixture, port) in fixtures.iter().zip(&places.audited) {
        listeners.push(listener(&fixture.name, *port, "upstream", vec![audit(fixture)]));
    }
    for ((fixture, front), audited) in fixtures.iter().zip(&places.front).zip(&places.audited) {
        listeners.push(listener(&format!("front of {}", fixture.name), *front, &fixture.name, Vec::new()));
        let mut behind = cluster(&fixture.name, *audited, None);
        behind["typed_extension_protocol_options"][PROTOCOL_OPTIONS]["explicit_http_config"] =
            json!({"http2_protocol_options": {}});
        clusters.push(behind);
    }
    json!({
        "node": {"id": NODE, "cluster": NODE},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

/// `requests`: how many a connection carries.
fn cluster(name: &str, port: u16, requests: Option<u32>) -> Value {
    let options = json!({
        "@type": format!("type.googleapis.com/{PROTOCOL_OPTIONS}"),
        "common_http_protocol_options": requests.map_or(json!({}), |requests| json!({"max_requests_per_connection": requests})),
        "explicit_http_config": {"http_protocol_options": {"enable_trailers": true}},
    });
    json!({
        "name": name,
        "type": "STATIC",
        "typed_extension_protocol_options": {PROTOCOL_OPTIONS: options},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]},
    })
}

fn audit(fixture: &Fixture) -> Value {
    let wasm = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": "audit",
            "root_id": "audit",
            "fail_open": true,
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": fixture.configuration().to_string(),
            },
            // VMs of one id share what they learn
            "vm_config": {"vm_id": if fixture.teaches() { &fixture.name } else { "" }, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": live::module()}}},
        },
    });
    json!({"name": "audit", "typed_config": wasm})
}

fn listener(name: &str, port: u16, to: &str, mut filters: Vec<Value>) -> Value {
    let router = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        "suppress_envoy_headers": true,
    });
    filters.push(json!({"name": "envoy.filters.http.router", "typed_config": router}));
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": to, "timeout": "20s"}});
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "corpus",
        // records name the peer, whatever a client writes into X-Forwarded-For; and only a client makes a request id
        "use_remote_address": true,
        "skip_xff_append": true,
        "generate_request_id": false,
        // what a mesh's own proxy in front writes
        "forward_client_cert_details": "ALWAYS_FORWARD_ONLY",
        "http_protocol_options": {"enable_trailers": true},
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": filters,
    });
    json!({
        "name": name,
        "address": address(port),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    })
}
