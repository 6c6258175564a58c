#![cfg(test)]
//! The built module in the fake host ([`host`]): its life from configuration to the last flush.

#[allow(dead_code, clippy::allow_attributes, reason = "of the host a part is enough here")]
mod host;

use host::{Acceptance, End, Host, Process, Reply, Script, Wasm, counted_empty_filter, counted_filter, filter};
use oidc_audit::record::evidence::{CheckpointLine, Kind};
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
const KEYLESS: &str = r#"{"issuers": [{"issuer": "https://idp.example.com"}], "sinks": [{"cluster": "audit_log"}]}"#;
const FETCHING: &str =
    r#"{"issuers": [{"issuer": "https://idp.example.com", "cluster": "idp"}], "sinks": [{"cluster": "audit_log"}]}"#;
const THREE_MISTAKES: &str = r#"{"issuers":[{"issuer":"ftp://idp.example.test"}],"sinks":[{"cluster":"audit_log","timeout_ms":"soon"}],"privcy":{}}"#;
const ONE_MISTAKE: &str = r#"{"issuers":[{"issuer":"ftp://idp.example.test"}],"sinks":[{"cluster":"audit_log"}]}"#;
const METADATA: &str = r#"{"issuer":"https://idp.example.com","authorization_endpoint":"https://idp.example.com/a","token_endpoint":"https://idp.example.com/t","userinfo_endpoint":"https://idp.example.com/u","jwks_uri":"https://idp.example.com/k","response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}"#;

/// RFC 8037 appendix A.4: the token names no issuer.
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ID_TOKEN: &str = r#"{"access_token":"at-secret-2","token_type":"Bearer","id_token":"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"}"#;

/// Bytes 00..1f.
const KEY: (&str, &str) = ("KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
const TOKEN: (&str, &str) = ("SINK_TOKEN", "sink-token-7");
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_token_exchange_becomes_a_record_at_the_sink() {
    let mut host = start();
    host.exchange(&token_exchange());
    assert_eq!(host.deliveries().len(), 0, "streams do not call");
    host.tick();
    let calls = host.deliveries();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].cluster.as_str(), calls[0].timeout_ms), ("audit_log", 5_000));
    assert_eq!(calls[0].header("authorization").as_deref(), Some("Bearer sink-token-7"));
    assert_eq!(calls[0].header("content-type").as_deref(), Some("application/x-ndjson"));
    host.answer(calls[0].token, Reply::status(200));
    assert_eq!(events(&host), ["audit.start", "token.issued"]);
    assert_eq!(host.settle(), 0);
    assert_eq!(host.metric("oidcaudit.acknowledged"), Some(2));
    let record = &records(&host)[1];
    assert_eq!(record["client"]["id"], "web");
    assert_eq!(record["source"]["address"], "192.0.2.0/24");
    assert_eq!(record["observer"]["node"], "test-node");
    assert_eq!(record["exchange"]["response_source"], "upstream");
}

#[test]
#[expect(clippy::print_stdout, reason = "`make bench` shows the exact counts")]
fn an_unrelated_request_costs_what_an_empty_filter_costs_and_one_header_read() {
    let unrelated = Script::new("POST", "shop.example.com", "/cart", 200)
        .sending("application/json", "{\"item\":7}")
        .answering("application/json", "{}");
    let cost = |wasm: &Wasm| {
        let mut host = Host::start(wasm, CONFIG, &[KEY, TOKEN]);
        // The first streams make the SDK's tables grow.
        (0..20).for_each(|_| host.exchange(&unrelated));
        host.reset_costs();
        let before = host.number("allocations");
        host.exchange(&unrelated);
        (host.costs(), host.number("allocations") - before)
    };
    let (empty, empty_allocations) = cost(counted_empty_filter());
    let (ours, our_allocations) = cost(counted_filter());
    println!("unrelated request, exactly: empty filter {empty_allocations} allocations, 0 host calls;");
    println!("                            oidc-audit   {our_allocations} allocations, {:?}", ours.calls);
    assert_eq!(empty.calls.len(), 0);
    assert_eq!(ours.calls, [("proxy_get_header_map_value".to_owned(), 1)].into());
    assert_eq!(ours.allocations, empty.allocations + 1, "the authority");
    assert_eq!(our_allocations, empty_allocations + 1, "and nothing beside it");
}

#[test]
fn nothing_is_sent_or_counted_before_the_first_tick() {
    // A canary is configured and thrown away.
    let host = start();
    assert_eq!((host.calls().len(), host.costs().calls.get("proxy_increment_metric")), (0, None));
    assert_eq!(host.metric("oidcaudit.created"), Some(0));
    assert_eq!(host.metric("oidcaudit.config.invalid"), Some(0));
}

#[test]
fn three_mistakes_are_three_log_lines_and_all_traffic_passes() {
    let (mut host, accepted) = Host::start_in(&Process::default(), filter(), THREE_MISTAKES.as_bytes(), &[]);
    assert!(accepted, "a cold start with mistakes must not take the proxy down");
    let lines: Vec<&str> = host.log().iter().map(|line| line.text.as_str()).collect();
    let naming = |pointer: &str| lines.iter().filter(|line| line.contains(pointer)).count();
    assert_eq!(["/issuers/0/issuer:", "/sinks/0/timeout_ms:", "/privcy:"].map(naming), [1, 1, 1], "{lines:#?}");
    assert_eq!(lines.len(), 4, "and one that says what follows from it: {lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("soon") || line.contains("ftp")), "{lines:#?}");
    assert_eq!(host.metric("oidcaudit.config.invalid"), Some(1));
    host.reset_costs();
    host.exchange(&token_exchange());
    assert_eq!(host.costs().calls.len(), 0, "nothing is looked at");
    host.tick();
    assert_eq!(host.calls().len(), 0, "no sink is known");
    assert!(host.stop());
}

#[test]
fn a_rejected_configuration_is_recorded_once_per_process() {
    let process = Process::default();
    let mut hosts = [0; 3].map(|_| Host::start_in(&process, filter(), ONE_MISTAKE.as_bytes(), &[]).0);
    let mut recorded = Vec::new();
    for host in &mut hosts {
        host.settle();
        recorded.extend(records(host));
    }
    assert_eq!(recorded.len(), 1, "{recorded:#?}");
    assert_eq!(recorded[0]["event"], "audit.config.rejected");
    assert!(recorded[0]["audit"]["problems"][0].as_str().unwrap().starts_with("/issuers/0/issuer: expected"));
}

#[test]
fn a_wrong_configuration_is_refused_while_a_good_one_runs() {
    let process = Process::default();
    let (mut host, accepted) = Host::start_in(&process, filter(), CONFIG.as_bytes(), &[KEY, TOKEN]);
    assert!(accepted);
    host.tick();
    let (canary, accepted) = Host::start_in(&process, filter(), THREE_MISTAKES.as_bytes(), &[]);
    assert!(!accepted);
    assert!(canary.log().iter().any(|line| line.text.contains("/privcy")));
    assert_eq!(host.metric("oidcaudit.config.invalid"), Some(0), "the good one goes on");
    host.exchange(&token_exchange());
    host.settle();
    assert_eq!(events(&host), ["audit.start", "token.issued"]);
    // Hours later it still runs, and still is what a wrong one is refused for.
    process.advance(3_600_000);
    host.tick();
    assert!(!Host::start_in(&process, filter(), THREE_MISTAKES.as_bytes(), &[]).1);
    // Another plugin beside it is no reason to refuse: it has nothing older to go on with.
    let mut other = Host::load(&process, filter(), &[], &[]);
    other.node("plugin_name", "another");
    assert!(other.configure(THREE_MISTAKES.as_bytes()).1);
    // After it has gone, a wrong one disables.
    assert!(!host.stop());
    host.settle();
    process.advance(3_600_000);
    assert!(Host::start_in(&process, filter(), THREE_MISTAKES.as_bytes(), &[]).1);
}

#[test]
fn a_struct_configuration_is_answered_with_the_way_out() {
    let (host, _) = Host::start_in(&Process::default(), filter(), b"\x0a\x0e\x0a\x07issuers\x12\x03\x32\x01\x00", &[]);
    assert!(host.log().iter().any(|line| line.text.contains("use StringValue")), "{:?}", host.log());
}

#[test]
fn a_filter_that_is_off_looks_at_nothing() {
    let mut host = Host::start(filter(), &CONFIG.replacen('{', "{\"enabled\":false,", 1), &[KEY, TOKEN]);
    host.reset_costs();
    host.exchange(&token_exchange());
    host.tick();
    assert_eq!((host.costs().calls.len(), host.calls().len()), (0, 0));
    assert!(host.stop());
}

#[test]
fn a_batch_is_sent_again_as_it_was_until_it_is_acknowledged() {
    let mut host = start();
    host.exchange(&token_exchange());
    host.tick();
    let first = host.deliveries().remove(0);
    host.answer(first.token, Reply::status(503));
    let second = next_delivery(&mut host);
    host.answer(second.token, Reply::Nothing);
    let third = next_delivery(&mut host);
    host.answer(third.token, Reply::Response(503, vec![("retry-after", "40".to_owned())], Vec::new()));
    let fourth = next_delivery(&mut host);
    assert!(fourth.at_nanos - third.at_nanos >= 40_000_000_000, "Retry-After holds");
    host.answer(fourth.token, Reply::status(200));
    assert_eq!([&second, &third, &fourth].map(|call| call.body == first.body), [true; 3], "the bytes never change");
    assert_eq!(host.settle(), 0);
    assert_eq!(host.metric("oidcaudit.retried"), Some(3));
    assert_eq!(host.metric("oidcaudit.replies.status.none"), Some(1));
    assert_eq!(host.metric("oidcaudit.queue_bytes"), Some(0));
}

#[test]
fn a_call_that_the_host_does_not_take_is_tried_again() {
    for refusal in [Acceptance::UnknownCluster, Acceptance::Unhealthy] {
        let mut host = start();
        host.exchange(&token_exchange());
        host.accept(refusal);
        (0..5).for_each(|_| host.tick());
        assert_eq!(host.calls().len(), 0);
        host.accept(Acceptance::Taken);
        let call = next_delivery(&mut host);
        host.answer(call.token, Reply::status(200));
        assert_eq!(events(&host), ["audit.start", "token.issued"], "{refusal:?}");
    }
}

#[test]
fn a_batch_that_is_refused_as_a_whole_is_halved() {
    let mut host = start();
    (0..6).for_each(|_| host.exchange(&token_exchange()));
    host.tick();
    let whole = host.deliveries().remove(0);
    host.answer(whole.token, Reply::status(413));
    host.settle();
    assert_eq!(records(&host).len(), 7);
    assert!(host.calls().len() > 2);
}

#[test]
fn the_end_waits_for_the_last_answer() {
    let mut host = start();
    host.exchange(&token_exchange());
    assert!(!host.stop(), "not yet");
    let line = last_words(&host);
    assert!(line.contains("stream=") && line.contains(" last=3 created=3 acknowledged=0 unacknowledged=3 "), "{line}");
    let mut answered = 0;
    while !host.stopped() {
        let call = host.deliveries().into_iter().next();
        match call {
            Some(call) => host.answer(call.token, Reply::status(200)),
            None => host.tick(),
        }
        answered += 1;
        assert!(answered < 20, "the root never goes");
    }
    assert_eq!(events(&host), ["audit.start", "token.issued", "audit.stop"]);
    assert_eq!(records(&host)[2]["audit"]["reason"], "shutdown");
    assert_eq!(host.costs().calls["proxy_done"], 1);
}

#[test]
fn the_end_waits_three_seconds_at_most() {
    let mut host = start();
    host.exchange(&token_exchange());
    host.tick();
    assert!(!host.stop());
    let before = host.calls()[0].at_nanos;
    let mut ticks = 0;
    while !host.stopped() {
        host.tick();
        ticks += 1;
        assert!(ticks < 100, "the root never goes");
    }
    assert!((25..=35).contains(&ticks), "about 3 s in ticks of 100 ms: {ticks}");
    assert_eq!(host.costs().calls["proxy_done"], 1);
    assert_eq!(host.metric("oidcaudit.queue_bytes"), Some(0), "its part of the gauges is withdrawn");
    // An answer that comes too late finds nobody.
    let token = host.deliveries()[0].token;
    host.answer(token, Reply::status(200));
    assert!(before > 0);
}

#[test]
fn a_root_without_records_goes_at_once_and_says_nothing() {
    let mut host = start();
    host.tick();
    let lines = host.log().len();
    assert!(host.stop());
    assert_eq!((host.log().len(), host.calls().len()), (lines, 0));
}

#[test]
fn at_sigterm_one_batch_leaves_and_what_may_be_lost_is_said() {
    let mut host = start();
    (0..3).for_each(|_| host.exchange(&token_exchange()));
    host.stop();
    // Envoy does not wait: no tick comes, and no answer.
    assert_eq!(host.deliveries().len(), 1);
    let line = last_words(&host);
    assert!(line.contains(" created=5 acknowledged=0 unacknowledged=5 audit=2 dropped=0 "), "{line}");
}

#[test]
fn one_worker_beats_for_all_of_a_process_and_names_their_heads() {
    let process = Process::default();
    let signed = CONFIG.replace(r#""keys": {"#, r#""keys": {"signing": {"current": {"id": "s1", "env": "KEY"}},"#);
    let start = || Host::start_in(&process, filter(), signed.as_bytes(), &[KEY, TOKEN]).0;
    let mut hosts = [start(), start()];
    for host in &mut hosts {
        host.exchange(&token_exchange());
        host.settle();
    }
    for _ in 0..100 {
        hosts.iter_mut().map(Host::settle).for_each(|_| ());
    }
    let written: Vec<Vec<CheckpointLine>> = hosts.iter().map(checkpoints).collect();
    let beats: Vec<&CheckpointLine> =
        written.iter().flatten().filter(|line| line.checkpoint.kind == Kind::Beat).collect();
    assert!((2..=4).contains(&beats.len()), "{} beats in 200 seconds", beats.len());
    for beat in &beats {
        let [head] = beat.checkpoint.siblings.as_slice() else { panic!("{beat:?}") };
        assert_ne!(head.stream, beat.checkpoint.stream);
        let named =
            written.iter().flatten().find(|line| line.checkpoint.id() == format!("{}-c{}", head.stream, head.number));
        assert_eq!(named.unwrap().signed().unwrap().digest(), head.digest);
    }
    assert!(
        beats.iter().all(|beat| beat.checkpoint.stream == beats[0].checkpoint.stream),
        "one of them holds the lease"
    );

    process.advance(900_000);
    hosts.iter_mut().map(Host::settle).for_each(|_| ());
    hosts[0].exchange(&token_exchange());
    hosts[0].settle();
    let written = checkpoints(&hosts[0]);
    let last = written.last().unwrap();
    assert!(written.iter().any(|line| line.checkpoint.kind == Kind::Roll));
    assert_eq!((last.checkpoint.epoch, last.checkpoint.uptime.is_some()), (1, true));
    let certificate = last.checkpoint.certificate.unwrap();
    assert!(last.signed().unwrap().is_signed_by(&certificate.key));
    assert!(hosts.iter().all(|host| host.lines().iter().all(|line| !line.contains(KEY.1))));
}

#[test]
fn a_new_configuration_is_a_new_stream_and_the_old_one_says_why_it_ends() {
    let mut host = start();
    host.exchange(&token_exchange());
    host.settle();
    let changed = CONFIG.replace("\"/userinfo\"", "\"/me\"");
    let old = 1;
    let (_, accepted) = host.configure(changed.as_bytes());
    assert!(accepted);
    host.exchange(&token_exchange());
    host.stop_root(old);
    host.settle();
    let records = records(&host);
    let events: Vec<&str> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events.iter().filter(|event| **event == "audit.start").count(), 2, "{events:?}");
    let stop = records.iter().find(|record| record["event"] == "audit.stop").unwrap();
    assert_eq!(stop["audit"]["reason"], "reload");
    let stream = |record: &Value| record["id"].as_str().unwrap().split('-').next().unwrap().to_owned();
    assert_eq!(stream(stop), stream(&records[0]));
    let streams: std::collections::BTreeSet<String> = records.iter().map(stream).collect();
    assert_eq!(streams.len(), 2);
}

#[test]
fn whatever_happens_to_an_exchange_it_has_its_record() {
    for end in [
        End::Complete,
        End::ClientGoneMidRequest,
        End::ClientGoneBeforeResponse,
        End::ClientGoneMidResponse,
        End::UpstreamReset,
        End::EarlierFilter,
        End::LocalReply,
    ] {
        let mut host = start();
        host.exchange(&token_exchange().ending(end));
        host.settle();
        let records = records(&host);
        assert_eq!(records.len(), 2, "{end:?}: {records:#?}");
        assert!(records[1]["event"].as_str().unwrap().starts_with("token."), "{end:?}");
        assert_eq!(
            records[1]["exchange"]["log_only"].as_bool(),
            (end == End::EarlierFilter).then_some(true),
            "{end:?}"
        );
    }
}

#[test]
fn a_sidecars_outbound_side_is_the_clients() {
    for (direction, vantage, word) in [(1_u64, "idp-in", "inbound"), (2, "rp-out", "outbound")] {
        let mut host = Host::load(&Process::default(), filter(), &[KEY, TOKEN], &[]);
        host.node("xds.node.id", "sidecar~10.0.0.1~rp-7.shop~shop.svc.cluster.local");
        host.node("xds.node.metadata.NAMESPACE", "shop");
        host.configure(CONFIG.as_bytes());
        host.exchange(&token_exchange().property("xds.listener_direction", direction.to_le_bytes()));
        host.settle();
        let record = &records(&host)[1];
        assert_eq!(record["vantage"], vantage);
        assert_eq!(
            (&record["observer"]["namespace"], &record["observer"]["direction"]),
            (&"shop".into(), &word.into())
        );
    }
}

#[test]
fn trailers_end_a_body() {
    let mut host = start();
    let script = token_exchange();
    let stream = host.open(&script);
    host.request_headers(stream, false);
    host.request_body(stream, &script.request_body[0], false);
    host.response_headers(stream, false);
    host.response_body(stream, &script.response_body[0], false);
    host.trailers(stream);
    host.finish(stream);
    host.settle();
    let integrity = &records(&host)[1]["integrity"];
    assert_eq!((&integrity["request_body"], &integrity["response_body"]), (&"complete".into(), &"complete".into()));
}

#[test]
fn a_huge_body_is_cut_and_nothing_grows() {
    let mut host = start();
    let mut script = token_exchange();
    script.request_body = vec![vec![b'a'; 1 << 20]; 10];
    host.exchange(&script);
    host.settle();
    let record = &records(&host)[1];
    assert_eq!(record["integrity"]["request_body"], "truncated");
    assert_eq!(host.metric("oidcaudit.bodies_truncated"), Some(1));
}

#[test]
fn bytes_that_are_no_text_never_trap() {
    let every: Vec<u8> = (0..=255).collect();
    for name in [
        "authorization",
        "content-type",
        "cookie",
        "content-encoding",
        "user-agent",
        "x-request-id",
        "traceparent",
        "x-forwarded-for",
        "upgrade",
    ] {
        let mut host = start();
        host.exchange(&token_exchange().with(name, b"\xff"));
        host.exchange(&token_exchange().with(name, &every));
        host.exchange(&token_exchange().answering_with(name, &every));
        host.settle();
        assert!(records(&host).len() >= 2, "{name}");
    }
    let mut host = start();
    for field in 0..5 {
        for bytes in [&b"\xff"[..], &every, b"", b"\0", b"/\xc3\x28"] {
            let mut script = token_exchange();
            script.request[field].1 = bytes.to_vec();
            host.exchange(&script);
            let mut script = token_exchange();
            script.response.as_mut().unwrap()[0].1 = bytes.to_vec();
            host.exchange(&script);
        }
    }
    host.exchange(&Script::default());
    host.exchange(&Script::default().ending(End::EarlierFilter));
    for property in
        ["request.time", "source.address", "connection.mtls", "xds.listener_direction", "connection.tls_version"]
    {
        host.exchange(&token_exchange().property(property, b"\xff"));
        host.exchange(&token_exchange().property(property, b""));
    }
    host.settle();
    for line in host.records() {
        serde_json::from_str::<Value>(&line).unwrap();
    }
}

#[test]
fn callbacks_in_any_order_never_trap() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let mut host = start();
        let mut streams = Vec::new();
        for _ in 0..200 {
            match random.below(12) {
                0 | 1 => streams.push(host.open(&any_script(&mut random))),
                2 if !streams.is_empty() => host.finish(streams.swap_remove(random.below(streams.len()))),
                3 if !streams.is_empty() => host.close(streams.swap_remove(random.below(streams.len()))),
                4 => host.tick(),
                5 => {
                    if let Some(call) = host.deliveries().first() {
                        let reply = match random.below(5) {
                            0 => Reply::Nothing,
                            1 => Reply::status(503),
                            2 => Reply::Response(200, Vec::new(), vec![0xff; 300]),
                            _ => Reply::status(200),
                        };
                        host.answer(call.token, reply);
                    }
                }
                callback if !streams.is_empty() => {
                    let stream = streams[random.below(streams.len())];
                    let (chunk, end) = (vec![b'x'; random.below(3_000)], random.below(2) == 0);
                    match callback % 5 {
                        0 => host.request_headers(stream, end),
                        1 => host.request_body(stream, &chunk, end),
                        2 => host.response_headers(stream, end),
                        3 => host.response_body(stream, &chunk, end),
                        _ => host.log_phase(stream),
                    }
                }
                _ => {}
            }
        }
        streams.into_iter().for_each(|stream| host.finish(stream));
        host.settle();
        assert_eq!(host.metric("oidcaudit.created"), host.metric("oidcaudit.acknowledged"), "seed {seed}");
    }
}

#[test]
fn a_host_that_lacks_a_function_is_no_reason_to_trap() {
    for missing in [
        "proxy_log",
        "proxy_get_current_time_nanoseconds",
        "proxy_set_tick_period_milliseconds",
        "proxy_get_header_map_pairs",
        "proxy_get_header_map_value",
        "proxy_get_buffer_bytes",
        "proxy_get_property",
        "proxy_get_shared_data",
        "proxy_set_shared_data",
        "proxy_define_metric",
        "proxy_increment_metric",
        "proxy_record_metric",
        "proxy_done",
        "random_get",
    ] {
        let mut host = Host::load(&Process::default(), filter(), &[KEY, TOKEN], &[missing]);
        host.configure(CONFIG.as_bytes());
        host.configure(KEYLESS.as_bytes());
        host.exchange(&token_exchange());
        host.exchange(&token_exchange().ending(End::EarlierFilter));
        (0..3).for_each(|_| host.tick());
        for call in host.deliveries() {
            host.answer(call.token, Reply::status(200));
        }
        host.stop();
        (0..3).for_each(|_| host.tick());
    }
}

#[test]
fn vms_of_a_process_share_the_keys_that_it_drew() {
    let process = Process::default();
    let mut hosts = [0; 2].map(|_| Host::start_in(&process, filter(), KEYLESS.as_bytes(), &[]).0);
    let mut seen = Vec::new();
    for host in &mut hosts {
        host.exchange(&token_exchange());
        host.settle();
        let records = records(host);
        assert_eq!(records[0]["audit"]["keys"], "ephemeral");
        seen.push(records[1]["join"]["code"].clone());
    }
    assert!(seen[0].is_array() && seen[0] == seen[1], "{seen:?}");
    // Another process has others.
    let mut other = Host::start_in(&Process::default(), filter(), KEYLESS.as_bytes(), &[]).0;
    other.exchange(&Script::new("GET", "idp.example.com", "/none", 200));
    other.exchange(&token_exchange());
    other.settle();
    assert_eq!(records(&other)[1]["join"]["code"].as_array().map(Vec::len), Some(1));
}

#[test]
fn one_vm_fetches_metadata_and_keys_and_all_know_them() {
    let process = Process::default();
    let mut hosts = [0; 3].map(|_| Host::start_in(&process, filter(), FETCHING.as_bytes(), &[]).0);
    let mut paths = Vec::new();
    for _ in 0..10 {
        for host in &mut hosts {
            host.tick();
            for call in host.deliveries() {
                assert_eq!(call.cluster, "idp");
                assert_eq!(call.header(":authority").as_deref(), Some("idp.example.com"));
                let path = call.header(":path").unwrap();
                let document = if path == "/k" { JWKS } else { METADATA };
                paths.push(path);
                host.answer(call.token, Reply::Response(200, Vec::new(), document.as_bytes().to_vec()));
            }
        }
    }
    assert_eq!(paths, ["/.well-known/openid-configuration", "/k"], "one of them asks");
    assert_eq!(hosts[0].metric("oidcaudit.learned"), Some(6), "all of them know");
    for host in &mut hosts {
        let mut script = token_exchange().answering("application/json", ID_TOKEN);
        script.request[1].1 = b"/t".to_vec();
        host.exchange(&script);
        host.settle();
        let record = &records(host)[1];
        assert_eq!(
            (&record["recognition"], &record["id_token"]["signature"]),
            (&"discovered".into(), &"verified".into())
        );
    }
}

#[test]
fn a_fetch_that_fails_is_tried_again_later() {
    let mut host = Host::start(filter(), FETCHING, &[]);
    let first = next_delivery(&mut host);
    host.answer(first.token, Reply::Nothing);
    let second = next_delivery(&mut host);
    host.answer(second.token, Reply::status(503));
    let third = next_delivery(&mut host);
    host.answer(third.token, Reply::Response(200, Vec::new(), METADATA.as_bytes().to_vec()));
    host.tick();
    assert_eq!(host.metric("oidcaudit.learned"), Some(1));
}

#[test]
fn a_document_that_passes_by_is_learned_and_shared() {
    let process = Process::default();
    let mut hosts = [0; 2].map(|_| Host::start_in(&process, filter(), KEYLESS.as_bytes(), &[]).0);
    let passing = Script::new("GET", "idp.example.com", "/.well-known/openid-configuration", 200);
    hosts[0].exchange(&passing.answering("application/json", METADATA));
    hosts[1].tick();
    hosts[0].tick();
    assert_eq!(hosts[0].metric("oidcaudit.learned"), Some(2));
    assert!(process.shared_keys().iter().all(|key| key.starts_with("oidc-audit/1/")));
}

#[test]
fn secrets_leave_for_the_sink_alone() {
    let mut host = start();
    host.exchange(&token_exchange().with("cookie", "session=cookie-secret-3"));
    host.settle();
    host.stop();
    let secrets = [KEY.1, TOKEN.1, "client-secret-5", "code-secret-1", "at-secret-2", "rt-secret-4", "cookie-secret-3"];
    let written = host.records().join("\n") + &host.log().iter().map(|line| line.text.clone()).collect::<String>();
    for secret in secrets {
        assert!(!written.contains(secret), "{secret}");
    }
    let process = host.process();
    for key in process.shared_keys() {
        let value = process.shared(&key).unwrap();
        assert!(
            !secrets.iter().any(|secret| value.windows(secret.len()).any(|part| part == secret.as_bytes())),
            "{key}"
        );
    }
}

fn start() -> Host {
    Host::start(filter(), CONFIG, &[KEY, TOKEN])
}

/// A code is redeemed.
fn token_exchange() -> Script {
    let request = "grant_type=authorization_code&code=code-secret-1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
    let response =
        r#"{"access_token":"at-secret-2","token_type":"Bearer","expires_in":300,"refresh_token":"rt-secret-4"}"#;
    Script::new("POST", "idp.example.com", "/token", 200)
        // web:client-secret-5
        .with("authorization", "Basic d2ViOmNsaWVudC1zZWNyZXQtNQ==")
        .sending(FORM, request)
        .answering("application/json", response)
}

fn any_script(random: &mut Random) -> Script {
    let authority = ["idp.example.com", "shop.example.com"][random.below(2)];
    let path =
        ["/token", "/auth?client_id=web&response_type=code", "/userinfo", "/logout", "/x", "*", ""][random.below(7)];
    let method = ["GET", "POST", "HEAD", "OPTIONS", "CONNECT"][random.below(5)];
    let status = [200, 302, 400, 101, 204, 503][random.below(6)];
    let script = Script::new(method, authority, path, status).with("content-type", FORM);
    let media_type = ["application/json", "text/html", "application/grpc"][random.below(3)];
    script
        .answering_with("content-type", media_type)
        .answering_with("location", "https://app.example.com/cb?code=1&state=2")
}

/// Ticks until a call is made.
fn next_delivery(host: &mut Host) -> host::Call {
    for _ in 0..120 {
        host.tick();
        if let Some(call) = host.deliveries().into_iter().next() {
            return call;
        }
    }
    panic!("no call in two minutes")
}

fn last_words(host: &Host) -> String {
    let lines: Vec<&str> =
        host.log().iter().map(|line| line.text.as_str()).filter(|text| text.contains("unacknowledged=")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].to_owned()
}

fn events(host: &Host) -> Vec<String> {
    records(host).iter().map(|record| record["event"].as_str().unwrap().to_owned()).collect()
}

fn checkpoints(host: &Host) -> Vec<CheckpointLine> {
    host.lines().iter().filter_map(|line| CheckpointLine::parse(line).ok()).collect()
}

fn records(host: &Host) -> Vec<Value> {
    host.records().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// xorshift64*: the same for each seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed >> 33) % u64::try_from(limit).unwrap()).unwrap()
    }
}
