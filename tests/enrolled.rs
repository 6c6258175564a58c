#![cfg(test)]
//! A proxy without a signing key, as a pod of a mesh: its streams are bound to its certificate by a real collector over mutual
//! TLS, and what it wrote is intact. With a certificate of another workload nothing of it is stored.

mod live;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use live::{Collect, Envoy, Mesh, Source, client, free_port, scratch, stub, tool, wait_for};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use serde_json::{Value, json};

const GATEWAY: &str = "spiffe://cluster.local/ns/shop/sa/gateway";
const TELLER: &str = "spiffe://cluster.local/ns/bank/sa/teller";
const CONFIGURATION: &str = r#"{"issuers":[{"issuer":"https://idp.example.test","endpoints":{"token":"/token"}}],"sinks":[{"cluster":"audit_log"}],"delivery":{"interval_ms":200},"evidence":{"signing":"enrolled"}}"#;

#[test]
fn what_an_enrolled_proxy_writes_is_intact_and_its_own() {
    let folder = scratch("enrolled");
    let sink = free_port();
    let collect = start(&folder, sink, GATEWAY);
    let envoy = proxy(&folder, sink);
    for _ in 0..5 {
        token_request(envoy.port);
    }
    wait_for("the records", Duration::from_secs(15), || (denied(&collect) == 5).then_some(()));
    envoy.terminate();
    collect.stop();
    let (exit, report) = verify(&folder);
    assert_eq!(exit, 0, "{report:#}");
    let streams = report["streams"].as_array().unwrap();
    assert!(!streams.is_empty() && streams.iter().all(|stream| stream["writer"] == GATEWAY), "{report:#}");
}

#[test]
fn a_proxy_with_the_certificate_of_another_workload_is_refused() {
    let folder = scratch("foreign");
    let sink = free_port();
    let collect = start(&folder, sink, TELLER);
    let envoy = proxy(&folder, sink);
    token_request(envoy.port);
    wait_for("the refusal", Duration::from_secs(10), || {
        (envoy.stat("wasmcustom.oidcaudit.lost") > 0 && envoy.stat("wasmcustom.oidcaudit.checkpoints_lost") > 0)
            .then_some(())
    });
    envoy.terminate();
    assert_eq!(collect.records(), Vec::<Value>::new());
    collect.stop();
    assert_eq!(verify(&folder).0, 3);
}

/// A collector with a key, and what a proxy needs to reach it as this workload.
fn start(folder: &Path, sink: u16, workload: &str) -> Collect {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "mesh CA");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.crt"), authority.pem()).unwrap();
    let server = SanType::DnsName("collector.test".try_into().unwrap());
    for (name, subject) in [("server", server), ("client", SanType::URI(workload.try_into().unwrap()))] {
        let (key, mut params) = (KeyPair::generate().unwrap(), CertificateParams::new([]).unwrap());
        params.subject_alt_names = vec![subject];
        fs::write(folder.join(format!("{name}.crt")), params.signed_by(&key, &authority).unwrap().pem()).unwrap();
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    let key = folder.join("collector.env");
    run(&["keygen".into(), "--env".into(), "--out".into(), key.clone()]);
    let trust = run(&["trust".into(), "--key".into(), key.clone(), "--may".into(), "bind".into()]);
    fs::write(folder.join("trust.json"), trust).unwrap();
    let files = [
        ("--tls-cert", "server.crt"),
        ("--tls-key", "server.key"),
        ("--client-ca", "ca.crt"),
        ("--key", "collector.env"),
    ];
    let more: Vec<PathBuf> = files.iter().flat_map(|(option, file)| [option.into(), folder.join(file)]).collect();
    Collect::start_with(folder, sink, &more)
}

/// A pod of the gateway.
fn proxy(folder: &Path, sink: u16) -> Envoy {
    let upstream = stub::start();
    Envoy::start(&Mesh { folder, concurrency: 2, configuration: CONFIGURATION, upstream, sink, source: Source::Static })
}

fn run(args: &[PathBuf]) -> Vec<u8> {
    let output = Command::new(tool()).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn verify(folder: &Path) -> (i32, Value) {
    let mut verify = Command::new(tool());
    verify.args(["verify", "--json", "--trust"]).arg(folder.join("trust.json")).arg(folder.join("records"));
    let output = verify.output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or(json!(null)))
}

fn token_request(port: u16) {
    let request = client::token_request("grant_type=client_credentials&client_id=web", None);
    assert_eq!(client::request(port, &request).unwrap().status, 400, "traffic is served");
}

fn denied(collect: &Collect) -> usize {
    collect.records().iter().filter(|record| record["event"] == "token.denied").count()
}
