#![cfg(test)]
//! `oidc-audit collect` as a process, over real sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;

use collector::{Answer, Collector, STREAM, record};
use process::{folder, output, text};

mod binding;
mod collector;
mod evidence;
mod findings;
mod lookup;
mod parting;
#[path = "../process/mod.rs"]
mod process;
mod tls;

#[test]
fn a_batch_is_in_a_private_file_when_it_is_answered() {
    let collector = Collector::start(&folder().join("deeper/records"), &[]);
    let answer = collector.post(format!("{}{}", record(1, ""), record(2, "")).as_bytes());
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"stored":2,"refused":[]}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let segments = collector.segments();
    let [(name, content)] = segments.as_slice() else { panic!("{segments:?}") };
    assert_eq!(content, &format!("{}{}", record(1, ""), record(2, "")));
    assert!(name.starts_with("records-20") && name.len() == "records-2026-11-23T23.jsonl".len(), "{name}");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(collector.dir.join(name)), mode(collector.dir.clone())), (0o600, 0o700));
}

#[test]
fn good_lines_are_stored_and_bad_ones_are_refused_one_by_one() {
    let collector = Collector::start(&folder(), &[]);
    let mut body = format!("nonsense\n{}{{\"id\":\"x\"}}\n[1]\n{{\"a\":1}}\n", record(1, "")).into_bytes();
    body.extend_from_slice(b"{\"id\":\"\xff\"}\n");
    body.extend_from_slice(record(2, &format!(",\"pad\":\"{}\"", "x".repeat(64 * 1024))).as_bytes());
    body.extend_from_slice(record(3, "").trim_end().as_bytes());
    let answer = collector.post(&body);
    let expected = concat!(
        r#"{"stored":2,"refused":[{"line":1,"why":"not_json"},{"line":3,"why":"bad_id"},{"line":4,"why":"not_an_object"},"#,
        r#"{"line":5,"why":"no_id"},{"line":6,"why":"not_utf8"},{"line":7,"why":"too_long"}]}"#
    );
    assert_eq!((answer.status, answer.body.as_str()), (200, expected));
    assert_eq!(collector.lines().len(), 2);
}

#[test]
fn a_repetition_is_answered_as_stored_and_other_bytes_are_a_conflict_also_after_a_restart() {
    let dir = folder();
    let mut collector = Collector::start(&dir, &[]);
    assert_eq!(collector.post(record(1, "").as_bytes()).status, 200);
    for round in 0..2 {
        let again = collector.post(format!("{}{}", record(1, ""), record(1, ",\"z\":1")).as_bytes());
        let conflict = format!(r#"{{"stored":1,"refused":[{{"id":"{STREAM}-1","line":2,"why":"conflict"}}]}}"#);
        assert_eq!((again.status, again.body), (200, conflict), "round {round}");
        assert_eq!(collector.lines().len(), 1);
        let (status, out, _) = collector.stop();
        assert!(status.success());
        assert!(out.starts_with("stopped: ") && out.contains("1 refused"), "{out}");
        collector = Collector::start(&dir, &[]);
    }
}

#[test]
fn a_torn_line_is_moved_aside_and_never_glued_to_the_next_record() {
    let dir = folder();
    let mut collector = Collector::start(&dir, &[]);
    collector.post(record(1, "").as_bytes());
    let name = collector.segments()[0].0.clone();
    collector.signal("KILL");
    collector.wait();
    fs::OpenOptions::new().append(true).open(dir.join(&name)).unwrap().write_all(b"{\"id\":\"torn").unwrap();

    let mut collector = Collector::start(&dir, &[]);
    collector.post(record(2, "").as_bytes());
    assert_eq!(collector.lines().concat(), format!("{}{}", record(1, ""), record(2, "")).replace('\n', ""));
    assert_eq!(fs::read_to_string(dir.join(format!("{name}.torn-1"))).unwrap(), "{\"id\":\"torn");
    let (_, _, err) = collector.stop();
    assert!(err.contains("its last 11 bytes are now in"), "{err}");
}

#[test]
fn a_disk_that_is_nearly_full_is_507_and_nothing_is_written() {
    let mut collector = Collector::start(&folder(), &["--min-free", "100%"]);
    for answer in [collector.post(record(1, "").as_bytes()), collector.send("GET", "/healthz", &[], b"")] {
        assert_eq!((answer.status, answer.header("retry-after")), (507, Some("30")));
    }
    assert_eq!(collector.segments(), []);
    let (_, out, err) = collector.stop();
    assert!(err.contains("the disk is nearly full") && out.contains("stopped: 0 records"), "{out}{err}");
}

#[test]
fn a_request_in_flight_at_sigterm_is_answered_and_stored() {
    let mut collector = Collector::start(&folder(), &[]);
    let body = record(1, "");
    let mut stream = collector.connect();
    // 100-continue says when the request has begun: then comes the signal, then the rest of the body.
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(text(&interim), "HTTP/1.1 100 Continue\r\n\r\n");
    collector.signal("TERM");
    while std::net::TcpStream::connect(collector.address).is_ok() {
        thread::yield_now();
    }
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(Answer::read(stream).status, 200);
    let (status, out, err) = collector.wait();
    assert!(status.success(), "{err}");
    assert_eq!(out, "stopped: 1 records written to 1 files, 0 sent again, 0 refused\n");
    assert_eq!(collector.lines().len(), 1);
}

#[test]
fn what_was_answered_survives_kill_9_and_is_there_once() {
    let mut collector = Collector::start(&folder(), &["--segment-size", "16KiB"]);
    let answered: BTreeSet<u64> = thread::scope(|scope| {
        let collector = &collector;
        let senders: Vec<_> = (0..8_u64)
            .map(|sender| {
                scope.spawn(move || {
                    let numbers = (0..50).map(|n| sender * 50 + n + 1);
                    numbers.filter(|n| collector.post(record(*n, "").as_bytes()).status == 200).collect::<Vec<_>>()
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    collector.signal("KILL");
    collector.wait();
    let mut stored = BTreeMap::<String, u32>::new();
    collector.lines().into_iter().for_each(|line| *stored.entry(line).or_default() += 1);
    assert_eq!(answered.len(), 400);
    assert_eq!(stored.len(), 400);
    assert!(stored.values().all(|count| *count == 1));
    let segments = collector.segments();
    assert!(segments.len() > 1, "no rotation by size");
    assert!(segments.iter().all(|(_, content)| content.len() <= 16 * 1024));
}

#[test]
fn a_write_that_breaks_off_leaves_whole_lines_and_the_next_file_goes_on() {
    // With the signal ignored, a file that reaches its limit is an error in the middle of a write.
    let dir = folder();
    let collector = Collector::start_as(&dir, "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"");
    let (mut answered, mut broken) = (0, 0);
    for number in 1..=20 {
        let body = record(number, &format!(",\"pad\":\"{}\"", "x".repeat(1_000)));
        while collector.post(body.as_bytes()).status != 200 {
            broken += 1;
        }
        answered += 1;
    }
    let segments = collector.segments();
    assert!((1..=answered).contains(&broken) && segments.len() > 1, "{broken} of {answered}");
    assert!(segments.iter().all(|(_, content)| content.is_empty() || content.ends_with('\n')));
    assert_eq!(collector.lines().len(), 20);
    assert_eq!(collector.lines().into_iter().collect::<BTreeSet<_>>().len(), 20);
}

#[test]
fn bodies_over_the_limit_are_413_however_they_are_sent() {
    let collector = Collector::start(&folder(), &["--max-body", "4KiB"]);
    let long = record(1, &format!(",\"pad\":\"{}\"", "x".repeat(8 * 1024)));
    assert_eq!(collector.post(long.as_bytes()).status, 413);
    let mut huge = collector.connect();
    huge.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n").unwrap();
    assert_eq!(Answer::read(huge).status, 413);
    let mut chunked = collector.connect();
    chunked
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    chunked.write_all(format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len()).as_bytes()).unwrap();
    assert_eq!(Answer::read(chunked).status, 413);
    assert_eq!(collector.send("POST", "/", &[("content-encoding", "gzip")], &gzip(long.as_bytes())).status, 413);
    assert_eq!(collector.post(record(2, "").as_bytes()).status, 200);
    assert_eq!(collector.lines().len(), 1);
}

#[test]
fn gzip_is_read_and_other_encodings_are_415() {
    let collector = Collector::start(&folder(), &[]);
    let body = gzip(record(1, "").as_bytes());
    assert_eq!(
        collector.send("POST", "/", &[("content-encoding", "gzip")], &body).body,
        r#"{"stored":1,"refused":[]}"#
    );
    assert_eq!(collector.send("POST", "/", &[("content-encoding", "gzip")], b"not gzip").status, 400);
    let brotli = collector.send("POST", "/", &[("content-encoding", "br")], b"");
    assert_eq!((brotli.status, brotli.header("accept-encoding")), (415, Some("gzip")));
    let twice = collector.send("POST", "/", &[("content-encoding", "gzip"), ("content-encoding", "gzip")], &body);
    assert_eq!(twice.status, 415);
}

#[test]
fn other_paths_are_404_and_other_methods_405() {
    let collector = Collector::start(&folder(), &["--path", "/in"]);
    assert_eq!(collector.post(record(1, "").as_bytes()).status, 404);
    assert_eq!(collector.send("POST", "/in?x=1", &[], record(1, "").as_bytes()).status, 200);
    let get = collector.send("GET", "/in", &[], b"");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    let health = collector.send("GET", "/healthz", &[], b"");
    assert_eq!((health.status, health.body.as_str()), (200, r#"{"status":"ok"}"#));
    assert_eq!(collector.send("POST", "/healthz", &[], b"").status, 405);
}

#[test]
fn a_bearer_token_is_needed_where_one_is_configured() {
    let collector = Collector::start_with(&folder(), &["--token-env", "SOME_TOKEN"], |command| {
        command.env("SOME_TOKEN", "0123456789abcdef");
    });
    let body = record(1, "");
    let send = |headers: &[(&str, &str)]| collector.send("POST", "/", headers, body.as_bytes());
    let stranger = send(&[]);
    assert_eq!((stranger.status, stranger.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(send(&[("authorization", "Bearer 0123456789abcdeX")]).status, 401);
    assert_eq!(send(&[("authorization", "Bearer 0123456789abcdef")]).status, 200);
}

#[test]
fn slow_clients_are_let_go() {
    let collector = Collector::start(&folder(), &["--timeout", "1"]);
    let mut silent = collector.connect();
    silent.write_all(b"P").unwrap();
    let mut slow = collector.connect();
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\n1").unwrap();
    assert_eq!(silent.read(&mut [0; 64]).unwrap_or(0), 0);
    assert_eq!(Answer::read(slow).status, 408);
}

#[test]
fn connections_over_the_cap_wait_for_their_turn() {
    let collector = Collector::start(&folder(), &["--max-connections", "1"]);
    let first = collector.connect();
    thread::scope(|scope| {
        let second = scope.spawn(|| collector.post(record(1, "").as_bytes()));
        first.shutdown(Shutdown::Both).unwrap();
        assert_eq!(second.join().unwrap().status, 200);
    });
}

#[test]
fn a_directory_has_one_collector() {
    let collector = Collector::start(&folder(), &[]);
    let second = output(&["collect", "--listen", "127.0.0.1:0", "--dir", collector.dir.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(2));
    assert!(text(&second.stderr).contains("another collector writes to"), "{}", text(&second.stderr));
}

#[test]
fn off_loopback_it_wants_tls_and_to_know_who_sends() {
    let dir = folder();
    let refused = output(&["collect", "--listen", "0.0.0.0:0", "--dir", dir.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    let expected = "oidc-audit: error: 0.0.0.0:0 is not loopback: it needs TLS, and a token or a client CA\n  give --tls-cert \
                    and --tls-key, and --token-env, --token-file or --client-ca; or listen on 127.0.0.1\n";
    assert_eq!(text(&refused.stderr), expected);
    let token = dir.join("token");
    fs::write(&token, "0123456789abcdef\n").unwrap();
    let token = token.to_str().unwrap();
    let refused = output(&["collect", "--listen", "0.0.0.0:0", "--dir", dir.to_str().unwrap(), "--token-file", token]);
    assert!(text(&refused.stderr).contains("it needs TLS\n"), "{}", text(&refused.stderr));
}

#[test]
fn the_ready_file_holds_the_address_while_records_can_be_sent() {
    let dir = folder();
    let ready = dir.join("ready");
    let mut collector = Collector::start(&dir.join("records"), &["--ready-file", ready.to_str().unwrap()]);
    while !ready.exists() {
        thread::yield_now();
    }
    assert_eq!(fs::read_to_string(&ready).unwrap(), format!("{}\n", collector.address));
    collector.stop();
    assert!(!ready.exists());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
