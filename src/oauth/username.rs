//! The name that a login form holds, and nothing else of it: what stands beside it is a password (PROTOCOL §5.2).
//!
//! Form, JSON and multipart bodies. Whatever is passed over is neither decoded nor copied, so that there is nothing to
//! wipe but the body itself, which its owner wipes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::decode::Content;
use super::form;
use super::provider::Word;
use crate::http::{Headers, MediaType};
use crate::seen::{Malformation, Seen};

/// Reads the first of the `wanted` fields or pointers that is there; malformed where it is there twice.
pub(super) fn read<'a>(headers: &Headers, content: &'a Content<'_>, wanted: &[Word]) -> Seen<Cow<'a, [u8]>> {
    let found = |name: &Word| match (name.strip_prefix('/'), headers.media_type()) {
        (Some(_), Some(MediaType::Json)) => content.whole().map_or(Seen::Absent, |body| in_json(body, name)),
        // JSON under a name of its own (`application/x-amz-json-1.1`).
        (Some(_), Some(MediaType::Other)) => {
            let body = content.whole().filter(|body| body.starts_with(b"{"));
            body.map_or(Seen::Absent, |body| in_json(body, name))
        }
        (None, Some(MediaType::Form)) => in_form(content.whole_pairs(), name),
        (None, Some(MediaType::Other)) => {
            let boundary = headers.first("content-type").and_then(boundary);
            boundary.map_or(Seen::Absent, |boundary| in_multipart(content.bytes(), boundary, name))
        }
        (None, Some(MediaType::Json)) => {
            let pointer = format!("/{name}");
            content.whole().map_or(Seen::Absent, |body| in_json(body, &pointer))
        }
        _ => Seen::Absent,
    };
    let value = wanted.iter().map(found).find(|value| !value.is_absent()).unwrap_or_default();
    value.and_then(|value| match value.len() {
        0 => Seen::Malformed(Malformation::Empty),
        length if length > NAME => Seen::Malformed(Malformation::TooLong),
        _ => Seen::Present(value),
    })
}

fn in_form<'a>(body: &'a [u8], wanted: &str) -> Seen<Cow<'a, [u8]>> {
    let mut found = body.split(|byte| *byte == b'&').filter_map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = halves.next().filter(|name| name.len() <= FIELD)?;
        (*form::decode(name) == *wanted.as_bytes()).then(|| halves.next().unwrap_or_default())
    });
    match (found.next(), found.next()) {
        (None, _) => Seen::Absent,
        (Some(value), None) if value.len() <= NAME.saturating_mul(3) => Seen::Present(form::decode(value)),
        (Some(_), None) => Seen::Malformed(Malformation::TooLong),
        (Some(_), Some(_)) => Seen::Malformed(Malformation::Duplicate),
    }
}

/// RFC 2046 §5.1.1
fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let mut parts = content_type.split(|byte| *byte == b';');
    let media = parts.next()?.trim_ascii();
    media.get(..10).filter(|start| start.eq_ignore_ascii_case(b"multipart/"))?;
    let value = parts.find_map(|part| {
        let part = part.trim_ascii();
        part.get(..9).filter(|name| name.eq_ignore_ascii_case(b"boundary="))?;
        part.get(9..)
    })?;
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    (1..=70).contains(&value.len()).then_some(value)
}

/// RFC 7578 §4.2: the part whose `Content-Disposition` has the name.
fn in_multipart<'a>(body: &'a [u8], boundary: &[u8], wanted: &str) -> Seen<Cow<'a, [u8]>> {
    let delimiter = [b"--", boundary].concat();
    let name = [b"name=\"", wanted.as_bytes(), b"\""].concat();
    let mut rest = body;
    for _ in 0..PARTS {
        let Some(part) = find(rest, &delimiter).and_then(|at| rest.get(at.saturating_add(delimiter.len())..)) else {
            return Seen::Absent;
        };
        let Some(end) = find(part, &delimiter) else { return Seen::Absent };
        rest = part;
        let (Some(head), Some(content)) = (find(part, b"\n\r\n"), find(part, b"\n\r\n").map(|at| at.saturating_add(3)))
        else {
            return Seen::Absent;
        };
        let fields = part.get(..head).filter(|_| head < end).unwrap_or_default();
        let named = fields.split(|byte| matches!(byte, b';' | b'\n')).any(|field| field.trim_ascii() == name);
        if named {
            let value = part.get(content..end).unwrap_or_default();
            return Seen::Present(Cow::Borrowed(value.strip_suffix(b"\r\n").unwrap_or(value)));
        }
    }
    Seen::Absent
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// RFC 6901. The reader skips whatever the pointer does not lead through.
fn in_json<'a>(body: &[u8], pointer: &str) -> Seen<Cow<'a, [u8]>> {
    // A name that is no text is no name; and the same reader as everywhere else costs no second copy of its code.
    let Ok(body) = std::str::from_utf8(body) else { return Seen::Malformed(Malformation::Utf8) };
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let path = pointer.get(1..).unwrap_or_default();
    let found = Follow { path: Some(path), depth: DEPTH }.deserialize(&mut deserializer);
    match found {
        Ok(Some(name)) => Seen::Present(Cow::Owned(name.into_bytes())),
        Ok(None) => Seen::Absent,
        Err(_) => Seen::Malformed(Malformation::Type),
    }
}

/// Follows a pointer; `None` at its end.
#[derive(Clone, Copy)]
struct Follow<'p> {
    path: Option<&'p str>,
    depth: u8,
}

impl<'p> Follow<'p> {
    /// The next step, and what follows it.
    fn next(self) -> Option<(&'p str, Self)> {
        let path = self.path?;
        let (step, rest) = path.split_once('/').map_or((path, None), |(step, rest)| (step, Some(rest)));
        Some((step, Self { path: rest, depth: self.depth.checked_sub(1)? }))
    }
}

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Follow<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<String>, E> {
        Ok((self.path.is_none() && text.len() <= NAME).then(|| text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Option<String>, A::Error> {
        let (wanted, next) = self.next().map_or((None, self), |(step, next)| (step.parse::<usize>().ok(), next));
        let mut found = None;
        for at in 0usize.. {
            if Some(at) == wanted {
                let Some(value) = access.next_element_seed(next)? else { break };
                found = value;
            } else if access.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Option<String>, A::Error> {
        let step = self.next();
        let mut found: Option<Option<String>> = None;
        while let Some(matches) = access.next_key_seed(Key(step.map(|(step, _)| step)))? {
            match step.filter(|_| matches) {
                Some((_, next)) => {
                    let value = access.next_value_seed(next)?;
                    if found.replace(value).is_some() {
                        return Err(A::Error::custom("twice"));
                    }
                }
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found.flatten())
    }
}

/// Whether a member's name is the wanted one.
struct Key<'p>(Option<&'p str>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(self.0 == Some(name))
    }
}

/// Bytes of a user's name: longer than an e-mail address can be (RFC 5321 §4.5.3.1).
const NAME: usize = 512;

/// Bytes of a field's name that are looked at.
const FIELD: usize = 128;

/// Parts of a multipart form that are looked at.
const PARTS: usize = 64;

/// Steps of a pointer.
const DEPTH: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(seen: Seen<Cow<'_, [u8]>>) -> Option<String> {
        seen.present().map(|octets| String::from_utf8_lossy(&octets).into_owned())
    }

    #[test]
    fn a_name_is_found_in_every_shape() {
        assert_eq!(text(in_form(b"password=a%26b&user%5Blogin%5D=j+d%40x", "user[login]")), Some("j d@x".to_owned()));
        assert_eq!(in_form(b"u=a&u=b", "u"), Seen::Malformed(Malformation::Duplicate));
        let json = br#"{"pw":"\u0041","callbacks":[{"input":[{"value":"jane"}]},{"input":[{"value":"pw"}]}]}"#;
        assert_eq!(text(in_json(json, "/callbacks/0/input/0/value")), Some("jane".to_owned()));
        assert_eq!(text(in_json(json, "/nobody")), None);
        assert_eq!(in_json(br#"{"u":"a","u":"b"}"#, "/u"), Seen::Malformed(Malformation::Type));
        let form = b"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\npw\r\n--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\njane\r\n--b--\r\n";
        assert_eq!(text(in_multipart(form, b"b", "username")), Some("jane".to_owned()));
        assert_eq!(boundary(b"multipart/form-data; boundary=\"b\""), Some(b"b".as_slice()));
        assert_eq!(boundary(b"text/xml"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = (in_form(&body, "u"), in_json(&body, "/a/0"), in_multipart(&body, b"-", "u"), boundary(&body));
        }

        #[test]
        fn no_markup_panics(body in "(--b|\r\n|name=\"u\"|;|Content-Disposition: form-data|[{}\\[\\]\",:a0-9]){0,60}") {
            let _ = (in_json(body.as_bytes(), "/a/0"), in_multipart(body.as_bytes(), b"b", "u"));
        }
    }
}
