//! Looking people up at a collector: over mutual TLS, by a token of its own, and never without a line about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::collector::{Collector, record};
use crate::process::{folder, output, text};
use crate::tls::{Authority, leak};

const ISSUER: &str = "https://idp.example.test/realms/acme";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const KEYS: &str = "OIDC_AUDIT_PSEUDONYM_KEY_K1=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

/// Files of a collector that answers lookups.
struct Files {
    dir: PathBuf,
    args: Vec<&'static str>,
}

impl Files {
    fn new() -> Self {
        let dir = folder();
        let file = |name: &str, content: &str| {
            fs::write(dir.join(name), content).unwrap();
            leak(&dir.join(name))
        };
        let (keys, token) = (file("pseudonym.env", KEYS), file("lookup.token", TOKEN));
        let own = leak(&dir.join("collector.env"));
        assert!(output(&["keygen", "--env", "--id", "c1", "--out", own]).status.success());
        Self { dir, args: vec!["--key", own, "--pseudonym-key", keys, "--lookup-token-file", token] }
    }

    fn records(&self) -> PathBuf {
        self.dir.join("records")
    }

    fn path(&self, name: &str) -> &'static str {
        leak(&self.dir.join(name))
    }

    /// A trust file in which the collector's key may do this.
    fn trust(&self, may: &str) -> &'static str {
        let made = output(&["trust", "--key", self.path("collector.env"), "--may", may]);
        let path = self.dir.join(format!("trust-{may}.json"));
        fs::write(&path, &made.stdout).unwrap();
        leak(&path)
    }

    fn look_up(&self, url: &str, more: &[&str]) -> Output {
        let common = ["lookup", "--url", url, "--token-file", self.path("lookup.token"), "--reason", "OPS-17"];
        output(&[&common[..], more].concat())
    }
}

fn statements(collector: &Collector) -> Vec<Value> {
    let lines = collector.lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    lines.filter(|line| line["event"] == "audit.lookup").collect()
}

fn claims(line: &Value) -> Value {
    use base64::Engine as _;
    let payload = line["jws"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn over_mutual_tls_somebody_is_found_without_the_key_and_it_is_on_record_who_asked() {
    let files = Files::new();
    let (servers, clients) = (Authority::new("server CA"), Authority::new("client CA"));
    let mut args = files.args.clone();
    args.extend(servers.server_files(&files.dir));
    let (certificate, key) = clients.issue(&["auditor"], &[], ExtendedKeyUsagePurpose::ClientAuth);
    for (name, content) in [
        ("clients.pem", clients.issuer.pem()),
        ("servers.pem", servers.issuer.pem()),
        ("me.crt", certificate.clone()),
        ("me.key", key.serialize_pem()),
    ] {
        fs::write(files.dir.join(name), content).unwrap();
    }
    args.extend(["--client-ca", files.path("clients.pem")]);
    let collector = Collector::start(&files.records(), &args);
    let url = format!("https://{}", collector.address);
    let identity = ["--ca", files.path("servers.pem"), "--cert", files.path("me.crt"), "--key", files.path("me.key")];
    let asked = files.look_up(&url, &[&identity[..], &["--issuer", ISSUER, "--as", "username", "jane"]].concat());
    assert_eq!(text(&asked.stdout), "username  k1.euHvNGPxDaExOKuK2rHDgw\n", "{}", text(&asked.stderr));

    let stored = statements(&collector);
    let [line] = stored.as_slice() else { panic!("{stored:?}") };
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let thumbprint: String = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    let said = claims(line);
    assert_eq!(said["who"], format!("sha256:{thumbprint}"));
    assert_eq!((&said["why"], &said["ps"]), (&json!("OPS-17"), &json!(["k1.euHvNGPxDaExOKuK2rHDgw"])));
    assert_eq!(said.as_object().unwrap().len(), 5, "{said}");
    assert!(!format!("{line}{said}").contains("jane"));

    // without a certificate there is no connection, and nothing on record
    let refused = files.look_up(&url, &["--ca", files.path("servers.pem"), "--as", "email", "x@example.com"]);
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""));
    assert_eq!(statements(&collector).len(), 1);
}

#[test]
fn verify_believes_who_may_state_it_and_the_timeline_passes_over_it() {
    let files = Files::new();
    let collector = Collector::start(&files.records(), &files.args);
    let url = format!("http://{}", collector.address);
    assert!(files.look_up(&url, &["--as", "email", "jane.doe@example.com"]).status.success());
    assert!(files.look_up(&url, &["--as", "email", "jane.doe@example.com"]).status.success());
    assert_eq!(claims(&statements(&collector)[0])["who"], "loopback");
    let records = leak(&files.records());
    let verify = |trust: &str| -> Value {
        serde_json::from_slice(&output(&["verify", "--json", "--trust", trust, records]).stdout).unwrap()
    };
    let report = verify(files.trust("lookup"));
    assert_eq!((&report["lookups"], &report["problems"], &report["other"]), (&json!(2), &json!([]), &json!(0)));
    let shown = output(&["verify", "--trust", files.trust("lookup"), records]);
    assert!(text(&shown.stdout).contains(", 2 lookups of people"), "{}", text(&shown.stdout));
    let report = verify(files.trust("seal"));
    assert_eq!((&report["lookups"], &report["problems"][0]["kind"]), (&json!(0), &json!("wrong_writer")));

    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence/export.jsonl");
    let timeline = output(&["timeline", "--json", records, leak(&sample)]);
    let report: Value = serde_json::from_slice(&timeline.stdout).unwrap();
    assert_eq!((&report["input"]["not_records"]["total"], &report["input"]["torn"]), (&json!(0), &json!(0)));
    let checkpoints = fs::read_to_string(&sample).unwrap().matches(r#""event":"audit.checkpoint""#).count();
    assert_eq!(report["input"]["checkpoints"], checkpoints + 2, "statements are evidence, as checkpoints are");
    let findings = output(&["findings", "--json", records, leak(&sample)]);
    assert!(findings.status.code() != Some(2), "{}", text(&findings.stderr));
}

#[test]
fn whoever_may_send_records_may_not_look_people_up() {
    let files = Files::new();
    let senders = files.dir.join("senders.token");
    fs::write(&senders, "fedcba9876543210fedcba9876543210").unwrap();
    let collector = Collector::start(&files.records(), &[&files.args[..], &["--token-file", leak(&senders)]].concat());
    let ask = |token: &str, body: &str| {
        collector.send("POST", "/lookup", &[("authorization", &format!("Bearer {token}"))], body.as_bytes())
    };
    let good = json!({"name": "jane", "issuer": ISSUER, "reason": "OPS-1"}).to_string();
    assert_eq!(ask("fedcba9876543210fedcba9876543210", &good).status, 401);
    assert_eq!(collector.send("POST", "/lookup", &[], good.as_bytes()).status, 401);
    assert_eq!(collector.send("GET", "/lookup", &[], b"").status, 405);
    for (body, expected) in [
        ("{", "expected {"),
        (r#"{"name":"jane","reason":"OPS-1"}"#, "need their issuer"),
        (r#"{"name":"jane@example.com","reason":" "}"#, "1 to 200 characters"),
        (r#"{"name":"","reason":"OPS-1"}"#, "1 to 2048 bytes"),
        (r#"{"name":"jane@example.com","reason":"OPS-1","more":1}"#, "expected {"),
    ] {
        let answer = ask(TOKEN, body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains(expected) && !answer.body.contains("jane"), "{}", answer.body);
    }
    assert_eq!(ask(TOKEN, &format!(r#"{{"name":"{}"}}"#, "x".repeat(40_000))).status, 413);
    assert_eq!(statements(&collector), Vec::<Value>::new());
    let answer = ask(TOKEN, &good);
    assert_eq!(answer.status, 200);
    let given: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(given["statement"], statements(&collector)[0]["id"]);
    assert_eq!(given["schema"], "oidc-audit-pseudonyms/1");
}

#[test]
fn nothing_is_given_out_that_could_not_be_put_on_record() {
    let files = Files::new();
    let collector = Collector::start(&files.records(), &[&files.args[..], &["--min-free", "100%"]].concat());
    let asked = files.look_up(&format!("http://{}", collector.address), &["--as", "email", "jane@example.com"]);
    assert_eq!((asked.status.code(), text(&asked.stdout)), (Some(2), ""));
    assert!(text(&asked.stderr).contains("refused with 507: the disk is nearly full"), "{}", text(&asked.stderr));
}

#[test]
fn a_collector_without_the_key_or_open_to_strangers_answers_no_lookups() {
    let plain = Collector::start(&folder(), &[]);
    assert_eq!(plain.send("POST", "/lookup", &[], record(1, "").as_bytes()).status, 404);
    let files = Files::new();
    let dir = leak(&files.records());
    let start = |args: &[&str]| {
        let output = output(&[&["collect", "--listen", "127.0.0.1:0", "--dir", dir], args].concat());
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr).to_owned()
    };
    let said = start(&["--pseudonym-key", files.path("pseudonym.env")]);
    assert!(said.contains("--key <FILE>") && said.contains("--lookup-token-file <FILE>"), "{said}");
    let authority = Authority::new("CA");
    let said = start(&[files.args.clone(), authority.server_files(&files.dir)].concat());
    assert!(said.contains("lookups over TLS need client certificates"), "{said}");
    fs::write(files.dir.join("lookup.token"), "short").unwrap();
    let said = start(&files.args);
    assert!(said.contains("holds something that is no token") && !said.contains("short"), "{said}");
}
