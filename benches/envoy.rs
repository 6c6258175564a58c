//! What the filter costs a real Envoy, in one interleaved run: no filter, an empty wasm filter, ours on unrelated
//! requests, ours on token requests, signed, and ours without sealing on the same.
//!
//! The figure is CPU time of the Envoy process per request, read from the kernel's accounting; each round plays every
//! variant once, in rotating order, and the gate is the median over rounds of the ratio within a round. So a slow
//! machine moves both sides. Exits 1 when the gate is missed in three series.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot run must say where it stopped"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const ROUNDS: usize = 61;
const SERIES: usize = 3;
const CONNECTIONS: usize = 8;
const REQUESTS: usize = 3_000;
/// Unrelated requests cost at most this much of what an empty filter costs.
const UNRELATED_GATE: f64 = 1.15;
/// Token requests whose records are sealed and signed, of what they cost where records are neither hashed nor signed.
const SEALING_GATE: f64 = 1.25;

fn main() {
    let variants = [
        Variant { name: "no filter", module: None, request: UNRELATED, signing: "" },
        Variant { name: "empty wasm filter", module: Some(EMPTY), request: UNRELATED, signing: "" },
        Variant { name: "oidc-audit, unrelated request", module: Some(OURS), request: UNRELATED, signing: "" },
        Variant { name: "empty wasm filter, token request", module: Some(EMPTY), request: TOKEN, signing: "" },
        Variant { name: "oidc-audit, token request", module: Some(OURS), request: TOKEN, signing: "" },
        Variant { name: "oidc-audit, sealed and signed", module: Some(OURS), request: TOKEN, signing: SIGNING },
        Variant { name: "oidc-audit, built without sealing", module: Some(UNSEALED), request: TOKEN, signing: "" },
    ];
    let (sink, issuer) = (Server::start(STORED), Server::start(TOKENS));
    let envoys: Vec<Envoy> =
        variants.iter().enumerate().map(|(n, variant)| Envoy::start(n, variant, [sink.port, issuer.port])).collect();
    for (envoy, variant) in envoys.iter().zip(&variants) {
        envoy.load(variant.request, REQUESTS / 4);
    }
    // Noise only adds: a filter that costs too much fails every series, a busy machine hardly three.
    for series in 1..=SERIES {
        if report(&variants, &measure(&envoys, &variants), sink.requests.try_iter().count()) {
            return;
        }
        println!("over the bound in series {series} of {SERIES}\n");
    }
    println!("FAILED: an unrelated request or sealing costs too much");
    drop(envoys);
    std::process::exit(1);
}

/// CPU microseconds per request, by variant and round.
fn measure(envoys: &[Envoy], variants: &[Variant]) -> Vec<Vec<f64>> {
    let mut micros = vec![Vec::new(); variants.len()];
    for round in 0..ROUNDS {
        for step in 0..variants.len() {
            let n = (round + step) % variants.len();
            let before = envoys[n].cpu();
            envoys[n].load(variants[n].request, REQUESTS);
            let spent = envoys[n].cpu().saturating_sub(before);
            micros[n].push(spent.as_secs_f64() * 1e6 / requests_sent(REQUESTS));
        }
    }
    micros
}

struct Variant {
    name: &'static str,
    module: Option<&'static str>,
    request: &'static str,
    /// The plugin configuration's key to sign with.
    signing: &'static str,
}

const EMPTY: &str = "examples/empty_filter.wasm";
const OURS: &str = "oidc_audit.wasm";
const UNSEALED: &str = "examples/unsealed.wasm";
const SIGNING: &str =
    r#", "signing": {"current": {"id": "k1", "inline": "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"}}"#;
const UNRELATED: &str = "GET /shop/basket?item=42 HTTP/1.1\r\nhost: shop.example.test\r\nuser-agent: bench\r\naccept: */*\r\n\
    x-request-id: 6b5c1f2e-5a0e-4c0b-9b7e-2f6f6b0e8a11\r\naccept-language: en\r\ncookie: basket=42\r\n\r\n";
const TOKEN: &str = "POST /token HTTP/1.1\r\nhost: idp.example.test\r\nuser-agent: bench\r\naccept: application/json\r\n\
    authorization: Basic d2ViOnNlY3JldC1vZi13ZWI=\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 122\r\n\r\n\
    grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcb&code_verifier=v";

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn requests_sent(requests: usize) -> f64 {
    (requests / CONNECTIONS * CONNECTIONS) as f64
}

/// Prints the table; whether the bound holds.
fn report(variants: &[Variant], micros: &[Vec<f64>], batches: usize) -> bool {
    println!("{:<36} {:>12} {:>9} {:>9}", "CPU per request (median)", "µs", "min", "max");
    for (variant, samples) in variants.iter().zip(micros) {
        let (low, middle, high) = spread(samples);
        println!("{:<36} {middle:>12.2} {low:>9.2} {high:>9.2}", variant.name);
    }
    let unrelated = ratio(&micros[2], &micros[1]);
    let token = ratio(&micros[4], &micros[3]);
    let sealing = ratio(&micros[5], &micros[6]);
    println!("\nunrelated / empty filter            {unrelated:.3}  (at most {UNRELATED_GATE})");
    println!("token request / empty filter        {token:.3}  (each became a record; {batches} batches arrived)");
    println!("sealed and signed / without         {sealing:.3}  (at most {SEALING_GATE})");
    assert!(batches > 0, "no record arrived: the token requests were not audited");
    unrelated <= UNRELATED_GATE && sealing <= SEALING_GATE
}

fn ratio(ours: &[f64], base: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(base).map(|(ours, base)| ours / base).collect();
    spread(&ratios).1
}

fn spread(samples: &[f64]) -> (f64, f64, f64) {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1])
}

struct Envoy {
    process: Child,
    port: u16,
}

impl Envoy {
    fn start(number: usize, variant: &Variant, servers: [u16; 2]) -> Self {
        let (port, admin) = (free_port(), free_port());
        let folder = root().join("target/bench");
        fs::create_dir_all(&folder).expect("target/bench");
        let file = folder.join(format!("envoy-{number}.yaml"));
        fs::write(&file, bootstrap(variant, [port, admin], servers)).expect("bootstrap");
        let process = Command::new(root().join(".tools/bin/envoy"))
            .args(["--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join(format!("envoy-{number}.log"))).expect("log"))
            .spawn()
            .expect("`make tools wasm` brings Envoy and the modules");
        let envoy = Self { process, port };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return envoy;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("Envoy did not listen: see {}", folder.display());
    }

    /// Sends `requests` in all over kept-alive connections, one request in flight on each.
    fn load(&self, request: &'static str, requests: usize) {
        let port = self.port;
        let workers: Vec<_> =
            (0..CONNECTIONS).map(|_| thread::spawn(move || exchange(port, request, requests / CONNECTIONS))).collect();
        for worker in workers {
            worker.join().expect("load");
        }
    }

    /// CPU time of all threads so far.
    fn cpu(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.process.id());
        let nanos = fs::read_dir(tasks).expect("procfs").filter_map(|task| {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn exchange(port: u16, request: &str, times: usize) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    stream.set_nodelay(true).expect("nodelay");
    let mut reader = BufReader::new(stream.try_clone().expect("clone"));
    for _ in 0..times {
        stream.write_all(request.as_bytes()).expect("send");
        read_message(&mut reader).expect("response");
    }
}

/// One HTTP/1.1 message with a content length.
fn read_message(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A server that gives every request one answer: the log cluster, and the authorization server.
struct Server {
    port: u16,
    requests: std::sync::mpsc::Receiver<()>,
}

impl Server {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("server");
        let port = listener.local_addr().expect("address").port();
        let (send, requests) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let send = send.clone();
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().expect("clone"));
                    let mut stream = stream;
                    while read_message(&mut reader).is_some() {
                        send.send(()).ok();
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }
}

const STORED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const TOKENS: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: 144\r\n\r\n\
    {\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\",\"token_type\":\"Bearer\",\"expires_in\":300,\"refresh_token\":\"tGzv3JOkF0XG5Qx2TlKWIA\",\"scope\":\"openid email\"}";

fn bootstrap(variant: &Variant, [port, admin]: [u16; 2], [sink, issuer]: [u16; 2]) -> String {
    let filter = variant.module.map_or_else(String::new, |module| {
        let path = root().join("target/wasm32-wasip1/release").join(module);
        assert!(path.exists(), "{} is missing: `make wasm`", path.display());
        WASM_FILTER.replace("{module}", &path.display().to_string()).replace("{signing}", variant.signing)
    });
    BOOTSTRAP
        .replace("{filter}", &filter)
        .replace("{port}", &port.to_string())
        .replace("{admin}", &admin.to_string())
        .replace("{sink}", &sink.to_string())
        .replace("{issuer}", &issuer.to_string())
}

const WASM_FILTER: &str = r#"
          - name: audit
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
              config:
                name: audit
                configuration:
                  "@type": type.googleapis.com/google.protobuf.StringValue
                  value: '{"issuers":[{"issuer":"https://idp.example.test","endpoints":{"token":"/token"}}],"sinks":[{"cluster":"audit_log"}],"insecure_inline":true,
                    "keys":{"join":{"current":{"id":"k1","inline":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}},
                    "pseudonym":{"current":{"id":"k1","inline":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}}{signing}}}'
                vm_config:
                  runtime: envoy.wasm.runtime.v8
                  code: { local: { filename: "{module}" } }"#;

const BOOTSTRAP: &str = r#"
admin: { address: { socket_address: { address: 127.0.0.1, port_value: {admin} } } }
static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: {port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { path: /token }
                route: { cluster: idp }
              - match: { prefix: / }
                direct_response: { status: 200, body: { inline_string: "hello, this is the shop; nothing to see for an auditor here" } }
          http_filters: {filter}
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
  - name: idp
    type: STATIC
    load_assignment:
      cluster_name: idp
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {issuer} } } } }] }]
  - name: audit_log
    type: STATIC
    load_assignment:
      cluster_name: audit_log
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {sink} } } } }] }]
"#;

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("address").port()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
