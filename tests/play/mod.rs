//! Plays an exchange over real connections: a client and a server that end it as the fixture says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::support::fixture::{End, Exchange, MISSING, Message, pieces};

/// What both ends saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What the server received.
    pub(crate) upstream: Option<Received>,
    /// What the client received.
    pub(crate) client: Option<Received>,
}

/// A message as it arrived.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) start: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// How a server's pieces come, and its trailers.
#[derive(Debug)]
pub(crate) struct Manner<'a> {
    pub(crate) chunks: &'a [usize],
    pub(crate) trailers: &'a [String],
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Plays `exchange` through the proxy at `port`, with the server at `upstream`.
pub(crate) fn play(port: u16, upstream: &TcpListener, exchange: &Exchange, manner: &Manner<'_>) -> Seen {
    let (arrived, arrival) = channel();
    let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_nodelay(true).unwrap();
    thread::scope(|scope| {
        let server = scope.spawn(|| serve(upstream, exchange, manner, &arrived));
        let writer = scope.spawn(|| {
            // an early answer closes the connection while a large body is still on its way
            (&client).write_all(&request_bytes(exchange)).ok();
        });
        let received = receive(&client, exchange, &arrival);
        client.shutdown(Shutdown::Both).ok();
        writer.join().unwrap();
        Seen { upstream: server.join().unwrap(), client: received }
    })
}

fn request_bytes(exchange: &Exchange) -> Vec<u8> {
    let request = &exchange.request;
    let mut bytes = [&request.start.0, b" ".as_slice(), &request.start.1, b" HTTP/1.1\r\n"].concat();
    fields(&mut bytes, request);
    let missing = if exchange.end.cuts_request() { MISSING } else { 0 };
    if request.body.len() + missing > 0 {
        bytes.extend(format!("content-length: {}\r\n", request.body.len() + missing).into_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

fn fields(bytes: &mut Vec<u8>, message: &Message) {
    for (name, value) in &message.fields {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// The client's half after the request.
fn receive(client: &TcpStream, exchange: &Exchange, arrival: &Receiver<()>) -> Option<Received> {
    match exchange.end {
        End::ClientGoneBeforeResponse | End::ClientGoneMidRequest => {
            arrival.recv_timeout(PATIENCE).ok();
            None
        }
        End::ClientGoneMidResponse => {
            let wanted = exchange.response.as_ref().map_or(0, |response| response.body.len());
            message(&mut BufReader::new(client), Some(wanted))
        }
        End::Complete | End::EarlyResponse | End::UpstreamReset => message(&mut BufReader::new(client), None),
    }
}

/// The server's side; `None` when nothing arrived.
fn serve(listener: &TcpListener, exchange: &Exchange, manner: &Manner<'_>, arrived: &Sender<()>) -> Option<Received> {
    let stream = accept(listener)?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let sent = exchange.request.body.len();
    let cut = exchange.end.cuts_request().then_some(sent);
    let received = message(&mut reader, cut);
    arrived.send(()).ok();
    if let Some(response) = &exchange.response {
        // the client may have gone
        respond(&stream, response, exchange.end, manner).ok();
    }
    if exchange.end == End::UpstreamReset {
        stream.shutdown(Shutdown::Both).ok();
    } else {
        reader.read_to_end(&mut Vec::new()).ok();
    }
    received
}

fn accept(listener: &TcpListener) -> Option<TcpStream> {
    for _ in 0..2_000 {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return Some(stream);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

fn respond(mut stream: &TcpStream, response: &Message, end: End, manner: &Manner<'_>) -> std::io::Result<()> {
    let mut head = [b"HTTP/1.1 ".as_slice(), &response.start.0, b" ", &response.start.1, b"\r\n"].concat();
    fields(&mut head, response);
    if let Some(length) = response.response_length(end) {
        head.extend(format!("content-length: {length}\r\n").into_bytes());
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head)?;
    for piece in pieces(&response.body, manner.chunks) {
        if response.chunked() {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
            stream.write_all(piece)?;
            stream.write_all(b"\r\n")?;
        } else {
            stream.write_all(piece)?;
        }
    }
    if response.chunked() {
        stream.write_all(b"0\r\n")?;
        for trailer in manner.trailers {
            stream.write_all(format!("{trailer}\r\n").as_bytes())?;
        }
        stream.write_all(b"\r\n")?;
    }
    stream.flush()
}

/// Reads a message; at most `limit` bytes of its body, where one is given.
fn message(reader: &mut impl BufRead, limit: Option<usize>) -> Option<Received> {
    let mut received = Received { start: line(reader)?, ..Received::default() };
    loop {
        let mut field = Vec::new();
        reader.read_until(b'\n', &mut field).ok()?;
        let field = field.strip_suffix(b"\r\n")?;
        if field.is_empty() {
            break;
        }
        let colon = field.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&field[..colon]).to_ascii_lowercase();
        received.fields.push((name, field[colon + 1..].trim_ascii().to_vec()));
    }
    received.body(reader, limit);
    Some(received)
}

impl Received {
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_slice())
    }

    fn body(&mut self, reader: &mut impl BufRead, limit: Option<usize>) {
        if self.field("transfer-encoding").is_some() {
            while let Some(size) = line(reader).and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) {
                if size == 0 {
                    while line(reader).is_some_and(|trailer| !trailer.is_empty()) {}
                    return;
                }
                reader.take(size as u64).read_to_end(&mut self.body).ok();
                line(reader);
            }
            return;
        }
        let length = self.field("content-length").and_then(|value| str::from_utf8(value).ok()?.parse().ok());
        let length: usize = length.unwrap_or(0);
        let wanted = limit.map_or(length, |limit| limit.min(length));
        let mut chunk = [0; 16 * 1024];
        while self.body.len() < wanted {
            let room = chunk.len().min(wanted - self.body.len());
            match reader.read(&mut chunk[..room]) {
                Ok(0) | Err(_) => return,
                Ok(read) => self.body.extend_from_slice(&chunk[..read]),
            }
        }
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
}

/// Checks that the proxy passed everything on as it came.
pub(crate) fn passive(exchange: &Exchange, seen: &Seen) -> Result<(), String> {
    let upstream = seen.upstream.as_ref().ok_or("the server received nothing")?;
    let target = String::from_utf8_lossy(&exchange.request.start.1);
    let method = String::from_utf8_lossy(&exchange.request.start.0);
    if upstream.start != format!("{method} {target} HTTP/1.1") {
        return Err("the request line changed on its way".to_owned());
    }
    passed("request", &exchange.request, upstream)?;
    match (&exchange.response, &seen.client, exchange.end) {
        (_, None, End::ClientGoneBeforeResponse | End::ClientGoneMidRequest) => Ok(()),
        (None, Some(client), End::UpstreamReset) if client.start.starts_with("HTTP/1.1 503 ") => Ok(()),
        (Some(response), Some(client), _) => {
            let status = format!("HTTP/1.1 {} ", String::from_utf8_lossy(&response.start.0));
            if !client.start.starts_with(&status) {
                return Err(format!("the client received {}", client.start));
            }
            passed("response", response, client)
        }
        (_, client, end) => Err(format!("{end:?}, and the client received {client:?}")),
    }
}

fn passed(what: &str, sent: &Message, received: &Received) -> Result<(), String> {
    for (name, value) in &sent.fields {
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "transfer-encoding" | "trailer") {
            continue;
        }
        if !received.fields.iter().any(|(field, text)| *field == name && text == value.trim_ascii()) {
            return Err(format!("the {what} lost or changed {name}"));
        }
    }
    if sent.body != received.body {
        return Err(format!("the {what} body changed: {} bytes became {}", sent.body.len(), received.body.len()));
    }
    Ok(())
}
