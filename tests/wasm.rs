#![cfg(test)]
//! The built module in the fake host ([`host`]): its life from configuration to the last flush.

mod host;

use host::{Acceptance, Costs, End, Host, Process, Reply, Script, module};
use serde_json::Value;

const CONFIG: &str = r#"{
    "issuers": [{
        "issuer": "https://idp.example.com",
        "endpoints": {"authorization": "/auth", "token": "/token", "userinfo": "/userinfo", "end_session": "/logout"}
    }],
    "sinks": [{"cluster": "audit_log", "bearer": {"env": "SINK_TOKEN"}}],
    "keys": {
        "join": {"current": {"id": "k1", "env": "KEY"}},
        "pseudonym": {"current": {"id": "k1", "env": "KEY"}}
    }
}"#;

/// Bytes 00..1f.
const KEY: (&str, &str) = ("KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
const TOKEN: (&str, &str) = ("SINK_TOKEN", "sink-token");

fn start() -> Host {
    Host::start(&module("oidc_audit.wasm"), CONFIG, &[KEY, TOKEN])
}

/// A code is redeemed.
fn token_exchange() -> Script {
    Script::new("POST", "idp.example.com", "/token", 200)
        .with("authorization", "Basic d2ViOnNlY3JldA==")
        .sending(
            "application/x-www-form-urlencoded",
            "grant_type=authorization_code&code=code-1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
        )
        .answering(
            "application/json",
            r#"{"access_token":"at-1","token_type":"Bearer","expires_in":300,"refresh_token":"rt-1"}"#,
        )
}

fn events(host: &Host) -> Vec<String> {
    records(host).iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
}

fn records(host: &Host) -> Vec<Value> {
    host.records().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_token_exchange_becomes_a_record_at_the_sink() {
    let mut host = start();
    host.exchange(&token_exchange());
    assert_eq!(host.deliveries().len(), 0, "streams do not call");
    host.tick();
    let calls = host.deliveries();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].cluster, "audit_log");
    assert_eq!(calls[0].header("authorization").as_deref(), Some("Bearer sink-token"));
    assert_eq!(calls[0].header("content-type").as_deref(), Some("application/x-ndjson"));
    host.answer(calls[0].token, Reply::status(200));
    assert_eq!(events(&host), ["audit.start", "token.issued"]);
    assert_eq!(host.settle(), 0);
    assert_eq!(host.metric("oidcaudit.acknowledged"), Some(2));
    let record = &records(&host)[1];
    assert_eq!(record["client"]["id"], "web");
    assert_eq!(record["source"]["address"], "192.0.2.0/24");
    assert_eq!(record["observer"]["node"], "test-node");
}
