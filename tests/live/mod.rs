//! Real processes for tests: Envoy with the built module, `oidc-audit collect`, and an authorization server stub whose
//! answers are counted. Everything listens on loopback ports of its own and ends with its value.
#![expect(clippy::disallowed_methods, reason = "tests of real processes wait by the clock")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test binary uses a part of it")]

pub(crate) mod client;
pub(crate) mod stub;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder under `target/live`, emptied.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = root().join("target/live").join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Polls until `condition` gives a value.
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "waited {limit:?} for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn built(path: &str, how: &str) -> PathBuf {
    let path = root().join(path);
    assert!(path.exists(), "{} is missing: run `{how}`", path.display());
    path
}

pub(crate) fn module() -> PathBuf {
    built("target/wasm32-wasip1/release/oidc_audit.wasm", "make wasm")
}

pub(crate) fn tool() -> PathBuf {
    built("target/debug/oidc-audit", "make build")
}

/// What a test's Envoy is made of.
pub(crate) struct Mesh<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) concurrency: usize,
    /// Plugin configuration, JSON text.
    pub(crate) configuration: &'a str,
    /// Port of the authorization server.
    pub(crate) upstream: u16,
    /// Port of the log cluster.
    pub(crate) sink: u16,
    /// Where the filter's configuration comes from.
    pub(crate) source: Source,
}

/// Where Envoy gets the filter from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Ecds,
    Lds,
    Static,
}

pub(crate) struct Envoy {
    process: Child,
    folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) admin: u16,
}

impl Envoy {
    /// Starts Envoy and waits until it answers; `Err` with the exit status if it ends instead.
    pub(crate) fn try_start(mesh: &Mesh<'_>) -> Result<Self, ExitStatus> {
        let (port, admin) = (free_port(), free_port());
        write_configuration(mesh, port, admin);
        let log = fs::File::create(mesh.folder.join("envoy.log")).unwrap();
        let process = Command::new(built(".tools/bin/envoy", "make tools"))
            .args([
                "--disable-hot-restart",
                "--drain-time-s",
                "1",
                "-l",
                "warning",
                "--component-log-level",
                "wasm:info",
                "--concurrency",
            ])
            .arg(mesh.concurrency.to_string())
            .arg("-c")
            .arg(mesh.folder.join("bootstrap.yaml"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut envoy = Self { process, folder: mesh.folder.to_path_buf(), port, admin };
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Some(status) = envoy.process.try_wait().unwrap() {
                return Err(status);
            }
            if envoy.ready() {
                return Ok(envoy);
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("Envoy is not ready: {}", envoy.log());
    }

    pub(crate) fn start(mesh: &Mesh<'_>) -> Self {
        Self::try_start(mesh).unwrap_or_else(|status| panic!("Envoy ended: {status}"))
    }

    fn ready(&self) -> bool {
        client::get(self.admin, "/ready").is_some_and(|response| response.body.starts_with(b"LIVE"))
            && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("envoy.log")).unwrap()).into_owned()
    }

    pub(crate) fn stats(&self) -> String {
        let response = client::get(self.admin, "/stats").unwrap();
        String::from_utf8_lossy(&response.body).into_owned()
    }

    pub(crate) fn stat(&self, name: &str) -> u64 {
        let prefix = format!("{name}: ");
        self.stats().lines().find_map(|line| line.strip_prefix(&prefix)?.parse().ok()).unwrap_or(0)
    }

    /// SIGTERM, and the exit awaited.
    pub(crate) fn terminate(mut self) -> String {
        Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        self.process.wait().unwrap();
        self.log()
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Writes the files of a mesh; for [`Source::Lds`] and [`Source::Ecds`] a second call with another configuration is an update.
pub(crate) fn write_configuration(mesh: &Mesh<'_>, port: u16, admin: u16) {
    let filter = match mesh.source {
        Source::Ecds => ECDS_FILTER.replace("{folder}", &mesh.folder.display().to_string()),
        Source::Lds | Source::Static => format!("typed_config: {}", wasm(mesh)),
    };
    let listener = LISTENER.replace("{port}", &port.to_string()).replace("{filter}", &filter);
    let resources = match mesh.source {
        Source::Lds => String::new(),
        Source::Ecds | Source::Static => format!("  listeners:\n  - {listener}\n"),
    };
    let dynamic = if mesh.source == Source::Lds {
        format!(
            "dynamic_resources: {{ lds_config: {{ resource_api_version: V3, path_config_source: {{ path: \"{}/lds.yaml\" }} }} }}\n",
            mesh.folder.display()
        )
    } else {
        String::new()
    };
    let (secured, pod) = if mesh.folder.join(CLIENT).exists() { (SECURED, POD) } else { ("", "") };
    let bootstrap = [BOOTSTRAP, secured]
        .concat()
        .replace("{pod}", pod)
        .replace("{folder}", &mesh.folder.display().to_string())
        .replace("{admin}", &admin.to_string())
        .replace("{listeners}", &resources)
        .replace("{upstream}", &mesh.upstream.to_string())
        .replace("{sink}", &mesh.sink.to_string());
    replace_file(
        &mesh.folder.join("lds.yaml"),
        &format!(
            "resources:\n- {}\n",
            listener.replacen('{', r#"{ "@type": type.googleapis.com/envoy.config.listener.v3.Listener,"#, 1)
        ),
    );
    replace_file(
        &mesh.folder.join("ecds.yaml"),
        &format!(
            "resources:\n- \"@type\": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig\n  name: audit\n  typed_config: {}\n",
            wasm(mesh)
        ),
    );
    replace_file(&mesh.folder.join("bootstrap.yaml"), &format!("{dynamic}{bootstrap}"));
}

impl Envoy {
    /// A configuration update by LDS or ECDS.
    pub(crate) fn update(&self, mesh: &Mesh<'_>) {
        write_configuration(mesh, self.port, self.admin);
    }
}

/// Envoy watches for moves, not for writes.
fn replace_file(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

fn wasm(mesh: &Mesh<'_>) -> String {
    let configuration = serde_json::to_string(mesh.configuration).unwrap();
    WASM.replace("{module}", &module().display().to_string()).replace("{configuration}", &configuration)
}

const WASM: &str = r#"{ "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: { name: audit, root_id: audit, fail_open: true, configuration: { "@type": type.googleapis.com/google.protobuf.StringValue, value: {configuration} }, vm_config: { runtime: envoy.wasm.runtime.v8, code: { local: { filename: "{module}" } } } } }"#;

const ECDS_FILTER: &str = r#"config_discovery: { config_source: { resource_api_version: V3, path_config_source: { path: "{folder}/ecds.yaml" }, initial_fetch_timeout: 5s }, type_urls: [type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm] }"#;

const LISTENER: &str = r#"{ name: main, address: { socket_address: { address: 127.0.0.1, port_value: {port} } }, filter_chains: [ { filters: [ { name: envoy.filters.network.http_connection_manager, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: main, route_config: { virtual_hosts: [ { name: all, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: upstream, timeout: 20s } } ] } ] }, http_filters: [ { name: audit, {filter} }, { name: envoy.filters.http.router, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ] } } ] } ] }"#;

const BOOTSTRAP: &str = r#"node: { id: live, cluster: live{pod} }
admin: { address: { socket_address: { address: 127.0.0.1, port_value: {admin} } } }
static_resources:
{listeners}  clusters:
  - name: upstream
    type: STATIC
    circuit_breakers: { thresholds: [{ max_connections: 10000, max_pending_requests: 10000, max_requests: 10000 }] }
    load_assignment: { cluster_name: upstream, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {upstream} } } } }] }] }
  - name: audit_log
    type: STATIC
    load_assignment: { cluster_name: audit_log, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: {sink} } } } }] }] }
"#;

/// With this certificate, and its key beside it, in a mesh's folder, the log cluster is reached over mutual TLS, by a pod.
pub(crate) const CLIENT: &str = "client.crt";

const POD: &str = ", metadata: { NAMESPACE: shop, WORKLOAD_NAME: gateway, NAME: gateway-1 }";

const SECURED: &str = r#"    transport_socket: { name: tls, typed_config: { "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: collector.test, common_tls_context: { tls_certificates: [ { certificate_chain: { filename: "{folder}/client.crt" }, private_key: { filename: "{folder}/client.key" } } ], validation_context: { trusted_ca: { filename: "{folder}/ca.crt" } } } } }
"#;

/// `oidc-audit collect`.
pub(crate) struct Collect {
    process: Child,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

impl Collect {
    pub(crate) fn start(folder: &Path, port: u16) -> Self {
        Self::start_with(folder, port, &[])
    }

    pub(crate) fn start_with(folder: &Path, port: u16, more: &[PathBuf]) -> Self {
        let records = folder.join("records");
        let process = Command::new(tool())
            .args(["collect", "--listen", &format!("127.0.0.1:{port}"), "--dir"])
            .arg(&records)
            .args(more)
            .stdout(Stdio::null())
            .stderr(fs::File::options().create(true).append(true).open(folder.join("collect.log")).unwrap())
            .spawn()
            .unwrap();
        wait_for("collect to listen", Duration::from_secs(20), || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { process, folder: records, port }
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        records(&self.folder)
    }

    /// SIGTERM, and the exit awaited.
    pub(crate) fn stop(mut self) {
        Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Collect {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Lines beside records.
const EVIDENCE: [&str; 2] = ["audit.bound", "audit.checkpoint"];

/// Every record below a folder of segments, in the order of files and lines.
pub(crate) fn records(folder: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            found.extend(records(&path));
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            let lines = BufReader::new(fs::File::open(path).unwrap()).lines();
            let read = lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
            found.extend(read.filter(|record| !EVIDENCE.contains(&record["event"].as_str().unwrap_or_default())));
        }
    }
    found
}

/// What the drivers and the stub send as codes, tokens and credentials, in clear and as Basic carries it.
const SECRETS: [&str; 6] = ["code-0000", "access-0000", "refresh-0000", "state-0000", "d2ViOnNlY3JldA", "made-up"];

/// Fails if a secret of the traffic is in Envoy's log, in its stats, or in a record.
pub(crate) fn assert_no_secret(log: &str, stats: &str, records: &[Value]) {
    let records: String = records.iter().map(Value::to_string).collect();
    for secret in SECRETS {
        for (place, text) in [("Envoy's log", log), ("the stats", stats), ("the records", &records)] {
            assert!(!text.contains(secret), "{secret} is in {place}");
        }
    }
}

/// Records by event name.
pub(crate) fn count_by_event(records: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        *counts.entry(record["event"].as_str().unwrap_or("?").to_owned()).or_default() += 1;
    }
    counts
}

/// Exchanges that are accounted for in records: one each, more where coalesced, and those declared as dropped.
pub(crate) fn accounted(records: &[Value]) -> u64 {
    let events = records.iter().filter(|record| !record["event"].as_str().unwrap_or("").starts_with("audit."));
    let stored: u64 = events.map(|record| record["coalesced"]["count"].as_u64().unwrap_or(1)).sum();
    stored + declared_drops(records)
}

/// Sum of what `audit.drop` records declare.
pub(crate) fn declared_drops(records: &[Value]) -> u64 {
    let drops = records.iter().filter_map(|record| record["audit"]["dropped"].as_object());
    drops.flat_map(|dropped| dropped.values().filter_map(Value::as_u64)).sum()
}
