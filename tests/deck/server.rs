//! A server that answers the exchange whose number the request carries.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::{Deck, NUMBER};
use crate::live::client;

/// Starts the server and gives its port; it lives as long as the test process.
pub(crate) fn start(deck: &'static Deck) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(deck, &stream));
        }
    });
    port
}

fn serve(deck: &Deck, mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (head, _) = client::message(&mut reader)?;
        let number = head.lines().find_map(|line| line.strip_prefix(NUMBER)?.strip_prefix(':')?.trim().parse().ok());
        let play = number.map(|number| deck.play(number));
        let answer = play.as_ref().map_or(SIGNED_ON, |play| &play.response);
        stream.write_all(answer).ok()?;
        if play.is_some_and(|play| play.closes) {
            return None;
        }
    }
}

/// For a request without a number.
const SIGNED_ON: &[u8] =
    b"HTTP/1.1 302 Found\r\nlocation: https://app.example.test/cb?code=c&state=s\r\ncontent-length: 0\r\n\r\n";
