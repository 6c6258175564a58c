//! Enrolled streams over mutual TLS: whose they are, what `collect` states of that and refuses, and what `verify` says of it.

use std::fs;
use std::path::{Path, PathBuf};

use oidc_audit::entropy::{Entropy, NoEntropy};
use oidc_audit::record::StreamId;
use oidc_audit::record::audit::StopReason;
use oidc_audit::record::evidence::{Chain, Covered, Digest, Identity as Writer, LEAF_PREFIX, Signing, Statement, Tree};
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};

use crate::collector::Collector;
use crate::process::{folder, output, text};
use crate::tls::{Authority, Client, Identity, leak, wait};

const GATEWAY: &str = "spiffe://cluster.local/ns/shop/sa/gateway";
const BANK: &str = "spiffe://cluster.local/ns/bank/sa/teller";
/// 2026-01-15T09:30:00Z.
const BEGIN: u64 = 1_768_469_400;

/// A collector with a key, and the authority of its mesh.
struct Mesh {
    dir: PathBuf,
    authority: Authority,
    trust: PathBuf,
    args: Vec<&'static str>,
}

impl Mesh {
    fn new(more: &[&'static str]) -> Self {
        let (dir, authority) = (folder(), Authority::new("mesh CA"));
        let mut args = authority.server_files(&dir);
        let clients = dir.join("clients.pem");
        fs::write(&clients, authority.issuer.pem()).unwrap();
        args.extend(["--client-ca", leak(&clients)]);
        let (key, trust) = (dir.join("collector.env"), dir.join("trust.json"));
        assert!(output(&["keygen", "--env", "--out", leak(&key)]).status.success());
        fs::write(&trust, output(&["trust", "--key", leak(&key), "--may", "bind"]).stdout).unwrap();
        args.extend(["--key", leak(&key)]);
        args.extend(more);
        Self { dir, authority, trust, args }
    }

    fn start(&self) -> Collector {
        Collector::start(&self.dir.join("records"), &self.args)
    }

    fn send(&self, collector: &Collector, uris: &[&str], lines: &[String]) -> Value {
        let identity = Some(Identity { authority: &self.authority, uris });
        let client = Client { trusted: &self.authority, identity, protocol: "http/1.1" };
        let (status, body) = wait(client.ask(collector, lines.join("\n"))).unwrap();
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Exit code and report.
    fn verify(&self, records: &Path) -> (i32, Value) {
        let told = output(&["verify", "--trust", leak(&self.trust), "--json", leak(records)]);
        (told.status.code().unwrap(), serde_json::from_slice(&told.stdout).unwrap())
    }
}

struct Pod {
    chain: Chain,
    stream: StreamId,
    next: u64,
    random: Counting,
}

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl Pod {
    fn new(id: u8, group: &str) -> Self {
        let identity = Writer { group: Some(group.to_owned()), promise: 120, ..Writer::default() };
        let (stream, mut random) = (StreamId::from_bytes([id; 16]), Counting(id));
        let begin = Timestamp::from_secs(BEGIN);
        let chain = Chain::open(identity, Signing::Enrolled, stream, begin, &mut random).unwrap();
        Self { chain, stream, next: 1, random }
    }

    /// A record and the checkpoint over it.
    fn batch(&mut self, seconds: u64, end: Option<StopReason>) -> Vec<String> {
        let (first, at) = (self.next, Timestamp::from_secs(BEGIN + seconds));
        self.next += 1;
        let id = format!("{}-{first}", self.stream);
        let record = json!({"event": "token.issued", "id": id, "schema": "oidc-audit/1"}).to_string();
        let leaf = Digest::leaf(record.as_bytes());
        let root = [leaf].into_iter().collect::<Tree>().root().unwrap();
        let covered = Some(Covered { first, last: first, root, leaves: leaf.as_bytes()[..LEAF_PREFIX].to_vec() });
        let statement = Statement { covered, end, uptime: Some(at.as_micros()), ..Statement::default() };
        vec![record, self.chain.seal(statement, at, &mut self.random).line]
    }

    fn close(&mut self, seconds: u64) -> Vec<String> {
        self.batch(seconds, Some(StopReason::Shutdown))
    }
}

fn stored(count: usize) -> Value {
    json!({"stored": count, "refused": []})
}

/// Why each line of an answer was refused, and how many were stored.
fn whys(answer: &Value) -> (u64, Vec<&str>) {
    let refused = answer["refused"].as_array().unwrap();
    (answer["stored"].as_u64().unwrap(), refused.iter().map(|line| line["why"].as_str().unwrap()).collect())
}

fn statements(collector: &Collector) -> Vec<Value> {
    let lines = collector.lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    lines.filter(|line| line["event"] == "audit.bound").collect()
}

#[test]
fn a_stream_is_bound_to_who_sends_it_and_verifies() {
    let mesh = Mesh::new(&[]);
    let collector = mesh.start();
    let (mut gateway, mut teller) = (Pod::new(1, "shop/gateway/pod-1"), Pod::new(100, "bank/teller/pod-1"));
    let open = gateway.batch(0, None);
    assert_eq!(mesh.send(&collector, &[GATEWAY], &open), stored(2));
    assert_eq!(mesh.send(&collector, &[GATEWAY], &open), stored(2));
    assert_eq!(mesh.send(&collector, &[BANK], &teller.batch(0, None)), stored(2));
    assert_eq!(statements(&collector).len(), 2);
    // the key of the first epoch goes, and the next one is bound as well
    assert_eq!(mesh.send(&collector, &[GATEWAY], &gateway.batch(1_000, None)), stored(2));
    assert_eq!(statements(&collector).len(), 3);
    assert_eq!(mesh.send(&collector, &[GATEWAY], &gateway.close(1_001)), stored(2));
    assert_eq!(mesh.send(&collector, &[BANK], &teller.close(1_001)), stored(2));
    let (exit, report) = mesh.verify(&collector.dir);
    assert_eq!(exit, 0, "{report}");
    let writers: Vec<&Value> = report["streams"].as_array().unwrap().iter().map(|stream| &stream["writer"]).collect();
    assert_eq!(writers, [GATEWAY, BANK]);
}

#[test]
fn a_stream_in_anothers_name_is_refused_and_named_where_it_is_stored_by_hand() {
    let mesh = Mesh::new(&[]);
    let collector = mesh.start();
    let (mut gateway, mut thief) = (Pod::new(1, "shop/gateway/pod-1"), Pod::new(100, "shop/gateway/pod-1"));
    assert_eq!(mesh.send(&collector, &[GATEWAY], &gateway.batch(0, None)), stored(2));
    let forged = [thief.batch(0, None), thief.close(1)].concat();
    for lines in forged.chunks(2) {
        assert_eq!(whys(&mesh.send(&collector, &[BANK], lines)), (0, vec!["foreign"; 2]));
    }
    assert_eq!(mesh.send(&collector, &[GATEWAY], &gateway.close(1)), stored(2));
    assert_eq!(mesh.verify(&collector.dir).0, 0);
    let stolen = mesh.dir.join("stolen.jsonl");
    fs::write(&stolen, [collector.lines(), forged.clone()].concat().join("\n")).unwrap();
    let (exit, report) = mesh.verify(&stolen);
    assert_eq!((exit, &report["streams"][1]["problems"][0]["kind"]), (3, &json!("unbound")), "{report}");
    assert_eq!(report["streams"][1]["writer"], Value::Null);
    // a collector that let it pass would have said who it was
    let lax = Mesh::new(&[]);
    fs::write(&lax.trust, with_writers(&lax.trust, &[(BANK, "shop/gateway/*")])).unwrap();
    let lax = Mesh { args: [lax.args.as_slice(), &["--trust", leak(&lax.trust)]].concat(), ..lax };
    let other = lax.start();
    forged.chunks(2).for_each(|lines| assert_eq!(lax.send(&other, &[BANK], lines), stored(2)));
    assert_eq!(lax.verify(&other.dir).0, 0);
    fs::write(&lax.trust, with_writers(&lax.trust, &[(GATEWAY, "shop/gateway/*")])).unwrap();
    let (exit, report) = lax.verify(&other.dir);
    let problems = report["streams"][0]["problems"].as_array().unwrap();
    let wrong = problems.iter().find(|problem| problem["kind"] == "wrong_writer").unwrap();
    assert_eq!(
        (exit, &wrong["expected"], &wrong["found"]),
        (2, &json!("a writer of shop/gateway/pod-1"), &json!(BANK))
    );
}

/// The trust file with rules of writers.
fn with_writers(trust: &Path, rules: &[(&str, &str)]) -> String {
    let mut file: Value = serde_json::from_str(&fs::read_to_string(trust).unwrap()).unwrap();
    file["writers"] = rules.iter().map(|(spiffe, group)| json!({"spiffe": spiffe, "grp": [group]})).collect();
    file.to_string()
}

#[test]
fn lines_of_a_bound_stream_come_from_its_writer_alone_also_after_a_restart() {
    let mesh = Mesh::new(&[]);
    let mut collector = mesh.start();
    let mut gateway = Pod::new(1, "shop/gateway/pod-1");
    let open = gateway.batch(0, None);
    assert_eq!(mesh.send(&collector, &[GATEWAY], &open), stored(2));
    let close = gateway.close(5);
    for round in 0..2 {
        let invented = open[0].replace("-1\"", "-9\"");
        for uris in [vec![BANK], vec![], vec![GATEWAY, BANK], vec!["spiffe://cluster.local/ns/shop/sa/other"]] {
            let answer = mesh.send(&collector, &uris, &[invented.clone(), close[1].clone()]);
            assert_eq!(whys(&answer), (0, vec!["foreign"; 2]), "{uris:?} {round}");
        }
        collector.stop();
        collector = mesh.start();
    }
    // what was stored by an earlier run is not stated again
    assert_eq!(mesh.send(&collector, &[GATEWAY], &open), stored(2));
    assert_eq!(mesh.send(&collector, &[GATEWAY], &close), stored(2));
    assert_eq!(statements(&collector).len(), 1);
    assert_eq!(mesh.verify(&collector.dir).0, 0);
}

#[test]
fn one_stream_has_one_key_and_one_name() {
    let mesh = Mesh::new(&[]);
    let collector = mesh.start();
    let mut gateway = Pod::new(1, "shop/gateway/pod-1");
    let open = gateway.batch(0, None);
    mesh.send(&collector, &[GATEWAY], &open[1..]);
    let mut again = Pod::new(1, "shop/gateway/pod-1");
    again.chain = Chain::open(
        Writer { group: Some("shop/gateway/pod-1".to_owned()), ..Writer::default() },
        Signing::Enrolled,
        again.stream,
        Timestamp::from_secs(BEGIN),
        &mut Counting(77),
    )
    .unwrap();
    assert_eq!(whys(&mesh.send(&collector, &[GATEWAY], &again.batch(0, None)[1..])), (0, vec!["conflict"]));
    let mut renamed = Pod::new(1, "shop/store/pod-1");
    renamed.batch(0, None);
    assert_eq!(whys(&mesh.send(&collector, &[GATEWAY], &renamed.batch(1, None)[1..])), (0, vec!["foreign"]));
}

#[test]
fn without_an_id_or_a_key_nothing_is_bound_and_everything_is_stored() {
    let mesh = Mesh::new(&[]);
    let collector = mesh.start();
    for (id, uris) in
        [(1, vec![]), (50, vec![GATEWAY, BANK]), (100, vec!["spiffe://td/gateway"]), (150, vec!["https://td/x"])]
    {
        let mut pod = Pod::new(id, "shop/gateway/pod-1");
        assert_eq!(mesh.send(&collector, &uris, &[pod.batch(0, None), pod.close(1)].concat()), stored(4), "{uris:?}");
    }
    assert_eq!(statements(&collector), Vec::<Value>::new());
    let (exit, report) = mesh.verify(&collector.dir);
    assert_eq!(exit, 3, "{report}");

    let keyless = Mesh::new(&[]);
    let args: Vec<&str> = keyless.args[..keyless.args.len() - 2].to_vec();
    let keyless = Mesh { args, ..keyless };
    let collector = keyless.start();
    let (mut gateway, mut thief) = (Pod::new(1, "shop/gateway/pod-1"), Pod::new(100, "shop/gateway/pod-1"));
    assert_eq!(keyless.send(&collector, &[GATEWAY], &gateway.batch(0, None)), stored(2));
    assert_eq!(whys(&keyless.send(&collector, &[BANK], &thief.batch(0, None))), (0, vec!["foreign"; 2]));
    assert_eq!(statements(&collector), Vec::<Value>::new());
}

#[test]
fn a_person_reads_who_wrote() {
    let mesh = Mesh::new(&[]);
    let collector = mesh.start();
    let mut gateway = Pod::new(1, "shop/gateway/pod-1");
    mesh.send(&collector, &[GATEWAY], &[gateway.batch(0, None), gateway.close(1)].concat());
    let told = output(&["verify", "--trust", leak(&mesh.trust), leak(&collector.dir)]);
    let row = format!("01010101  shop/gateway/pod-1  {GATEWAY}\n");
    assert!(text(&told.stdout).contains(&row), "{}", text(&told.stdout));
}
