//! JSON of other people (RFC 8259): every member on its own, duplicates noticed, bounded in depth and size.
//!
//! `serde_json`'s own map keeps the last of two equal names and so hides an ambiguity that an auditor came to see.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::seen::{Malformation, Seen};

/// A JSON value. Texts borrow from the document unless they were escaped there.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `true`, `false`
    Bool(bool),
    /// Beyond the depth or the number of values that are kept.
    Cut,
    /// A number with a fraction or an exponent, or beyond 64 bits.
    Float(f64),
    /// An array, of which the first items are kept.
    List(Vec<Json<'a>>),
    /// A whole number below 0.
    Negative,
    /// `null`
    Null,
    /// An object.
    Object(Object<'a>),
    /// A string.
    Text(Cow<'a, str>),
    /// A whole number.
    Whole(u64),
}

/// A JSON object with its members in order, equal names included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// Values nested deeper are not kept; nothing that is read here nests deeper than 4.
const DEPTH: u8 = 8;

/// Values kept of one document; the largest metadata documents have some 400.
const VALUES: usize = 4096;

/// Items kept of one array.
const ITEMS: usize = 256;

/// Reads a document. `None` when it is not JSON. Bytes that are not UTF-8 are replaced first, so that one odd text does
/// not hide the others; [`Object::text`] calls such a text malformed.
#[must_use]
pub fn read(document: &[u8]) -> Option<Json<'_>> {
    match std::str::from_utf8(document) {
        Ok(text) => parse(text),
        Err(_) => parse(&String::from_utf8_lossy(document)).map(Json::into_owned),
    }
}

/// Reads a document that must be an object.
#[must_use]
pub fn read_object(document: &[u8]) -> Option<Object<'_>> {
    match read(document)? {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Json<'_>> {
    let left = Cell::new(VALUES);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Reader { left: &left, depth: DEPTH }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok().map(|()| json)
}

impl<'a> Object<'a> {
    /// An object of texts, for the same content in another notation.
    pub(super) fn of_texts(members: impl Iterator<Item = (String, String)>) -> Self {
        let member = |(name, text)| (Cow::Owned(name), Json::Text(Cow::Owned(text)));
        Self { members: members.take(VALUES).map(member).collect() }
    }

    /// One member. Absent where it is not there, malformed where it is there twice or `null`.
    #[must_use]
    pub fn get(&self, name: &str) -> Seen<&Json<'a>> {
        let mut found = self.members.iter().filter(|(member, _)| member == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (None, _) => Seen::Absent,
            (Some(_), Some(_)) => Seen::Malformed(Malformation::Duplicate),
            (Some(Json::Null), None) => Seen::Malformed(Malformation::Empty),
            (Some(value), None) => Seen::Present(value),
        }
    }

    /// A text of 1 to `limit` bytes.
    #[must_use]
    pub fn text(&self, name: &str, limit: usize) -> Seen<Cow<'a, str>> {
        self.get(name).and_then(|value| value.text(limit))
    }

    /// A text, or several in an array, as `aud` has it: at most `limit` of them.
    #[must_use]
    pub fn texts(&self, name: &str, limit: usize) -> Seen<Vec<Cow<'a, str>>> {
        self.get(name).and_then(|value| match value {
            Json::List(items) => items.iter().take(limit).map(|item| item.text(TEXT)).try_fold_seen(),
            single => single.text(TEXT).map(|text| vec![text]),
        })
    }

    /// A whole number of 0 or more, or such a number in a text (some servers quote `expires_in`).
    #[must_use]
    pub fn whole(&self, name: &str) -> Seen<u64> {
        self.get(name).and_then(Json::whole)
    }

    /// A `NumericDate` (RFC 7519 §2) in whole seconds; a fraction is cut off.
    #[must_use]
    pub fn date(&self, name: &str) -> Seen<u64> {
        self.get(name).and_then(|value| match value {
            Json::Float(float) => Duration::try_from_secs_f64(*float)
                .map_or(Seen::Malformed(Malformation::Range), |since| Seen::Present(since.as_secs())),
            other => other.whole(),
        })
    }

    /// A boolean, or one in a text.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Seen<bool> {
        self.get(name).and_then(|value| match value {
            Json::Bool(value) => Seen::Present(*value),
            Json::Text(text) if text == "true" => Seen::Present(true),
            Json::Text(text) if text == "false" => Seen::Present(false),
            _ => Seen::Malformed(Malformation::Type),
        })
    }

    /// A nested object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Object<'a>> {
        match self.get(name) {
            Seen::Present(Json::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Whether a member of that name is there at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, _)| member == name)
    }

    /// Every member in order.
    pub fn members(&self) -> impl Iterator<Item = (&Cow<'a, str>, &Json<'a>)> {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// The names of all members, sorted, each once, at most `limit`.
    #[must_use]
    pub fn names(&self, limit: usize) -> Vec<Cow<'a, str>> {
        let mut names: Vec<Cow<'a, str>> = self.members.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        names
    }

    /// The same, with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Object<'static> {
        let own = |(name, value): (Cow<'a, str>, Json<'a>)| (Cow::Owned(name.into_owned()), value.into_owned());
        Object { members: self.members.into_iter().map(own).collect() }
    }
}

impl<'a> Json<'a> {
    /// What a JSON pointer leads to (RFC 6901, without its escapes): the first of members that are there twice.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Json<'a>> {
        pointer.split('/').skip(1).try_fold(self, |json, step| match json {
            Json::Object(object) => object.members().find(|(name, _)| *name == step).map(|(_, value)| value),
            Json::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// A text of 1 to `limit` bytes.
    pub fn text(&self, limit: usize) -> Seen<Cow<'a, str>> {
        match self {
            Self::Text(text) if text.is_empty() => Seen::Malformed(Malformation::Empty),
            Self::Text(text) if text.len() > limit => Seen::Malformed(Malformation::TooLong),
            Self::Text(text) if text.contains(char::REPLACEMENT_CHARACTER) => Seen::Malformed(Malformation::Utf8),
            Self::Text(text) => Seen::Present(text.clone()),
            _ => Seen::Malformed(Malformation::Type),
        }
    }

    fn whole(&self) -> Seen<u64> {
        match self {
            Self::Whole(number) => Seen::Present(*number),
            Self::Text(text) if text.is_empty() => Seen::Malformed(Malformation::Empty),
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_or(Seen::Malformed(Malformation::Range), Seen::Present)
            }
            Self::Negative => Seen::Malformed(Malformation::Range),
            Self::Float(float) if float.fract() == 0.0 => Duration::try_from_secs_f64(*float)
                .map_or(Seen::Malformed(Malformation::Range), |seconds| Seen::Present(seconds.as_secs())),
            _ => Seen::Malformed(Malformation::Type),
        }
    }

    /// The same, with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Bool(value) => Json::Bool(value),
            Self::Cut => Json::Cut,
            Self::Float(value) => Json::Float(value),
            Self::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Self::Negative => Json::Negative,
            Self::Null => Json::Null,
            Self::Object(object) => Json::Object(object.into_owned()),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::Whole(value) => Json::Whole(value),
        }
    }
}

/// A text of a list or of a member without a limit of its own.
const TEXT: usize = 8 * 1024;

/// Collects texts, or the first malformation among them.
trait TryFoldSeen<'a> {
    fn try_fold_seen(self) -> Seen<Vec<Cow<'a, str>>>;
}

impl<'a, I: Iterator<Item = Seen<Cow<'a, str>>>> TryFoldSeen<'a> for I {
    fn try_fold_seen(self) -> Seen<Vec<Cow<'a, str>>> {
        let mut texts = Vec::new();
        for text in self {
            match text {
                Seen::Present(text) => texts.push(text),
                Seen::Malformed(why) => return Seen::Malformed(why),
                Seen::Absent => {}
            }
        }
        if texts.is_empty() { Seen::Malformed(Malformation::Empty) } else { Seen::Present(texts) }
    }
}

/// Reads one value; counts all values of the document in `left`.
#[derive(Clone, Copy)]
struct Reader<'c> {
    left: &'c Cell<usize>,
    depth: u8,
}

impl Reader<'_> {
    /// One level deeper, or `None` where nothing more is kept.
    fn inside(self) -> Option<Self> {
        let left = self.left.get().checked_sub(1)?;
        let depth = self.depth.checked_sub(1)?;
        self.left.set(left);
        Some(Self { left: self.left, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Whole(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(u64::try_from(value).map_or(Json::Negative, Json::Whole))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        loop {
            let inside = if items.len() < ITEMS { self.inside() } else { None };
            match inside {
                Some(reader) => match access.next_element_seed(reader)? {
                    Some(item) => items.push(item),
                    None => return Ok(Json::List(items)),
                },
                None if access.next_element::<IgnoredAny>()?.is_none() => return Ok(Json::List(items)),
                None => {}
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(Json::Text(name)) = access.next_key_seed(self)? {
            match self.inside() {
                Some(reader) => members.push((name, access.next_value_seed(reader)?)),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Json::Object(Object { members }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn object(text: &str) -> Object<'_> {
        read_object(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_member_sent_twice_is_a_duplicate_and_hides_no_other() {
        let object = object(r#"{"access_token":"a","access_token":"b","expires_in":300}"#);
        assert_eq!(object.text("access_token", 99), Seen::Malformed(Malformation::Duplicate));
        assert_eq!(object.whole("expires_in"), Seen::Present(300));
        assert_eq!(object.text("scope", 99), Seen::Absent);
    }

    #[test]
    fn numbers_are_read_in_the_ways_servers_write_them() {
        let object =
            object(r#"{"a":"3600","b":-1,"c":1.5,"d":300.0,"e":"x","f":1e30,"g":"99999999999999999999","h":null}"#);
        assert_eq!(object.whole("a"), Seen::Present(3600));
        assert_eq!(object.whole("b"), Seen::Malformed(Malformation::Range));
        assert_eq!(object.whole("c"), Seen::Malformed(Malformation::Type));
        assert_eq!(object.date("c"), Seen::Present(1));
        assert_eq!(object.whole("d"), Seen::Present(300));
        assert_eq!(object.whole("e"), Seen::Malformed(Malformation::Type));
        assert_eq!(object.date("f"), Seen::Malformed(Malformation::Range));
        assert_eq!(object.whole("g"), Seen::Malformed(Malformation::Range));
        assert_eq!(object.whole("h"), Seen::Malformed(Malformation::Empty));
    }

    #[test]
    fn a_text_that_is_not_utf8_hides_no_other() {
        let document = b"{\"name\":\"\xff\",\"sub\":\"248289761001\"}";
        let object = read_object(document).unwrap();
        assert_eq!(object.text("name", 99), Seen::Malformed(Malformation::Utf8));
        assert_eq!(object.text("sub", 99), Seen::Present(Cow::Borrowed("248289761001")));
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(read(deep.as_bytes()).is_some());
        let wide = format!("{{\"a\":[{}0],\"b\":1}}", "0,".repeat(100_000));
        let object = read_object(wide.as_bytes()).unwrap();
        assert!(matches!(object.get("a"), Seen::Present(Json::List(items)) if items.len() == ITEMS));
        assert_eq!(object.whole("b"), Seen::Present(1));
        let many = format!("{{{}\"z\":1}}", "\"a\":1,".repeat(20_000));
        assert!(read_object(many.as_bytes()).unwrap().members.len() <= VALUES);
    }

    #[test]
    fn what_is_not_json_is_nothing() {
        for text in ["", "{", "{}x", "{\"a\":}", "nan", "\u{feff}{}", "<html>"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(document in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = read(&document);
        }

        #[test]
        fn json_like_text_never_panics(document in "[\\[\\]{}\",:0-9a-eE.\\\\u-]{0,200}") {
            let _ = read(document.as_bytes()).map(Json::into_owned);
        }

        #[test]
        fn texts_come_back_as_they_were_written(name in "\\PC{1,20}", text in "[^\u{fffd}]{1,40}") {
            let document = serde_json::json!({ name.clone(): text.clone() }).to_string();
            let object = read_object(document.as_bytes()).unwrap();
            prop_assert_eq!(object.text(&name, 1024), Seen::Present(Cow::Owned(text)));
        }
    }
}
