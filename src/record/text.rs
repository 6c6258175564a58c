//! Text of other people, made fit for a record: bounded, without control or direction characters, and free texts without
//! what looks like a person or a secret (PROTOCOL §2.9, §5.4).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A text that was made fit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Clean {
    /// What is left of it; may be empty.
    pub(super) text: String,
    /// It had more characters than its limit.
    pub(super) cut: bool,
}

/// Keeps at most `limit` characters, and none that changes how the others are shown. Reads no further than it must.
pub(super) fn clean(text: &str, limit: usize) -> Clean {
    let mut shown = text.chars().filter(|c| !is_hidden(*c));
    let kept: String = shown.by_ref().take(limit).collect();
    Clean { text: kept, cut: shown.next().is_some() }
}

/// The same for bytes: what is not UTF-8 becomes U+FFFD.
pub(super) fn clean_bytes(bytes: &[u8], limit: usize) -> Clean {
    // Four bytes per character at most; a few more, so that a cut is seen.
    let read = bytes.get(..limit.saturating_mul(4).saturating_add(4)).unwrap_or(bytes);
    let mut clean = clean(&String::from_utf8_lossy(read), limit);
    clean.cut |= read.len() < bytes.len();
    clean
}

/// A name that somebody else chose (of a parameter or claim): `{id}` when it looks like a secret rather than a name.
pub(super) fn name(text: &str) -> String {
    if is_unsafe(text) { ID.to_owned() } else { clean(text, NAME_LIMIT).text }
}

/// A segment of a path: `{id}` when it looks like a secret or a person, and without matrix parameters, which are where
/// servlet containers write session ids.
pub(super) fn segment(text: &str) -> &str {
    let text = text.split_once(';').map_or(text, |(before, _)| before);
    if is_unsafe(text) { ID } else { text }
}

/// Free text without e-mail addresses, IP addresses, JWTs, UUIDs, tokens of 20 and more characters, and without the
/// `known` values of its exchange.
pub(super) fn scrub(text: &str, known: &[&str]) -> Clean {
    // Twice the limit is read: a placeholder may be longer than what it replaces, and a word at the edge must be whole.
    let read = clean(text, 2 * TEXT_LIMIT);
    let mut without = read.text;
    for value in known.iter().map(|value| clean(value, 2 * TEXT_LIMIT).text) {
        if value.len() >= KNOWN_MINIMUM && without.contains(&value) {
            without = without.replace(&value, "{redacted}");
        }
    }
    let mut scrubbed = String::with_capacity(without.len());
    for word in without.split_inclusive(is_delimiter) {
        let (word, end) = match word.char_indices().next_back() {
            Some((at, last)) if is_delimiter(last) => word.split_at(at),
            _ => (word, ""),
        };
        scrubbed.push_str(placeholder(word).unwrap_or(word));
        scrubbed.push_str(end);
    }
    let kept = clean(&scrubbed, TEXT_LIMIT);
    Clean { cut: kept.cut || read.cut, ..kept }
}

/// What stands in a record for a word of free text; `None` when it may stay.
fn placeholder(word: &str) -> Option<&'static str> {
    if word.contains('@') {
        Some("{email}")
    } else if word.split(|c: char| !c.is_ascii_digit() && c != '.').any(is_ipv4)
        || word.split(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.').any(is_ipv6)
    {
        Some("{ip}")
    } else if is_jwt(word) {
        Some("{jwt}")
    } else if is_uuid(word.trim_end_matches(['.', ':'])) {
        Some("{uuid}")
    } else if is_opaque(word) {
        Some("{token}")
    } else {
        None
    }
}

fn is_ipv4(text: &str) -> bool {
    Ipv4Addr::from_str(text.trim_matches('.')).is_ok()
}

fn is_ipv6(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let whole = |text: &str| text.contains(':') && Ipv6Addr::from_str(text).is_ok();
    whole(text) || whole(text.trim_end_matches(':'))
}

/// RFC 7519: three base64url parts, the first of which begins like a JSON object.
fn is_jwt(word: &str) -> bool {
    let mut parts = word.split('.');
    parts.next().is_some_and(|header| header.starts_with("eyJ")) && parts.next().is_some_and(|part| !part.is_empty())
}

fn is_uuid(word: &str) -> bool {
    let lengths = word.split('-').map(|part| part.chars().all(|c| c.is_ascii_hexdigit()).then_some(part.len()));
    lengths.eq([Some(8), Some(4), Some(4), Some(4), Some(12)])
}

/// Whether a name or segment is more likely a secret or a person than a name.
fn is_unsafe(text: &str) -> bool {
    text.contains('@') || is_jwt(text) || is_opaque(text)
}

/// Whether a text holds a run that is more likely a token, key or handle than words: 20 and more characters of base64,
/// base64url or percent-encoding, or a UUID. Lower-case words joined by `-` or `_` are no such run.
fn is_opaque(text: &str) -> bool {
    let run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '%' | '=' | '/' | '~');
    text.split(|c| !run(c)).any(|run| run.len() >= OPAQUE_RUN && !is_words(run))
}

fn is_words(run: &str) -> bool {
    let mut parts = 0;
    let word = |part: &str| part.len() <= LONGEST_WORD && part.bytes().all(|byte| byte.is_ascii_lowercase());
    run.split(['-', '_']).inspect(|_| parts += 1).all(word) && parts > 1
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '"' | '\'' | '`' | '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}')
        || matches!(c, ',' | ';' | '|' | '&' | '?' | '!' | '#' | '=')
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and format characters that hide text or turn its
/// direction (Unicode TR 36 §2, UAX 9).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' |
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// PROTOCOL §2.9, recorded strings.
pub(super) const TEXT_LIMIT: usize = 256;

/// PROTOCOL §2.9, parameter names.
pub(super) const NAME_LIMIT: usize = 128;

/// PROTOCOL §5.3 and §5.4: shorter runs are words more often than tokens.
const OPAQUE_RUN: usize = 20;

/// `authentication` has 14 letters; base64 without digits and capitals for longer than this does not happen.
const LONGEST_WORD: usize = 15;

/// Shorter values would blank out ordinary words.
const KNOWN_MINIMUM: usize = 3;

/// Stands for a path segment or name that is kept from the record (PROTOCOL §5.3).
pub(super) const ID: &str = "{id}";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_are_stripped_and_the_rest_is_cut_at_the_limit() {
        assert_eq!(clean("a\u{0}b\u{7f}c\u{9b}d\u{202e}e\u{2066}f\u{feff}g\r\n", 256).text, "abcdefg");
        assert_eq!(clean("äöü", 2), Clean { text: "äö".to_owned(), cut: true });
        assert_eq!(clean("ab\u{202e}", 2), Clean { text: "ab".to_owned(), cut: false });
    }

    #[test]
    fn bytes_that_are_not_utf8_are_repaired() {
        assert_eq!(clean_bytes(b"a\xffb", 256), Clean { text: "a\u{fffd}b".to_owned(), cut: false });
        assert_eq!(clean_bytes(&[b'a'; 300], 256), Clean { text: "a".repeat(256), cut: true });
        assert_eq!(clean_bytes(&[b'a'; 3000], 256), Clean { text: "a".repeat(256), cut: true });
    }

    #[test]
    fn descriptions_lose_what_looks_like_a_person_or_a_secret() {
        for (text, expected) in [
            ("user jane.doe@example.com is locked", "user {email} is locked"),
            ("login from 203.0.113.7.", "login from {ip}"),
            ("login from 203.0.113.7:443", "login from {ip}"),
            ("from [2001:db8::1]:443", "from [{ip}]:443"),
            ("from 2001:db8::1", "from {ip}"),
            ("bad eyJhbGciOiJub25lIn0.e30.", "bad {jwt}"),
            ("id 08a5019c-17e1-4977-8f42-65a12843ea02: gone", "id {uuid} gone"),
            ("code SplxlOBeZQQYbYS6WxSbIA expired", "code {token} expired"),
            ("code=SplxlOBeZQQYbYS6WxSbIA", "code={token}"),
            ("AADSTS50126: Error validating credentials", "AADSTS50126: Error validating credentials"),
            ("Code not valid", "Code not valid"),
            ("at 12:30:45", "at 12:30:45"),
            ("grant type not supported: urn:x", "grant type not supported: urn:x"),
        ] {
            assert_eq!(scrub(text, &[]).text, expected);
        }
    }

    #[test]
    fn values_of_the_exchange_are_redacted_wherever_they_appear() {
        assert_eq!(scrub("user jane unknown", &["jane", "no"]).text, "user {redacted} unknown");
        assert_eq!(scrub("user ja\u{0}ne unknown", &["jan\u{7}e"]).text, "user {redacted} unknown");
    }

    #[test]
    fn path_segments_that_look_like_handles_are_replaced() {
        for (text, expected) in [
            ("callback", "callback"),
            ("authorization-code-callback", "authorization-code-callback"),
            ("V1StGXR8_Z5jdHi6B-myT", "{id}"),
            ("08a5019c-17e1-4977-8f42-65a12843ea02", "{id}"),
            ("cb;jsessionid=A1B2C3", "cb"),
            ("jane@example.com", "{id}"),
            ("eyJhbGciOiJub25lIn0.e30.", "{id}"),
        ] {
            assert_eq!(segment(text), expected);
        }
    }

    proptest! {
        #[test]
        fn cleaned_text_is_within_its_limit_and_has_no_control_character(text in any::<String>(), limit in 0usize..300) {
            let clean = clean(&text, limit);
            prop_assert!(clean.text.chars().count() <= limit);
            prop_assert!(!clean.text.chars().any(is_hidden));
        }

        #[test]
        fn no_long_token_survives_scrubbing(before in "[ a-z]{0,40}", token in "[A-Za-z0-9_-]{19}[A-Z0-9]", after in "[ a-z]{0,40}") {
            let scrubbed = scrub(&format!("{before} {token} {after}"), &[]).text;
            prop_assert!(!scrubbed.contains(&token));
        }

        #[test]
        fn scrubbing_never_panics(text in any::<String>(), known in any::<String>()) {
            prop_assert!(scrub(&text, &[&known]).text.chars().count() <= TEXT_LIMIT);
        }
    }
}
