//! `sinks`: where records go. This version has exactly one, it is required, and its format is JSON lines.

use zeroize::Zeroizing;

use super::forms;
use super::issuers::cluster;
use super::problem::ProblemKind;
use super::reader::{Members, Node, Report};
use super::secrets::Secrets;
use crate::pipeline::{Field, SinkSettings};
use crate::secret::Secret;

/// One entry of `sinks`, checked. Its `Debug` redacts what is secret.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    /// Envoy cluster.
    pub(super) cluster: String,
    /// Name in records and log lines.
    pub(super) name: String,
    /// Request target, perhaps with a query.
    pub(super) path: String,
    /// `:authority`
    pub(super) authority: String,
    /// Further header fields, `authorization` among them, sorted by name.
    pub(super) headers: Vec<Header>,
    /// `content-type`
    pub(super) content_type: String,
    /// Statuses of 200..=299 by which it acknowledges, sorted.
    pub(super) accept: Vec<u16>,
    /// Milliseconds until a delivery has failed, 100..=60000.
    pub(super) timeout_ms: u32,
}

/// A header field of the deliveries.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: Secret<Zeroizing<String>>,
    /// Whether the value may be told, in a digest.
    pub(super) kind: HeaderKind,
}

/// Whether a header holds a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HeaderKind {
    /// No.
    Plain,
    /// Yes.
    Secret,
}

impl Sink {
    /// For the pipeline, which sends every field alike.
    pub(super) fn settings(&self) -> SinkSettings {
        let fields = self.headers.iter().map(|header| Field { name: header.name.clone(), value: header.value.clone() });
        SinkSettings {
            name: self.name.clone(),
            cluster: self.cluster.as_str().into(),
            authority: self.authority.clone(),
            path: self.path.clone(),
            headers: fields.collect(),
            bearer: None,
            content_type: self.content_type.clone(),
            accept: self.accept.clone(),
            timeout_ms: self.timeout_ms,
        }
    }

    fn add(&mut self, name: &str, value: Option<Secret<Zeroizing<String>>>, kind: HeaderKind) {
        if let Some(value) = value {
            let at = self.headers.partition_point(|header| header.name.as_str() < name);
            self.headers.insert(at, Header { name: name.to_owned(), value, kind });
        }
    }
}

/// The list. An entry is given only if it is sound.
pub(super) fn read(node: &Node<'_>, secrets: &mut Secrets<'_>, report: &mut Report) -> Vec<Sink> {
    let entries = node.entries(1, SINKS, report);
    let mut sinks = Vec::new();
    for entry in &entries {
        let before = report.problems.len();
        let sink = one(entry, secrets, report);
        sinks.extend(sink.filter(|_| report.problems.len() == before));
    }
    sinks
}

fn one(node: &Node<'_>, secrets: &mut Secrets<'_>, report: &mut Report) -> Option<Sink> {
    let members = node.members(SINK, report)?;
    let cluster = members.require("cluster", report).and_then(|node| cluster(&node, report));
    let text = |name, max, expected, is: fn(&str) -> bool, report: &mut Report| {
        members.get(name).and_then(|node| Some(node.text(max, expected, &is, report)?.to_owned()))
    };
    let name = text("name", 64, "1 to 64 characters of A-Z, a-z, 0-9, `.`, `-`, `_`", forms::is_label, report);
    let path = text("path", 2_048, "an absolute path, with or without query", forms::is_target, report);
    let authority = text("authority", 255, "host or host:port, without scheme and path", forms::is_authority, report);
    let content_type = text("content_type", 128, "a media type", forms::is_field_value, report);
    if let Some(node) = members.get("format") {
        node.word(FORMATS, report);
    }
    if let Some(node) = members.get("required") {
        required(&node, report);
    }
    let accept = members.get("accept").map_or_else(|| vec![200], |node| statuses(&node, report));
    let timeout_ms = number(&members, "timeout_ms", TIMEOUT_MS, report);
    let mut sink = Sink {
        name: name.or_else(|| cluster.clone()).unwrap_or_default(),
        path: path.unwrap_or_else(|| "/".to_owned()),
        authority: authority.or_else(|| cluster.clone()).unwrap_or_default(),
        headers: Vec::new(),
        content_type: content_type.unwrap_or_else(|| "application/x-ndjson".to_owned()),
        accept,
        timeout_ms,
        cluster: cluster.unwrap_or_default(),
    };
    headers(&members, &mut sink, secrets, report);
    bearer(&members, &mut sink, secrets, report);
    Some(sink)
}

fn required(node: &Node<'_>, report: &mut Report) {
    if node.bool(report) == Some(false) {
        report.problem(&node.pointer, ProblemKind::Expected("true: the only sink of this version is required"));
    }
}

fn statuses(node: &Node<'_>, report: &mut Report) -> Vec<u16> {
    let entries = node.entries(1, 16, report);
    let given: Vec<u64> = entries.iter().filter_map(|entry| entry.number(200, 299, report)).collect();
    (200..=299).filter(|status| given.contains(&u64::from(*status))).collect()
}

fn headers(members: &Members<'_>, sink: &mut Sink, secrets: &mut Secrets<'_>, report: &mut Report) {
    let Some(headers) = members.get("headers").and_then(|node| node.open(report)) else { return };
    for (name, node) in headers.all() {
        let ours = OURS.contains(&name);
        if name.is_empty() || name.len() > 128 || !forms::is_field_name(name) || ours {
            let expected = "the lower-case name of a header that the filter does not send itself";
            report.problem(&node.pointer, ProblemKind::Expected(expected));
            continue;
        }
        if !node.is_text() {
            let secret = secrets.text(&node, report);
            sink.add(name, secret, HeaderKind::Secret);
            continue;
        }
        let text = node.text(4_096, "1 to 4096 visible characters", &forms::is_field_value, report);
        let value = text.map(|text| Secret::new(Zeroizing::new(text.to_owned())));
        if CREDENTIALS.iter().any(|word| name.contains(word)) {
            secrets.plain(&node, report);
            sink.add(name, value, HeaderKind::Secret);
        } else {
            sink.add(name, value, HeaderKind::Plain);
        }
    }
}

fn bearer(members: &Members<'_>, sink: &mut Sink, secrets: &mut Secrets<'_>, report: &mut Report) {
    let Some(node) = members.get("bearer") else { return };
    if sink.headers.iter().any(|header| header.name == "authorization") {
        let expected = "one of `bearer` and a header `authorization`";
        report.problem(&node.pointer, ProblemKind::Expected(expected));
    }
    let token = secrets.text(&node, report);
    let value = token.map(|token| token.map(|token| Zeroizing::new(["Bearer ", token.as_str()].concat())));
    sink.add("authorization", value, HeaderKind::Secret);
}

/// A number of milliseconds or bytes with its range and default.
fn number(members: &Members<'_>, name: &'static str, (min, default, max): (u32, u32, u32), report: &mut Report) -> u32 {
    let given = members.get(name).and_then(|node| node.number(min.into(), max.into(), report));
    given.and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
}

pub(super) const SINK: &[&str] = &[
    "cluster",
    "name",
    "format",
    "path",
    "authority",
    "headers",
    "bearer",
    "content_type",
    "accept",
    "timeout_ms",
    "required",
];
pub(super) const FORMATS: &[&str] = &["json_lines"];

/// Least, default, most.
pub(super) const TIMEOUT_MS: (u32, u32, u32) = (100, 5_000, 60_000);

/// ADR: one sink in this version.
const SINKS: usize = 1;

/// Headers that are ours to set.
const OURS: &[&str] = &["content-type", "content-length", "host", "transfer-encoding", "connection"];

/// Parts of header names whose values are usually secrets.
const CREDENTIALS: &[&str] =
    &["authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "credential"];
