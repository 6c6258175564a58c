//! A line of an export: whose it is, and what it hashes to.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::record::batch::StreamId;
use crate::record::canonical;
use crate::record::evidence::{CheckpointLine, Digest};
use crate::record::schema;
use crate::record::verify::statement::Statement;

/// What a line is, as far as verification goes.
#[derive(Clone, Debug)]
pub enum Line {
    /// It has the id of a checkpoint, and is none.
    Broken {
        /// The stream of the id.
        stream: StreamId,
        /// The id.
        id: String,
    },
    /// A checkpoint, still to be believed.
    Checkpoint(Box<CheckpointLine>),
    /// Neither record nor checkpoint.
    Other,
    /// What an operator signed, still to be believed.
    Statement(Box<Statement>),
    /// A record.
    Record {
        /// The stream of its id.
        stream: StreamId,
        /// The number of its id.
        number: u64,
        /// Of the canonical text of all its members.
        leaf: Digest,
        /// Of the canonical text without members that no record has: a store may have added them.
        trimmed: Option<Digest>,
    },
}

/// Reads lines.
#[derive(Clone, Debug)]
pub struct LineReader {
    /// Top-level members that records have.
    members: BTreeSet<String>,
}

impl Default for LineReader {
    fn default() -> Self {
        let schemas = schema::schemas();
        let properties = schemas.values().filter_map(|schema| schema.get("properties")?.as_object());
        Self { members: properties.flat_map(|properties| properties.keys().cloned()).collect() }
    }
}

impl LineReader {
    /// A line of text, without its line end. White space and the order of members do not matter; a member that is there
    /// twice makes it [`Line::Other`], because every reader would see another record.
    #[must_use]
    pub fn text(&self, text: &[u8]) -> Line {
        match serde_json::from_slice::<Strict>(text) {
            Ok(Strict(value)) => self.value(&value),
            Err(_) => Line::Other,
        }
    }

    /// A line that is parsed already.
    #[must_use]
    pub fn value(&self, value: &Value) -> Line {
        let Some(members) = value.as_object() else { return Line::Other };
        // what a collector concludes is sealed by nobody
        if members.get("event").and_then(Value::as_str) == Some(FINDING) {
            return Line::Other;
        }
        if let Some(statement) = Statement::read(value) {
            return Line::Statement(Box::new(statement));
        }
        let Some(id) = members.get("id").and_then(Value::as_str) else { return Line::Other };
        let Some((stream, place)) = id.split_once('-') else { return Line::Other };
        let Some(stream) = StreamId::parse(stream) else { return Line::Other };
        match place.strip_prefix('c') {
            Some(number) if is_number(number) => self.checkpoint(value, stream, id),
            None if is_number(place) && place != "0" => self.record(value, members, stream, place),
            _ => Line::Other,
        }
    }

    fn checkpoint(&self, value: &Value, stream: StreamId, id: &str) -> Line {
        match CheckpointLine::read(value) {
            Ok(line) => Line::Checkpoint(Box::new(line)),
            Err(_) => Line::Broken { stream, id: id.to_owned() },
        }
    }

    fn record(&self, value: &Value, members: &Map<String, Value>, stream: StreamId, place: &str) -> Line {
        let Ok(number) = place.parse() else { return Line::Other };
        let leaf_of = |value: &Value| Digest::leaf(canonical::encode(value).as_bytes());
        let added = members.keys().any(|name| !self.members.contains(name));
        let own = || members.iter().filter(|(name, _)| self.members.contains(*name));
        let trimmed = added.then(|| leaf_of(&own().map(|(name, value)| (name.clone(), value.clone())).collect()));
        Line::Record { stream, number, leaf: leaf_of(value), trimmed }
    }
}

const FINDING: &str = "finding.raised";

/// Decimal without padding, as ids have it.
fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

/// JSON in which no member is there twice.
struct Strict(Value);

struct StrictVisitor;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Value::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(Value::Number(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(Value::Number(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Strict(Value::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a member is there twice"));
            }
        }
        Ok(Strict(Value::Object(map)))
    }
}
