//! JSON as a tree that remembers what `serde_json::Value` forgets: members that are named twice.
//!
//! Knows nothing of what the configuration means.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// One JSON value. Its `Debug` shows kinds only: a configuration can hold a secret.
pub(super) enum Json {
    Bool(bool),
    List(Vec<Json>),
    Null,
    /// A whole number from 0. `5000.0` is one: Istio's `pluginConfig` knows floating point numbers only.
    Number(u64),
    /// In the order of the text, names given twice included.
    Object(Vec<(String, Json)>),
    /// A negative number or a fraction: no member of the configuration takes one.
    OtherNumber,
    Text(String),
}

/// Where a text stops being JSON. What stands there is not said: it could be a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NotJson {
    /// From 1.
    pub(super) line: usize,
    /// From 1; 0 where the line before is cut short.
    pub(super) column: usize,
}

impl Json {
    /// Parses a whole text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, NotJson> {
        serde_json::from_slice(text).map_err(|error| NotJson { line: error.line(), column: error.column() })
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool",
            Self::List(_) => "List",
            Self::Null => "Null",
            Self::Number(_) | Self::OtherNumber => "Number",
            Self::Object(_) => "Object",
            Self::Text(_) => "Text",
        })
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(u64::try_from(value).map_or(Json::OtherNumber, Json::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(whole(value).map_or(Json::OtherNumber, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

fn whole(value: f64) -> Option<u64> {
    (value.fract() == 0.0 && (0.0..=EXACT).contains(&value)).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within 0..=2^53")]
        let number = value as u64;
        number
    })
}

/// Up to here every whole number is an `f64` of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::{Json, NotJson};

    #[test]
    fn a_name_given_twice_is_kept_twice() {
        let Ok(Json::Object(members)) = Json::parse(br#"{"a":1,"a":2}"#) else { panic!("an object") };
        assert_eq!(members.len(), 2);
    }

    #[test]
    fn whole_floating_point_numbers_are_numbers() {
        assert!(matches!(Json::parse(b"5000.0"), Ok(Json::Number(5_000))));
        for other in ["-1", "0.5", "-0.5", "1e300"] {
            assert!(matches!(Json::parse(other.as_bytes()), Ok(Json::OtherNumber)), "{other}");
        }
    }

    #[test]
    fn a_text_that_is_not_json_is_located_and_not_quoted() {
        assert_eq!(Json::parse(b"{\n  \"a\": hunter2}").unwrap_err(), NotJson { line: 2, column: 8 });
    }

    #[test]
    fn a_deep_text_is_refused_and_not_descended_into() {
        assert!(Json::parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
