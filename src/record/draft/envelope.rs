//! The HTTP exchange around an event: its ids, its place, its peer.

use crate::http::{Headers, RequestHead, ResponseHead};
use crate::oauth::{Observation, Tier};
use crate::record::draft::{Drafter, Facts, words};
use crate::record::model::{ExchangeSection, PeerSection, Record, SourceSection};
use crate::record::notes::Notes;
use crate::record::privacy::{Action, Field};
use crate::record::source::{SourceAddress, network, user_agent_family};
use crate::record::text::{clean, clean_bytes};
use crate::record::uri::sanitise_path;
use crate::seen::{Malformation, Seen};

impl Drafter<'_> {
    /// `exchange` and `peer`.
    pub(super) fn envelope(
        &mut self,
        record: &mut Record,
        (facts, request, response): (&Facts, &RequestHead, Option<&ResponseHead>),
        observation: &Observation<'_>,
    ) {
        let fields = &request.headers;
        let path = match observation.recognition.tier {
            Tier::Configured | Tier::Discovered => clean(&observation.path_template, PATH_LIMIT),
            // Nobody vouches for the segments of other paths: some are handles of an interaction.
            Tier::Heuristic | Tier::Profile => clean(&sanitise_path(&observation.path_template), PATH_LIMIT),
        };
        let status = response.and_then(|response| response.headers.first(":status")).and_then(read_status);
        record.exchange = Some(ExchangeSection {
            id: hex(facts.exchange_id),
            request_id: self
                .notes
                .read("exchange.request_id", single(fields, "x-request-id").and_then(read_request_id)),
            trace_id: self.notes.read("exchange.trace_id", single(fields, "traceparent").and_then(read_trace_id)),
            method: self.notes.read("exchange.method", pseudo(fields, ":method").and_then(read_method)),
            scheme: self.notes.read("exchange.scheme", pseudo(fields, ":scheme").and_then(read_scheme)),
            authority: self.notes.read("exchange.authority", pseudo(fields, ":authority").and_then(read_authority)),
            path_template: if path.text.is_empty() { None } else { self.notes.keep("exchange.path_template", path) },
            status,
            response_source: Some(words::response_source(facts.response_source).to_owned()),
            tls_version: facts.tls_version.as_ref().and_then(|version| self.own("exchange.tls_version", version)),
            mtls: facts.mtls,
            log_only: facts.log_only.then_some(true),
        });
        let spiffe_id = facts.peer_spiffe_id.as_ref().and_then(|id| self.own("peer.spiffe_id", id));
        record.peer = spiffe_id.map(|spiffe_id| PeerSection { spiffe_id: Some(spiffe_id) });
    }

    /// `source`
    pub(super) fn source(&mut self, record: &mut Record, source: Option<SourceAddress>, fields: &Headers) {
        let cut = self.profile.action(Field::SourceAddress) == Action::Network;
        let address = |source: SourceAddress| if cut { network(source.address) } else { source.address.to_string() };
        let user_agent = fields.first("user-agent").filter(|user_agent| !user_agent.is_empty());
        let user_agent = match self.profile.action(Field::UserAgent) {
            Action::Family => user_agent.map(|user_agent| user_agent_family(user_agent).to_owned()),
            _ => {
                user_agent.and_then(|bytes| self.notes.keep("source.user_agent", clean_bytes(bytes, USER_AGENT_LIMIT)))
            }
        };
        let section = SourceSection {
            address: source.map(address),
            address_from: source.map(|source| source.from.as_str().to_owned()),
            user_agent,
        };
        record.source = (section != SourceSection::default()).then_some(section);
    }
}

impl Notes {
    fn read(&mut self, member: &'static str, seen: Seen<String>) -> Option<String> {
        self.present(member, &seen)?;
        seen.present()
    }
}

/// A field that may be sent once.
fn single<'h>(fields: &'h Headers, name: &'h str) -> Seen<&'h [u8]> {
    let mut values = fields.all(name);
    match (values.next(), values.next()) {
        (None, _) => Seen::Absent,
        (Some([]), None) => Seen::Malformed(Malformation::Empty),
        (Some(value), None) => Seen::Present(value),
        (Some(_), Some(_)) => Seen::Malformed(Malformation::Duplicate),
    }
}

fn pseudo<'h>(fields: &'h Headers, name: &str) -> Seen<&'h [u8]> {
    fields.first(name).filter(|value| !value.is_empty()).map_or(Seen::Absent, Seen::Present)
}

/// At most 128 characters of `[A-Za-z0-9._-]`: any client can choose it.
fn read_request_id(value: &[u8]) -> Seen<String> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    ascii(value, REQUEST_ID_LIMIT, allowed)
}

/// W3C Trace Context §3.2: the trace id of a valid `traceparent`, of this version or a later one.
fn read_trace_id(value: &[u8]) -> Seen<String> {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    let Ok(text) = std::str::from_utf8(value) else { return Seen::Malformed(Malformation::Utf8) };
    let mut parts = text.splitn(5, '-');
    let (version, trace, parent, flags) = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(version), Some(trace), Some(parent), Some(flags)) = (version, trace, parent, flags) else {
        return Seen::Malformed(Malformation::Type);
    };
    let later = parts.next().is_some();
    let valid = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    if valid && not_zero(trace) && not_zero(parent) && !(later && version == "00") {
        Seen::Present(trace.to_owned())
    } else {
        Seen::Malformed(Malformation::Type)
    }
}

/// RFC 9110 §9.1: a token; at most 16 characters.
fn read_method(value: &[u8]) -> Seen<String> {
    ascii(value, METHOD_LIMIT, |byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn read_scheme(value: &[u8]) -> Seen<String> {
    match value.to_ascii_lowercase().as_slice() {
        b"http" => Seen::Present("http".to_owned()),
        b"https" => Seen::Present("https".to_owned()),
        _ => Seen::Malformed(Malformation::Type),
    }
}

/// RFC 3986 §3.2 without user information, lower case.
fn read_authority(value: &[u8]) -> Seen<String> {
    let host = value.rsplit(|byte| *byte == b'@').next().unwrap_or(value).to_ascii_lowercase();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_~%!$&'()*+,;=:[]".contains(byte);
    ascii(&host, AUTHORITY_LIMIT, allowed)
}

fn ascii(value: &[u8], limit: usize, allowed: impl Fn(&u8) -> bool) -> Seen<String> {
    if value.is_empty() {
        Seen::Malformed(Malformation::Empty)
    } else if value.len() > limit {
        Seen::Malformed(Malformation::TooLong)
    } else if value.iter().all(allowed) {
        Seen::Present(value.iter().map(|byte| char::from(*byte)).collect())
    } else {
        Seen::Malformed(Malformation::Type)
    }
}

/// Three digits, 100..=599.
fn read_status(value: &[u8]) -> Option<u16> {
    let status = std::str::from_utf8(value).ok()?.parse().ok()?;
    (100..=599).contains(&status).then_some(status)
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Envoy's own are UUIDs; clients send longer ones.
const REQUEST_ID_LIMIT: usize = 128;

/// No registered method is longer.
const METHOD_LIMIT: usize = 16;

/// Domain names have at most 253 characters (RFC 1035 §2.3.4); PROTOCOL §2.9, recorded strings.
const AUTHORITY_LIMIT: usize = 256;

/// PROTOCOL §2.9, recorded strings.
const PATH_LIMIT: usize = 256;

/// PROTOCOL §5.4.
const USER_AGENT_LIMIT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_taken_in_their_form_alone() {
        assert_eq!(read_request_id(b"0b6f4f3e-5a0e_4.c"), Seen::Present("0b6f4f3e-5a0e_4.c".to_owned()));
        assert_eq!(read_request_id(&[b'a'; 129]), Seen::Malformed(Malformation::TooLong));
        assert_eq!(read_request_id(b"a b"), Seen::Malformed(Malformation::Type));
        assert_eq!(read_request_id(b"\xff"), Seen::Malformed(Malformation::Type));
    }

    #[test]
    fn trace_ids_come_from_valid_traceparents_alone() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (value, valid) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), true),
            (format!("cc-{trace}-00f067aa0ba902b7-01-later"), true),
            (format!("00-{trace}-00f067aa0ba902b7-01-later"), false),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), false),
            (format!("00-{trace}-0000000000000000-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
            (format!("00-{trace}-00f067aa0ba902b7"), false),
        ] {
            let expected = if valid { Seen::Present(trace.to_owned()) } else { Seen::Malformed(Malformation::Type) };
            assert_eq!(read_trace_id(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn authorities_are_lower_case_and_without_user_information() {
        assert_eq!(read_authority(b"u:p@IdP.Example.TEST:8443"), Seen::Present("idp.example.test:8443".to_owned()));
        assert_eq!(read_authority(b"[2001:DB8::1]:443"), Seen::Present("[2001:db8::1]:443".to_owned()));
        assert_eq!(read_authority(b"a\xffb"), Seen::Malformed(Malformation::Type));
        assert_eq!(read_authority(&[b'a'; 257]), Seen::Malformed(Malformation::TooLong));
    }

    #[test]
    fn fields_that_came_twice_are_no_value() {
        let twice =
            Headers::new(vec![(b"x-request-id".to_vec(), b"a".to_vec()), (b"x-request-id".to_vec(), b"b".to_vec())]);
        assert_eq!(single(&twice, "x-request-id"), Seen::Malformed(Malformation::Duplicate));
        assert_eq!(single(&twice, "traceparent"), Seen::Absent);
    }

    #[test]
    fn a_status_has_three_digits() {
        assert_eq!(read_status(b"302"), Some(302));
        for value in [b"".as_slice(), b"99", b"600", b"+200", b"2e2", b"\xff"] {
            assert_eq!(read_status(value), if value == b"+200" { Some(200) } else { None });
        }
    }
}
