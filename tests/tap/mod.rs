//! Exchanges as Envoy's tap filter saw them: a folder for each capture, in it a JSON file for each exchange.
//!
//! A file's name begins with its number, in the order in which the requests came. What belongs to the tap and not to
//! the wire (its own name of the listener, the times) stands beside the two messages.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oidc_audit::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A header field: name and value.
type Field = (Vec<u8>, Vec<u8>);

/// One exchange.
#[derive(Debug)]
pub(crate) struct Tapped {
    /// Its place in the capture.
    pub(crate) number: usize,
    /// The listener that it came to.
    pub(crate) at: String,
    pub(crate) request: Message,
    pub(crate) response: Message,
}

/// One message of it.
#[derive(Debug)]
pub(crate) struct Message {
    /// Pseudo headers included; in the order of the wire.
    pub(crate) fields: Vec<Field>,
    pub(crate) body: Vec<u8>,
    /// When its head came.
    pub(crate) time: Timestamp,
}

#[derive(Deserialize)]
struct File {
    at: String,
    request: FileMessage,
    response: FileMessage,
}

#[derive(Deserialize)]
struct FileMessage {
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    /// The exact bytes, where they are no text.
    body_base64: Option<String>,
    #[serde(default)]
    body_truncated: bool,
    headers_received_time: String,
}

/// The exchanges of a capture, in order.
pub(crate) fn read(folder: &Path) -> Vec<Tapped> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> =
        files.map(|entry| entry.unwrap().path()).filter(|path| number(path).is_some()).collect();
    files.sort();
    files.iter().map(|file| Tapped::read(file)).collect()
}

fn number(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

impl Tapped {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap();
        let file: File = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            number: number(path).unwrap(),
            at: file.at,
            request: Message::read(file.request, path),
            response: Message::read(file.response, path),
        }
    }

    pub(crate) fn method(&self) -> String {
        self.request.text(":method")
    }

    pub(crate) fn status(&self) -> String {
        self.response.text(":status")
    }

    /// What the proxy calls this exchange.
    pub(crate) fn request_id(&self) -> String {
        self.request.text("x-request-id")
    }

    /// The path without its query; identifiers in it become `{id}`.
    pub(crate) fn path_template(&self) -> String {
        let target = self.request.text(":path");
        let path = target.split('?').next().unwrap_or_default();
        path.split('/')
            .map(|segment| if is_identifier(segment) { "{id}" } else { segment })
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// A UUID, or at least 16 characters of base64url with a digit or a capital letter among them.
fn is_identifier(segment: &str) -> bool {
    let plain = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let odd = segment.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    segment.len() >= 16 && plain && odd
}

impl Message {
    fn read(message: FileMessage, path: &Path) -> Self {
        assert!(!message.body_truncated, "{}: the tap has not kept the whole body", path.display());
        let time = Timestamp::parse_rfc3339(&message.headers_received_time);
        let body = match message.body_base64 {
            Some(text) => STANDARD.decode(text).unwrap(),
            None => message.body.into_bytes(),
        };
        // the router writes this one, after every filter
        let kept = |name: &String| name != "x-envoy-expected-rq-timeout-ms";
        let fields = message.headers.into_iter().filter(|(name, _)| kept(name));
        Self {
            // the tap writes the bytes of a value as the characters of the same numbers
            fields: fields.map(|(name, value)| (name.into_bytes(), latin1(&value))).collect(),
            body,
            time: time.unwrap_or_else(|| panic!("{}: no time", path.display())),
        }
    }

    /// The first value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// The same as text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(self.field(name).unwrap_or_default()).into_owned()
    }

    /// The body without its content coding.
    pub(crate) fn plain_body(&self) -> Vec<u8> {
        if self.field("content-encoding") != Some(b"gzip") {
            return self.body.clone();
        }
        let mut plain = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(self.body.as_slice()), &mut plain).unwrap();
        plain
    }
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("one byte a character")).collect()
}

/// Values that no output may hold, however they are written: all that the messages name as one of [`SECRET`], and
/// what cookies and credentials are made of.
pub(crate) fn secrets(exchanges: &[Tapped]) -> Vec<String> {
    let mut found = Vec::new();
    for exchange in exchanges {
        for message in [&exchange.request, &exchange.response] {
            from_fields(message, &mut found);
            from_body(message, &mut found);
        }
    }
    let mut parts: Vec<String> = found.iter().flat_map(|value| segments(value)).collect();
    parts.append(&mut found);
    parts.retain(|value| value.len() >= LEAST);
    parts.sort();
    parts.dedup();
    parts
}

/// Shorter values would be found by chance.
const LEAST: usize = 10;

/// Names of parameters and members whose values are secret.
const SECRET: &[&str] = &[
    "access_token",
    "assertion",
    "auth_req_id",
    "client_assertion",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "device_code",
    "id_token",
    "id_token_hint",
    "logout_token",
    "nonce",
    "otp",
    "password",
    "password-confirm",
    "password-new",
    "refresh_token",
    "registration_access_token",
    "request",
    "request_uri",
    "response",
    "session_code",
    "state",
    "subject_token",
    "ticket",
    "token",
    "user_code",
];

/// The parts of a JWT: a record could hold one of them alone.
fn segments(value: &str) -> Vec<String> {
    let parts: Vec<&str> = value.split('.').collect();
    // the header says only the algorithm and the key
    if value.starts_with("eyJ") && parts.len() >= 3 {
        parts.iter().skip(1).map(|part| (*part).to_owned()).collect()
    } else {
        Vec::new()
    }
}

fn from_fields(message: &Message, found: &mut Vec<String>) {
    for (name, value) in &message.fields {
        let value = String::from_utf8_lossy(value);
        match name.as_slice() {
            b":path" | b"location" | b"referer" => {
                value.split(['?', '#']).skip(1).for_each(|query| from_form(query, found));
            }
            b"authorization" => from_credentials(&value, found),
            b"dpop" => found.push(value.into_owned()),
            b"cookie" => value.split("; ").for_each(|cookie| from_cookie(cookie, found)),
            b"set-cookie" => from_cookie(value.split(';').next().unwrap_or_default(), found),
            _ => {}
        }
    }
}

fn from_credentials(value: &str, found: &mut Vec<String>) {
    let Some((scheme, credentials)) = value.split_once(' ') else { return };
    found.push(credentials.to_owned());
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD.decode(credentials).unwrap_or_default();
        let pair = String::from_utf8_lossy(&pair).into_owned();
        found.extend(pair.split_once(':').map(|(_, secret)| secret.to_owned()));
    }
}

fn from_cookie(cookie: &str, found: &mut Vec<String>) {
    found.extend(cookie.split_once('=').map(|(_, value)| value.trim_matches('"').to_owned()));
}

fn from_body(message: &Message, found: &mut Vec<String>) {
    let body = message.plain_body();
    let media_type = message.text("content-type");
    if media_type.contains("json") {
        from_json(&serde_json::from_slice(&body).unwrap_or_default(), found);
    } else if media_type.contains("form-urlencoded") {
        from_form(&String::from_utf8_lossy(&body), found);
    } else if media_type.contains("jwt") {
        found.push(String::from_utf8_lossy(&body).into_owned());
    }
}

fn from_form(text: &str, found: &mut Vec<String>) {
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        if SECRET.contains(&name) {
            found.push(decoded(value));
        }
    }
}

fn from_json(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if SECRET.contains(&name.as_str()) => found.push(text.clone()),
                    other => from_json(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| from_json(item, found)),
        _ => {}
    }
}

fn decoded(value: &str) -> String {
    let value = value.replace('+', " ");
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or(("", part));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
