//! Fixtures: HTTP messages as plain text, and the records they become.
//!
//! `tests/fixtures/exchanges/<name>/` holds `case.json`, `01-request.http`, `01-response.http`, `02-request.http`, …
//! and `records.jsonl`. A message is HTTP/1.1 with LF line ends; the line end that closes the file is not part of the
//! body. `Content-Length` is added here. What text cannot hold is a [placeholder](super::placeholder).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{coding, placeholder, root};

/// One fixture.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// Its folder's name.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) case: Case,
    pub(crate) exchanges: Vec<Exchange>,
}

/// `case.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What it shows, for readers.
    pub(crate) shows: String,
    /// Name of a plugin configuration in `tests/fixtures/configs`.
    #[serde(default = "base")]
    pub(crate) config: String,
    /// Content coding that the harness applies to response bodies; `Content-Encoding` is the fixture's.
    #[serde(default)]
    pub(crate) body_encoding: Option<String>,
    /// Bytes that are cut from the end of an encoded body.
    #[serde(default)]
    pub(crate) body_cut: usize,
    /// How the last exchange ends.
    #[serde(default)]
    pub(crate) end: End,
    /// Sizes of the pieces that response bodies come in, repeated.
    #[serde(default)]
    pub(crate) chunks: Vec<usize>,
    /// Trailer fields of the response.
    #[serde(default)]
    pub(crate) trailers: Vec<String>,
    /// Secrets without the marker.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
    /// Harnesses that cannot play it, and why.
    #[serde(default)]
    pub(crate) exclude: BTreeMap<String, String>,
}

/// How an exchange ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// The client leaves before anything comes back.
    ClientGoneBeforeResponse,
    /// The client leaves after the request bytes of the fixture, which are not the whole request.
    ClientGoneMidRequest,
    /// The client leaves after the response bytes of the fixture, which are not the whole response.
    ClientGoneMidResponse,
    #[default]
    Complete,
    /// The whole response comes before the request has ended.
    EarlyResponse,
    /// The server goes away after the response bytes of the fixture, or without any.
    UpstreamReset,
}

/// One request and what came back.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Message,
    pub(crate) response: Option<Message>,
    pub(crate) end: End,
}

/// One HTTP message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Request: method and target. Response: status and reason phrase.
    pub(crate) start: (Vec<u8>, Vec<u8>),
    /// Fields as written, without framing.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

fn base() -> String {
    "base".to_owned()
}

/// A part of the names of those fixtures that a person wants to play, by `$FIXTURE`.
#[expect(clippy::disallowed_methods, reason = "a person at a terminal plays one fixture")]
pub(crate) fn only() -> Option<String> {
    std::env::var("FIXTURE").ok()
}

/// All fixtures, by name; those whose name contains `$FIXTURE` where it is set.
pub(crate) fn load() -> Vec<Fixture> {
    load_as(Bodies::Coded)
}

/// How response bodies are handed out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bodies {
    /// With the fixture's content coding.
    Coded,
    /// Without, nor the field that says so: for whoever changes them.
    Plain,
}

/// The same, with response bodies as asked for.
pub(crate) fn load_as(bodies: Bodies) -> Vec<Fixture> {
    let only = &only().unwrap_or_default();
    let folder = root().join("tests/fixtures/exchanges");
    let mut folders: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir() && path.file_name().unwrap().to_string_lossy().contains(only));
    folders.sort();
    folders.iter().map(|folder| Fixture::read(folder, bodies)).collect()
}

impl Fixture {
    fn read(folder: &Path, bodies: Bodies) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read(folder.join("case.json")).unwrap_or_else(|_| panic!("{name} has no case.json"));
        let case: Case = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}/case.json: {error}"));
        let mut exchanges = Vec::new();
        for number in 1.. {
            let Some(request) = Message::read(&folder.join(format!("{number:02}-request.http")), Direction::Request)
            else {
                break;
            };
            let mut response = Message::read(&folder.join(format!("{number:02}-response.http")), Direction::Response);
            if let Some(response) = &mut response {
                match bodies {
                    Bodies::Coded => case.encode(response),
                    Bodies::Plain => response.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding")),
                }
            }
            exchanges.push(Exchange { request, response, end: End::Complete });
        }
        exchanges.last_mut().unwrap_or_else(|| panic!("{name} has no 01-request.http")).end = case.end;
        for (exchange, number) in exchanges.iter().zip(1..) {
            let needed = matches!(exchange.end, End::Complete | End::ClientGoneMidResponse | End::EarlyResponse);
            assert!(exchange.response.is_some() || !needed, "{name} has no {number:02}-response.http");
        }
        Self { name, folder: folder.to_path_buf(), case, exchanges }
    }

    /// What its name begins with: the table of PROTOCOL §7 or the server it was captured from.
    pub(crate) fn family(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// The plugin configuration: that of the fixture, with the test keys and a sink of its own path.
    pub(crate) fn configuration(&self) -> Value {
        let path = root().join(format!("tests/fixtures/configs/{}.json", self.case.config));
        let text = fs::read(&path).unwrap_or_else(|_| panic!("{}: no configuration {}", self.name, self.case.config));
        let mut configuration: Value = serde_json::from_slice(&text).unwrap();
        let key = json!({"current": {"id": "k1", "inline": TEST_KEY}});
        let signing = json!({"current": {"id": "s1", "inline": TEST_KEY}});
        configuration["keys"] = json!({"join": key, "pseudonym": key, "signing": signing});
        configuration["insecure_inline"] = json!(true);
        configuration["sinks"] = json!([{"cluster": "audit_log", "path": format!("/{}", self.name)}]);
        configuration["delivery"] = json!({"interval_ms": 100});
        configuration["rules"]["off"] = json!(CLOCK_RULES);
        configuration
    }

    /// The expected records.
    pub(crate) fn expected(&self) -> Vec<Value> {
        let Ok(text) = fs::read_to_string(self.folder.join("records.jsonl")) else {
            panic!("{} has no records.jsonl: `make golden` writes it", self.name);
        };
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events of the expected records, each once.
    pub(crate) fn events(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.folder.join("records.jsonl")).unwrap_or_default();
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.filter_map(|record| Some(record["event"].as_str()?.to_owned())).collect()
    }

    /// Whether it may teach its process something of an issuer.
    pub(crate) fn teaches(&self) -> bool {
        let events = self.events();
        ["discovery.fetched", "jwks.fetched"].iter().any(|event| events.contains(*event))
    }

    /// Rewrites the expected records.
    pub(crate) fn rewrite(&self, records: &[Value]) {
        let text: String = records.iter().map(|record| format!("{record}\n")).collect();
        fs::write(self.folder.join("records.jsonl"), text).unwrap();
    }
}

/// The bytes 00 to 1f in base64url: the key of every test.
const TEST_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Rules that compare a message with the clock: a fixture is not played when it was recorded.
const CLOCK_RULES: [&str; 7] = ["B-05", "I-11", "I-13", "R-11", "S-05", "T-20", "T-32"];

impl Case {
    fn encode(&self, response: &mut Message) {
        if let Some(coding) = &self.body_encoding
            && response.field("content-encoding").is_some()
        {
            response.body = coding::encode(coding, &response.body);
        }
        let length = response.body.len().saturating_sub(self.body_cut);
        response.body.truncate(length);
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Direction {
    Request,
    Response,
}

impl Message {
    fn read(path: &Path, direction: Direction) -> Option<Self> {
        let text = fs::read(path).ok()?;
        let end = text.windows(2).position(|window| window == b"\n\n");
        let end = end.unwrap_or_else(|| panic!("{} has no empty line after its head", path.display()));
        let body = &text[end + 2..];
        let mut lines = text[..end].split(|byte| *byte == b'\n');
        let start = start_line(lines.next().unwrap(), direction);
        let fields = lines.map(|line| field(line, path)).collect();
        Some(Self { start, fields, body: placeholder::expand(body.strip_suffix(b"\n").unwrap_or(body)) })
    }

    /// The first value of a field; `name` in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn chunked(&self) -> bool {
        self.field("transfer-encoding").is_some()
    }

    /// The request head as Envoy hands it to a filter on a clear-text HTTP/1.1 connection.
    pub(crate) fn request_pairs(&self, end: End) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut pairs = vec![
            pair(":authority", self.field("host").unwrap_or_default()),
            pair(":path", &self.start.1),
            pair(":method", &self.start.0),
            pair(":scheme", b"http"),
        ];
        pairs.extend(self.plain_fields());
        let length = self.body.len() + if end.cuts_request() { MISSING } else { 0 };
        if length > 0 {
            pairs.push(pair("content-length", length.to_string().as_bytes()));
        }
        pairs.push(pair("x-forwarded-proto", b"http"));
        pairs
    }

    /// The response head, likewise.
    pub(crate) fn response_pairs(&self, end: End) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut pairs = vec![pair(":status", &self.start.0)];
        pairs.extend(self.plain_fields());
        if let Some(length) = self.response_length(end) {
            pairs.push(pair("content-length", length.to_string().as_bytes()));
        }
        pairs
    }

    /// `Content-Length` of the response; `None` where there is none.
    pub(crate) fn response_length(&self, end: End) -> Option<usize> {
        let bodiless = matches!(self.start.0.as_slice(), b"204" | b"304");
        let missing = if end.cuts_response() { MISSING } else { 0 };
        (!bodiless && !self.chunked()).then(|| self.body.len() + missing)
    }

    fn plain_fields(&self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let written = self.fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host"));
        written.map(|(name, value)| pair(name.trim_start_matches(':'), value))
    }
}

/// Envoy's node id in every harness.
pub(crate) const NODE: &str = "corpus";

/// The client's address in every harness, but for its port.
pub(crate) const SOURCE: &str = "127.0.0.1:50000";

/// What Envoy answers when the server closes the connection.
pub(crate) fn local_reply() -> Message {
    let body = b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";
    Message {
        start: (b"503".to_vec(), b"Service Unavailable".to_vec()),
        fields: vec![("content-type".to_owned(), b"text/plain".to_vec())],
        body: body.to_vec(),
    }
}

/// How much an unfinished message still owes by its `Content-Length`.
pub(crate) const MISSING: usize = 1000;

impl End {
    pub(crate) fn cuts_request(self) -> bool {
        matches!(self, Self::ClientGoneMidRequest | Self::EarlyResponse)
    }

    pub(crate) fn cuts_response(self) -> bool {
        matches!(self, Self::ClientGoneMidResponse | Self::UpstreamReset)
    }
}

/// A body in pieces of these sizes, repeated; whole without sizes.
pub(crate) fn pieces<'a>(body: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, tail) = rest.split_at(size);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

fn pair(name: &str, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (name.to_ascii_lowercase().into_bytes(), value.to_vec())
}

fn start_line(line: &[u8], direction: Direction) -> (Vec<u8>, Vec<u8>) {
    let first = line.iter().position(|byte| *byte == b' ').expect("a start line has words");
    let (head, tail) = (&line[..first], &line[first + 1..]);
    match direction {
        Direction::Request => {
            let version = tail.iter().rposition(|byte| *byte == b' ').expect("a request line names its version");
            (head.to_vec(), placeholder::expand(&tail[..version]))
        }
        Direction::Response => {
            let mut words = tail.splitn(2, |byte| *byte == b' ');
            (words.next().unwrap().to_vec(), words.next().unwrap_or_default().to_vec())
        }
    }
}

/// `Name: value`. A name that begins with a colon is for the harnesses that can tell it from a pseudo header.
fn field(line: &[u8], path: &Path) -> (String, Vec<u8>) {
    let colon = line.iter().skip(1).position(|byte| *byte == b':').map(|at| at + 1);
    let colon = colon.unwrap_or_else(|| panic!("{}: a line of the head is no field", path.display()));
    let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
    (String::from_utf8(line[..colon].to_vec()).unwrap(), placeholder::expand(value))
}
