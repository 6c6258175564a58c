#![cfg(test)]
//! Three mistakes in one configuration: `check` names all of them, an update with it changes nothing, and a proxy that
//! starts with it serves traffic unaudited and says so.

mod live;

use std::process::Command;
use std::time::Duration;

use live::{Collect, Envoy, Mesh, Source, client, free_port, scratch, stub, tool, wait_for};

const GOOD: &str = r#"{"issuers":[{"issuer":"https://idp.example.test","endpoints":{"token":"/token"}}],"sinks":[{"cluster":"audit_log"}],"delivery":{"interval_ms":200}}"#;
const THREE_MISTAKES: &str = r#"{"issuers":[{"issuer":"ftp://idp.example.test"}],"sinks":[{"cluster":"audit_log","timeout_ms":"in-a-canary-minute"}],"privcy":{"profile":"minimal"}}"#;
const POINTERS: [&str; 3] = ["/issuers/0/issuer", "/sinks/0/timeout_ms", "/privcy"];

#[test]
fn check_names_all_three_and_exits_2() {
    let folder = scratch("check");
    let file = folder.join("plugin.json");
    std::fs::write(&file, THREE_MISTAKES).unwrap();
    let output = Command::new(tool()).arg("check").arg(&file).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{text}");
    for pointer in POINTERS {
        assert!(text.contains(pointer), "{pointer} is missing: {text}");
    }
    assert!(!text.contains("in-a-canary-minute"), "a value of the configuration is quoted: {text}");
}

#[test]
fn an_update_with_mistakes_leaves_the_old_configuration_serving() {
    for source in [Source::Lds, Source::Ecds] {
        let folder = scratch(&format!("update-{source:?}"));
        let sink = free_port();
        let collect = Collect::start(&folder, sink);
        let upstream = stub::start();
        let mesh = |configuration| Mesh { folder: &folder, concurrency: 1, configuration, upstream, sink, source };
        let envoy = Envoy::start(&mesh(GOOD));
        token_request(envoy.port);
        wait_for("the first record", Duration::from_secs(10), || (events(&collect, "token.denied") == 1).then_some(()));

        envoy.update(&mesh(THREE_MISTAKES));
        wait_for("all three problems in the log", Duration::from_secs(10), || {
            POINTERS.iter().all(|pointer| envoy.log().contains(pointer)).then_some(())
        });
        let rejected = match source {
            Source::Lds => "listener_manager.lds.update_rejected",
            _ => "extension_config_discovery.http_filter.audit.config_fail",
        };
        wait_for("Envoy to reject the update", Duration::from_secs(10), || {
            (envoy.stat(rejected) > 0 || envoy.stats().contains("update_rejected: 1")).then_some(())
        });
        token_request(envoy.port);
        wait_for("the old configuration to audit", Duration::from_secs(10), || {
            (events(&collect, "token.denied") == 2).then_some(())
        });
        assert!(!envoy.log().contains("in-a-canary-minute"), "a value of the configuration is in the log");
    }
}

#[test]
fn a_cold_start_with_mistakes_serves_unaudited_and_says_so() {
    for source in [Source::Static, Source::Lds, Source::Ecds] {
        let folder = scratch(&format!("cold-{source:?}"));
        let sink = free_port();
        let collect = Collect::start(&folder, sink);
        let mesh = Mesh {
            folder: &folder,
            concurrency: 1,
            configuration: THREE_MISTAKES,
            upstream: stub::start(),
            sink,
            source,
        };
        let envoy = Envoy::start(&mesh);
        token_request(envoy.port);
        let log = envoy.log();
        for pointer in POINTERS {
            assert!(log.contains(pointer), "{source:?}: {pointer} is not in the log: {log}");
        }
        assert_eq!(envoy.stat("wasmcustom.oidcaudit.config.invalid"), 1, "{source:?}");
        assert_eq!(events(&collect, "token.denied"), 0, "{source:?}: nothing is audited");
    }
}

/// The sink part of this configuration is sound, so the trail says that it is not one.
#[test]
fn a_cold_start_with_mistakes_elsewhere_is_recorded_at_the_sink() {
    let folder = scratch("cold-recorded");
    let sink = free_port();
    let collect = Collect::start(&folder, sink);
    let configuration = r#"{"issuers":[{"issuer":"ftp://idp.example.test"}],"sinks":[{"cluster":"audit_log"}]}"#;
    let mesh =
        Mesh { folder: &folder, concurrency: 2, configuration, upstream: stub::start(), sink, source: Source::Static };
    let _envoy = Envoy::start(&mesh);
    wait_for("the record", Duration::from_secs(15), || (events(&collect, "audit.config.rejected") > 0).then_some(()));
    let records = collect.records();
    let rejected: Vec<_> = records.iter().filter(|r| r["event"] == "audit.config.rejected").collect();
    assert_eq!(rejected.len(), 1, "once per process: {rejected:#?}");
    assert!(rejected[0]["audit"]["problems"][0].as_str().unwrap().contains("/issuers/0/issuer"));
}

fn token_request(port: u16) {
    let response =
        client::request(port, &client::token_request("grant_type=client_credentials&client_id=web", None)).unwrap();
    assert_eq!(response.status, 400, "traffic is served");
}

fn events(collect: &Collect, event: &str) -> usize {
    collect.records().iter().filter(|record| record["event"] == event).count()
}
