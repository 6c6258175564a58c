//! What arrives, line by line: which lines are records, and why the others are not.
//!
//! Knows the form of an id and nothing else of a record: a collector that judged more would lose evidence.

use std::fmt;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The lines of one request.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) lines: Vec<Line>,
    pub(crate) refused: Vec<Refused>,
}

/// A record to be stored: one JSON object with a well-formed id.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) id: RecordId,
    pub(crate) digest: Digest,
    /// Without a line end, without white space around it.
    pub(crate) bytes: Bytes,
    /// Counted from 1, as in the body.
    pub(crate) number: usize,
}

/// A line that is not stored, as the answer says it.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Refused {
    /// Only a well-formed one.
    #[serde(serialize_with = "id_text", skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<RecordId>,
    pub(crate) line: usize,
    pub(crate) why: Why,
}

/// Why a line is refused. Nothing in it comes from the line.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// `id` is not text of the form `<stream>-<sequence>`, or it is there twice.
    BadId,
    /// Another record has this id already.
    Conflict,
    /// Its sender may not write in the name of the stream's writer.
    Foreign,
    /// A checkpoint that no key which could stand behind it has signed, or that is none.
    Forged,
    /// A checkpoint that does not go on from the one before it.
    Forked,
    NoId,
    NotAnObject,
    NotJson,
    NotUtf8,
    /// More than [`MAX_LINE`] bytes.
    TooLong,
}

/// `<stream>-<sequence>` of a record, `<stream>-c<n>` of a checkpoint.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RecordId {
    pub(crate) stream: u128,
    pub(crate) kind: Kind,
    pub(crate) number: u64,
}

/// What the number of a [`RecordId`] counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Checkpoint,
    Record,
}

/// The first half of SHA-256: tells two records with one id apart.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Digest([u8; 16]);

/// More lines than [`MAX_LINES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyLines;

impl Batch {
    /// Splits a body at its line feeds. Blank lines are skipped; the last line needs no line feed.
    ///
    /// # Errors
    ///
    /// [`TooManyLines`]: the answer would be longer than the request.
    pub(crate) fn read(body: &Bytes) -> Result<Self, TooManyLines> {
        let mut batch = Self::default();
        for (index, raw) in body.split(|byte| *byte == b'\n').enumerate() {
            if index > MAX_LINES {
                return Err(TooManyLines);
            }
            let text = raw.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let number = index + 1;
            match read_line(text) {
                Ok(id) => {
                    let bytes = body.slice_ref(text);
                    batch.lines.push(Line { id, digest: Digest::of(text), bytes, number });
                }
                Err((id, why)) => batch.refused.push(Refused { id, line: number, why }),
            }
        }
        Ok(batch)
    }
}

/// The id of one line.
///
/// # Errors
///
/// Why it is no record, and its id where that much is clear.
pub(crate) fn read_line(text: &[u8]) -> Result<RecordId, (Option<RecordId>, Why)> {
    if text.len() > MAX_LINE {
        return Err((None, Why::TooLong));
    }
    let text = std::str::from_utf8(text).map_err(|_| (None, Why::NotUtf8))?;
    // Once whole, so that nothing is stored that a reader could not read; and once for the id, so that two are seen.
    match serde_json::from_str(text) {
        Ok(Value::Object(_)) => {}
        Ok(_) => return Err((None, Why::NotAnObject)),
        Err(_) => return Err((None, Why::NotJson)),
    }
    stored_id(text).map_err(|why| (None, why))
}

/// The id of a line that is known to be one JSON object.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn stored_id(text: &str) -> Result<RecordId, Why> {
    let Envelope { id } = serde_json::from_str(text).map_err(|_| Why::BadId)?;
    match id {
        None => Err(Why::NoId),
        Some(Value::String(id)) => RecordId::parse(&id).ok_or(Why::BadId),
        Some(_) => Err(Why::BadId),
    }
}

impl RecordId {
    /// Exactly one spelling per id: 32 lower-case hex digits, `-`, a decimal from 1 without padding; for checkpoints `c` and one
    /// from 0.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (stream, rest) = text.split_at_checked(32)?;
        let counted = rest.strip_prefix('-')?;
        let (kind, digits) = match counted.strip_prefix('c') {
            Some(digits) => (Kind::Checkpoint, digits),
            None => (Kind::Record, counted),
        };
        let id = Self { stream: u128::from_str_radix(stream, 16).ok()?, kind, number: digits.parse().ok()? };
        let least = u64::from(kind == Kind::Record);
        ((least..=MAX_NUMBER).contains(&id.number) && id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Checkpoint => "c",
            Kind::Record => "",
        };
        write!(f, "{:032x}-{kind}{}", self.stream, self.number)
    }
}

impl Digest {
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut half = [0; 16];
        half.iter_mut().zip(Sha256::digest(text)).for_each(|(to, from)| *to = from);
        Self(half)
    }
}

#[derive(Deserialize)]
struct Envelope {
    id: Option<Value>,
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn id_text<S: serde::Serializer>(id: &Option<RecordId>, serializer: S) -> Result<S::Ok, S::Error> {
    id.as_ref().map(ToString::to_string).serialize(serializer)
}

/// Bytes of a line. The filter writes at most 16 KiB; more would break readers that read line by line.
pub(crate) const MAX_LINE: usize = 64 * 1024;
/// Lines of a request. The filter sends at most 64.
const MAX_LINES: usize = 10_000;
/// 2^53 - 1: what every JSON reader can hold.
const MAX_NUMBER: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "000102030405060708090a0b0c0d0e0f";

    fn whys(body: &[u8]) -> Vec<(usize, Why)> {
        let batch = Batch::read(&Bytes::copy_from_slice(body)).unwrap();
        batch.refused.iter().map(|refused| (refused.line, refused.why)).collect()
    }

    #[test]
    fn an_id_has_one_spelling() {
        for good in ["1", "9007199254740991", "c0", "c1"] {
            let text = format!("{STREAM}-{good}");
            assert_eq!(RecordId::parse(&text).unwrap().to_string(), text);
        }
        for bad in ["0", "01", "+1", "-1", "", "c00", "c01", "c", "9007199254740992", "1 ", "x"] {
            assert_eq!(RecordId::parse(&format!("{STREAM}-{bad}")), None, "{bad}");
        }
        for bad in ["", "-1", "0001-1", "000102030405060708090A0B0C0D0E0F-1", "é00102030405060708090a0b0c0d0e0-1"] {
            assert_eq!(RecordId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_bad_line_is_refused_for_its_own_reason() {
        let body = format!(
            "{{\"id\":\"{STREAM}-1\"}}\r\n\n{{\"id\":\"nope\"}}\n[]\n{{\n{{}}\n{{\"id\":1}}\n{{\"id\":\"{STREAM}-1\",\"id\":\
             \"{STREAM}-2\"}}\n"
        );
        let reasons = [
            (3, Why::BadId),
            (4, Why::NotAnObject),
            (5, Why::NotJson),
            (6, Why::NoId),
            (7, Why::BadId),
            (8, Why::BadId),
        ];
        assert_eq!(whys(body.as_bytes()), reasons);
        assert_eq!(whys(b"{\"id\":\"\xff\"}"), [(1, Why::NotUtf8)]);
        let long = format!("{{\"id\":\"{STREAM}-1\",\"pad\":\"{}\"}}", "x".repeat(MAX_LINE));
        assert_eq!(whys(long.as_bytes()), [(1, Why::TooLong)]);
    }

    #[test]
    fn what_is_kept_has_no_white_space_around_it() {
        let batch = Batch::read(&Bytes::from(format!(" {{\"id\":\"{STREAM}-7\"}}\r\n"))).unwrap();
        let kept = batch.lines.first().unwrap();
        assert_eq!(kept.bytes, format!("{{\"id\":\"{STREAM}-7\"}}"));
        assert_eq!((kept.id.number, kept.number), (7, 1));
    }

    #[test]
    fn a_body_of_line_feeds_is_not_answered_line_by_line() {
        assert_eq!(Batch::read(&Bytes::from(vec![b'\n'; MAX_LINES + 1])).unwrap_err(), TooManyLines);
    }
}
