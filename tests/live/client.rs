//! A plain HTTP/1.1 client that can misbehave.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

pub(crate) fn get(port: u16, path: &str) -> Option<Response> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    send(&stream, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
    receive(&mut BufReader::new(stream))
}

/// One request on a connection of its own, to a server that may be gone.
pub(crate) fn try_request(port: u16, bytes: &[u8]) -> Option<Response> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    send(&stream, bytes);
    receive(&mut BufReader::new(stream))
}

/// One request on a connection of its own.
pub(crate) fn request(port: u16, bytes: &[u8]) -> Option<Response> {
    let stream = connect(port);
    send(&stream, bytes);
    receive(&mut BufReader::new(stream))
}

pub(crate) fn send(mut stream: &TcpStream, bytes: &[u8]) {
    // an early answer closes the connection while a large body is still on its way
    stream.write_all(bytes).ok();
}

pub(crate) fn receive(reader: &mut impl BufRead) -> Option<Response> {
    let (head, body) = message(reader)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, head, body })
}

/// Head and body of a message in either direction; `None` when it ends early.
pub(crate) fn message(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let lower = head.to_ascii_lowercase();
    if lower.contains("transfer-encoding: chunked") {
        return Some((head, chunked(reader)?));
    }
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn chunked(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        chunk.truncate(size);
        body.extend(chunk);
    }
}

/// A form POST to the token endpoint, as a client sends it.
pub(crate) fn token_request(body: &str, authorization: Option<&str>) -> Vec<u8> {
    let authorization = authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "POST /token HTTP/1.1\r\nhost: idp.example.test\r\ncontent-type: application/x-www-form-urlencoded\r\n{authorization}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
