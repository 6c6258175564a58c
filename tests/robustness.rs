#![cfg(test)]
//! Traffic that nobody should audit, and traffic that nobody should send, through a real Envoy.

mod live;

use std::thread;
use std::time::Duration;

use live::client::{self, token_request};
use live::{Collect, Envoy, Mesh, Source, assert_no_secret, free_port, scratch, stub, wait_for};
use serde_json::Value;

const CONFIGURATION: &str = r#"{
    "issuers": [{"issuer": "https://idp.example.test", "provider": "deep", "endpoints": {"authorization": "/auth", "token": "/token", "userinfo": "/userinfo"}}],
    "providers": {"deep": {"routes": {"/{a*}/x/{b*}/y": "token"}}},
    "sinks": [{"cluster": "audit_log"}],
    "delivery": {"interval_ms": 200}
}"#;

#[test]
fn hostile_requests_have_records_of_their_own_and_unrelated_ones_have_none() {
    let folder = scratch("robustness");
    let sink = free_port();
    let collect = Collect::start(&folder, sink);
    let mesh = Mesh {
        folder: &folder,
        concurrency: 2,
        configuration: CONFIGURATION,
        upstream: stub::start(),
        sink,
        source: Source::Static,
    };
    let envoy = Envoy::start(&mesh);

    unrelated(envoy.port, 5_000);
    header_byte_ff(envoy.port);
    ten_megabytes(envoy.port);
    many_segments(envoy.port);
    client_leaves_mid_request(envoy.port);
    client_leaves_mid_response(envoy.port);
    let served = client::request(envoy.port, b"GET / HTTP/1.1\r\nhost: shop.example.test\r\n\r\n").unwrap();
    assert_eq!(served.status, 200, "Envoy goes on serving");

    let exchanges = || collect.records().into_iter().filter(|r| r.get("exchange").is_some()).collect::<Vec<Value>>();
    wait_for("four records", Duration::from_secs(20), || (exchanges().len() >= 4).then_some(()));
    thread::sleep(Duration::from_millis(700));
    let records = exchanges();
    assert_eq!(records.len(), 4, "one each, and none for 5 000 unrelated requests: {records:#?}");
    let by_reason = |reason: &str| records.iter().filter(|r| r["reason"] == reason).collect::<Vec<_>>();
    let refused = by_reason("oauth_error");
    assert!(refused.iter().any(|r| r["integrity"]["malformed"]["client.id"] == "type"), "{refused:#?}");
    assert!(refused.iter().any(|r| r["integrity"]["request_body"] == "truncated"), "the 10 MB body: {refused:#?}");
    assert_eq!(by_reason("no_response").len(), 1, "{records:#?}");
    assert_eq!(by_reason("body_truncated").len(), 1, "{records:#?}");
    assert!(records.iter().all(|r| r.get("reason").is_some()));
    assert_no_secret(&envoy.log(), &envoy.stats(), &records);
    assert_eq!(envoy.stat("wasm.audit.vm_reload"), 0);
    assert!(!envoy.log().contains("panicked"), "{}", envoy.log());
}

fn unrelated(port: u16, count: usize) {
    let workers: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                let stream = client::connect(port);
                let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
                for n in 0..count / 4 {
                    // looks like OAuth, on an authority that is nobody's issuer
                    let path = if n % 2 == 0 { "/token?client_id=x&response_type=code" } else { "/shop" };
                    let request = format!("GET {path} HTTP/1.1\r\nhost: shop.example.test\r\n\r\n");
                    client::send(&stream, request.as_bytes());
                    client::receive(&mut reader).unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
}

fn header_byte_ff(port: u16) {
    let mut request = b"POST /token HTTP/1.1\r\nhost: idp.example.test\r\ncontent-type: application/x-www-form-urlencoded\r\nauthorization: Basic \xff\xfe\r\nx-odd: \xff\r\ncontent-length: 29\r\n\r\n".to_vec();
    request.extend_from_slice(b"grant_type=client_credentials");
    assert_eq!(client::request(port, &request).unwrap().status, 400);
}

fn ten_megabytes(port: u16) {
    let body = format!("grant_type=client_credentials&client_id=web&padding={}", "A".repeat(10_000_000));
    assert_eq!(client::request(port, &token_request(&body, None)).unwrap().status, 400);
}

/// As many as a path can have: the stack of a filter is small, and so is the time that it may take.
fn many_segments(port: u16) {
    for unit in ["/a", "/x", "/a/x", "/"] {
        let request = format!("GET {} HTTP/1.1\r\nhost: idp.example.test\r\n\r\n", unit.repeat(50_000 / unit.len()));
        assert_eq!(client::request(port, request.as_bytes()).unwrap().status, 200, "{unit}");
    }
}

fn client_leaves_mid_request(port: u16) {
    let whole = token_request("grant_type=client_credentials&client_id=web&client_secret=gone", None);
    let stream = client::connect(port);
    client::send(&stream, &whole[..whole.len() - 20]);
    thread::sleep(Duration::from_millis(300));
    drop(stream);
}

fn client_leaves_mid_response(port: u16) {
    let request = b"POST /token?slow HTTP/1.1\r\nhost: idp.example.test\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 43\r\n\r\ngrant_type=client_credentials&client_id=web";
    let stream = client::connect(port);
    client::send(&stream, request);
    let mut first = [0; 64];
    std::io::Read::read_exact(&mut (&stream), &mut first).unwrap();
    drop(stream);
}
