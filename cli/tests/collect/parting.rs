//! A proxy that stops: it writes its last batch and is gone, without waiting for the answer.

use std::io::Write;
use std::time::Duration;

use crate::collector::{Collector, record};
use crate::process::folder;

#[test]
fn the_last_batch_of_a_proxy_that_is_gone_is_stored_over_http_2() {
    let collector = Collector::start(&folder(), &[]);
    for number in 1..=20 {
        let body = record(number, "");
        let mut stream = collector.connect();
        stream.write_all(&http2(body.as_bytes())).unwrap();
        drop(stream);
    }
    assert_eq!(stored(&collector, 20), 20);
}

#[test]
fn the_last_batch_of_a_proxy_that_is_gone_is_stored_over_http_1() {
    let collector = Collector::start(&folder(), &[]);
    for number in 1..=20 {
        let body = record(number, "");
        let mut stream = collector.connect();
        let length = body.len();
        write!(stream, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        drop(stream);
    }
    assert_eq!(stored(&collector, 20), 20);
}

#[test]
fn half_a_batch_of_a_proxy_that_is_gone_is_not_stored() {
    let collector = Collector::start(&folder(), &[]);
    let (whole, body) = (record(1, ""), format!("{}{}", record(2, ""), record(3, "")));
    let bytes = http2(body.as_bytes());
    collector.connect().write_all(&bytes[..bytes.len() - 10]).unwrap();
    collector.connect().write_all(&http2(whole.as_bytes())).unwrap();
    assert_eq!(stored(&collector, 1), 1);
    assert_eq!(collector.lines(), [whole.trim_end()]);
}

/// How many lines there are once there are `expected`, or no more come.
fn stored(collector: &Collector, expected: usize) -> usize {
    for _ in 0..500 {
        if collector.lines().len() >= expected {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    collector.lines().len()
}

/// A whole connection with prior knowledge (RFC 9113): preface, settings, and one POST with its body.
fn http2(body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    // RFC 7541: indexed :method POST, :scheme http and :path /; literal :authority and content-length.
    let mut head = vec![0x83, 0x86, 0x84, 0x01, 0x01, b'x', 0x0f, 0x0d, u8::try_from(length.len()).unwrap()];
    head.extend_from_slice(length.as_bytes());
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    for (kind, flags, stream, payload) in [(4, 0, 0, &[][..]), (1, 4, 1, &head), (0, 1, 1, body)] {
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
        bytes.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
        bytes.extend_from_slice(payload);
    }
    bytes
}
