//! Exchanges by number: fixtures drawn, mixed and changed by a generator that the number seeds.

pub(crate) mod server;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::mutate::{Mutator, Random};
use crate::support::fixture::{self, Message};
use crate::support::{canary, root};

/// The corpus, as cards to draw.
pub(crate) struct Deck {
    requests: Vec<Message>,
    responses: Vec<Message>,
    /// Bytes without secrets, for the half that changes anything.
    neutral: Vec<Vec<u8>>,
}

/// One exchange, ready to be sent.
pub(crate) struct Play {
    pub(crate) request: Vec<u8>,
    pub(crate) response: Vec<u8>,
    /// The client does not wait for the answer.
    pub(crate) leaves: bool,
    /// The server closes the connection after its answer.
    pub(crate) closes: bool,
}

impl Deck {
    pub(crate) fn load() -> Self {
        let exchanges: Vec<_> = fixture::load().into_iter().flat_map(|fixture| fixture.exchanges).collect();
        let small = |message: &Message| message.body.len() <= LONGEST;
        let requests: Vec<Message> = exchanges.iter().map(|exchange| exchange.request.clone()).filter(small).collect();
        let responses: Vec<Message> =
            exchanges.into_iter().filter_map(|exchange| exchange.response).filter(small).collect();
        let texts = requests.iter().chain(&responses);
        let neutral =
            texts.flat_map(|message| [message.start.1.clone(), message.body.clone()]).map(|t| defused(&t)).collect();
        Self { requests, responses, neutral }
    }

    /// Every issuer and party of the corpus' configurations at once.
    pub(crate) fn configuration(&self) -> String {
        let mut merged: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut paths: Vec<_> =
            fs::read_dir(root().join("tests/fixtures/configs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let configuration: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            for part in ["issuers", "relying_parties", "resource_servers"] {
                for entry in configuration[part].as_array().into_iter().flatten() {
                    let key = |entry: &Value| entry.get("issuer").or(entry.get("authority")).cloned();
                    let known = merged.entry(part.to_owned()).or_default();
                    if !known.iter().any(|other| key(other) == key(entry)) {
                        let mut entry = entry.clone();
                        // its provider may be one that only that configuration defines
                        entry.as_object_mut().unwrap().remove("cluster");
                        known.push(entry);
                    }
                }
            }
        }
        let mut configuration = json!(merged);
        configuration["sinks"] = json!([{"cluster": "audit_log"}]);
        configuration["delivery"] = json!({"interval_ms": 100});
        configuration.to_string()
    }

    /// The exchange of a number; always the same.
    pub(crate) fn play(&self, number: usize) -> Play {
        let mut random = Random::new(u64::try_from(number).unwrap());
        let wild = random.below(2) == 0;
        let at = random.below(self.requests.len());
        // mostly an answer that belongs to the request
        let own = random.below(4) > 0 && self.responses.len() == self.requests.len();
        let other = if own { at } else { random.below(self.responses.len()) };
        let (mut request, mut response) =
            (self.requests[at].clone(), self.responses[other % self.responses.len()].clone());
        if wild {
            self.change(&mut request, &mut random);
            self.change(&mut response, &mut random);
        } else {
            shuffle(&mut request, &mut random);
        }
        let leaves = random.below(64) == 0;
        let closes = random.below(32) == 0;
        let cut = if closes { random.below(8) } else { 0 };
        Play { request: request_bytes(&request, number), response: response_bytes(&response, cut), leaves, closes }
    }

    /// Any bytes for any part.
    fn change(&self, message: &mut Message, random: &mut Random) {
        let mut mutator = Mutator::new(Random::new(random.next()), &self.neutral);
        let mut change = |bytes: &mut Vec<u8>, random: &mut Random| {
            *bytes = defused(bytes);
            if random.below(3) == 0 {
                for _ in 0..=random.below(4) {
                    mutator.mutate(bytes);
                }
                bytes.truncate(LONGEST);
            }
        };
        change(&mut message.start.1, random);
        change(&mut message.body, random);
        for (_, value) in &mut message.fields {
            change(value, random);
        }
        if random.below(8) == 0 && !message.fields.is_empty() {
            let field = message.fields[random.below(message.fields.len())].clone();
            message.fields.push(field);
        }
    }
}

/// Other orders, repetitions and spellings that leave every secret where it belongs.
fn shuffle(message: &mut Message, random: &mut Random) {
    for index in (1..message.fields.len()).rev() {
        message.fields.swap(index, random.below(index + 1));
    }
    if random.below(4) == 0 && !message.fields.is_empty() {
        let field = message.fields[random.below(message.fields.len())].clone();
        message.fields.push(field);
    }
    let form =
        message.field("content-type").is_some_and(|media| media.starts_with(b"application/x-www-form-urlencoded"));
    if form {
        message.body = shuffled_pairs(&message.body, random);
    }
    if let Some(at) = message.start.1.iter().position(|byte| *byte == b'?') {
        let query = shuffled_pairs(&message.start.1[at + 1..], random);
        message.start.1.truncate(at + 1);
        message.start.1.extend(query);
    }
}

fn shuffled_pairs(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut pairs: Vec<Vec<u8>> = text.split(|byte| *byte == b'&').map(<[u8]>::to_vec).collect();
    for index in (1..pairs.len()).rev() {
        pairs.swap(index, random.below(index + 1));
    }
    match random.below(6) {
        0 => pairs.push(pairs[random.below(pairs.len())].clone()),
        1 => drop(pairs.remove(random.below(pairs.len()))),
        _ => {}
    }
    pairs.join(&b'&')
}

/// Without the word that marks secrets, however it is written.
fn defused(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for ((_, marker), (_, harmless)) in canary::writings(MARKER).iter().zip(canary::writings(HARMLESS)) {
        let mut at = 0;
        while let Some(found) = find(&bytes[at..], marker.as_bytes()) {
            at += found;
            bytes[at..at + marker.len()].copy_from_slice(harmless.as_bytes());
        }
    }
    bytes
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window.eq_ignore_ascii_case(text))
}

fn request_bytes(message: &Message, number: usize) -> Vec<u8> {
    let target: Vec<u8> = message.start.1.iter().copied().filter(|byte| byte.is_ascii_graphic()).collect();
    let slash: &[u8] = if target.first() == Some(&b'/') { b"" } else { b"/" };
    let mut bytes = [&message.start.0, b" ".as_slice(), slash, &target, b" HTTP/1.1\r\n"].concat();
    let host =
        message.field("host").filter(|host| host.iter().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(b)));
    bytes.extend([b"host: ", host.unwrap_or(b"idp.example.test"), b"\r\n"].concat());
    bytes.extend(format!("{NUMBER}: {number}\r\ncontent-length: {}\r\n", message.body.len()).bytes());
    fields(&mut bytes, message);
    bytes.extend(b"\r\n");
    bytes.extend(&message.body);
    bytes
}

/// `cut`: eighths of the body that are left out.
fn response_bytes(message: &Message, cut: usize) -> Vec<u8> {
    let status = std::str::from_utf8(&message.start.0).ok().and_then(|text| text.parse::<u16>().ok());
    let status = status.filter(|status| (200..600).contains(status)).unwrap_or(200);
    let mut bytes = format!("HTTP/1.1 {status} X\r\n").into_bytes();
    fields(&mut bytes, message);
    if matches!(status, 204 | 304) {
        bytes.extend(b"\r\n");
        return bytes;
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", message.body.len()).bytes());
    bytes.extend(&message.body[..message.body.len() * (8 - cut) / 8]);
    bytes
}

fn fields(bytes: &mut Vec<u8>, message: &Message) {
    for (name, value) in &message.fields {
        let lower = name.to_ascii_lowercase();
        if FRAMING.contains(&lower.as_str()) || !lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            continue;
        }
        let value = value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0));
        bytes.extend(lower.bytes().chain(*b": ").chain(value).chain(*b"\r\n"));
    }
}

/// The field that tells the server which exchange it is in.
pub(crate) const NUMBER: &str = "x-number";

/// What frames the message is ours.
const FRAMING: [&str; 7] = ["connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"];

const MARKER: &str = "canary";

/// As long as the marker.
const HARMLESS: &str = "cipher";

/// Larger bodies would make the run one of their transfer.
const LONGEST: usize = 64 * 1024;
