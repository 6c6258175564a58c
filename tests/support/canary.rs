//! Every secret of the corpus contains the word `canary`: no output may contain it, however it is written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The marker.
const MARKER: &str = "canary";

/// What of the secrets a text contains, and how it is written; `None` when nothing.
pub(crate) fn found(text: &str, secrets: &[String]) -> Option<String> {
    let variants = [text.to_owned(), unescape(text, "%", 2), unescape(text, "\\u", 4), unescape(text, "\\u00", 2)];
    let markers = std::iter::once(MARKER).chain(secrets.iter().map(String::as_str));
    for marker in markers {
        for (how, needle) in writings(marker) {
            let hit = |text: &String| match how {
                "base64" => text.contains(&needle),
                _ => text.to_ascii_lowercase().contains(&needle),
            };
            if variants.iter().any(hit) {
                return Some(format!("{marker} ({how})"));
            }
        }
    }
    None
}

/// Searches much for many secrets: each place of a text is looked up once, not each secret in it.
#[derive(Debug)]
pub(crate) struct Hunt {
    /// By their first bytes: whose writing it is, and the whole of it.
    needles: BTreeMap<[u8; HEAD], Vec<(usize, String)>>,
}

/// No secret of a hunt is shorter.
const HEAD: usize = 8;

impl Hunt {
    pub(crate) fn new(secrets: &[String]) -> Self {
        let mut needles: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (number, secret) in secrets.iter().enumerate() {
            for (_, needle) in writings(secret) {
                let head = needle.as_bytes().first_chunk().unwrap_or_else(|| panic!("secret {number} is too short"));
                needles.entry(*head).or_default().push((number, needle));
            }
        }
        Self { needles }
    }

    /// The number of a secret that the text contains.
    pub(crate) fn found(&self, text: &str) -> Option<usize> {
        [text.to_owned(), unescape(text, "%", 2), unescape(text, "\\u", 4)].iter().find_map(|text| {
            // base64 as it stands, all else in lower case
            self.place(text.as_bytes()).or_else(|| self.place(text.to_ascii_lowercase().as_bytes()))
        })
    }

    fn place(&self, text: &[u8]) -> Option<usize> {
        text.windows(HEAD).enumerate().find_map(|(at, head)| {
            let rest = text.get(at..)?;
            let candidates = self.needles.get(head.first_chunk::<HEAD>()?)?;
            candidates.iter().find(|(_, needle)| rest.starts_with(needle.as_bytes())).map(|(number, _)| *number)
        })
    }
}

/// The ways of writing it that a search looks for; the same, in the same order, for every marker of one length.
pub(crate) fn writings(marker: &str) -> Vec<(&'static str, String)> {
    let hex = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut writings = vec![("raw", marker.to_ascii_lowercase()), ("hex", hex)];
    for offset in 0..3 {
        // the first and last characters depend on what stands beside the marker
        let encoded = STANDARD_NO_PAD.encode([&b"\0\0"[..offset], marker.as_bytes()].concat());
        let partial = usize::from(!(marker.len() + offset).is_multiple_of(3));
        let length = encoded.len() - [0, 2, 3][offset] - partial;
        let part: String = encoded.chars().skip([0, 2, 3][offset]).take(length).collect();
        writings.push(("base64", part.replace('+', "-").replace('/', "_")));
        writings.push(("base64", part));
    }
    writings
}

/// Undoes `%63` or `\u0063`, once.
fn unescape(text: &str, prefix: &str, digits: usize) -> String {
    let mut parts = text.split(prefix);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(digits).unwrap_or((part, ""));
        match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
            Some(character) => out.push(character),
            None => out.extend([prefix, code]),
        }
        out.push_str(rest);
    }
    out
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    for text in [
        "xCANARYx",
        "%63%61%6E%61%72%79",
        "63616e617279",
        r"\u0063\u0061\u006e\u0061\u0072\u0079",
        "Y2FuYXJ5",
        &STANDARD_NO_PAD.encode("a canary"),
        &STANDARD_NO_PAD.encode("my canary!"),
        &STANDARD_NO_PAD.encode("the canary"),
    ] {
        assert!(found(text, &[]).is_some(), "{text}");
    }
    let hunt = Hunt::new(&["not this one".to_owned(), "some/Secret+value".to_owned()]);
    for text in ["<SOME/secret+value>", "some%2FSecret%2Bvalue", &STANDARD_NO_PAD.encode("a some/Secret+value b")] {
        assert_eq!(hunt.found(text), Some(1), "{text}");
    }
    assert_eq!(hunt.found("some/Secret value"), None);
    assert_eq!(found("can %61 ary Y2FuYXJ", &[]), None);
    assert_eq!(found("a s3cret", &["s3cret".to_owned()]), Some("s3cret (raw)".to_owned()));
}
