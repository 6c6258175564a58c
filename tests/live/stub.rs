//! An authorization server that answers at once: what the filter records is under test here, not the server.
//!
//! `/auth` redirects with a fresh code, `/token` issues for known codes and refuses garbage, `/userinfo` answers,
//! `/slow` and `/token?slow` send half an answer and wait, anything else is a page.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::client;

static SERIAL: AtomicU64 = AtomicU64::new(1);

/// Starts the server and gives its port; it lives as long as the test process.
pub(crate) fn start() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream));
        }
    });
    port
}

fn serve(stream: &TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((head, body)) = client::message(&mut reader) {
        let path = head.split(' ').nth(1).unwrap_or("/");
        if answer(stream, path, &String::from_utf8_lossy(&body)).is_none() {
            return;
        }
    }
}

fn answer(mut stream: &TcpStream, path: &str, body: &str) -> Option<()> {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let text = match path.split('?').next()? {
        "/auth" => format!(
            "HTTP/1.1 302 Found\r\nlocation: https://app.example.test/cb?code=code-{serial:032}&state=state-{serial:032}\r\ncontent-length: 0\r\n\r\n"
        ),
        "/token" if path.contains("slow") => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"access_token\":\"").ok()?;
            thread::sleep(Duration::from_secs(2));
            return None;
        }
        "/token" if body.contains("code=code-") => json("200 OK", &tokens(serial)),
        "/token" => json("400 Bad Request", r#"{"error":"invalid_grant"}"#),
        "/userinfo" => json("200 OK", r#"{"sub":"user-1","email":"user-1@example.test"}"#),
        _ => "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 11\r\n\r\n<p>page</p>".to_owned(),
    };
    stream.write_all(text.as_bytes()).ok()
}

fn tokens(serial: u64) -> String {
    format!(
        r#"{{"access_token":"access-{serial:032}","token_type":"Bearer","expires_in":300,"refresh_token":"refresh-{serial:032}","scope":"openid email"}}"#
    )
}

fn json(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
