//! Paths, made comparable (RFC 3986 §6.2.2).

use std::borrow::Cow;

/// Splits a request target into its path and what follows the first `?`; a fragment is cut off.
#[must_use]
pub fn split_path(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let target = target.split(|byte| *byte == b'#').next().unwrap_or_default();
    let mut halves = target.splitn(2, |byte| *byte == b'?');
    (halves.next().unwrap_or_default(), halves.next())
}

/// The path of a request target in the form in which endpoints are compared: without query and fragment, unreserved
/// characters unescaped, `;parameters` and empty segments removed, dot segments resolved, no `/` at the end.
///
/// Allocates only where the path is not in that form already.
#[must_use]
pub fn normalise_path(target: &[u8]) -> Cow<'_, [u8]> {
    let (path, _) = split_path(target);
    if is_normal(path) {
        return Cow::Borrowed(path);
    }
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for raw in path.split(|byte| *byte == b'/') {
        let unescaped = unescape_unreserved(raw);
        match unescaped.split(|byte| *byte == b';').next().unwrap_or_default() {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment.to_vec()),
        }
    }
    let mut normal = Vec::with_capacity(path.len());
    for segment in &segments {
        normal.push(b'/');
        normal.extend_from_slice(segment);
    }
    if normal.is_empty() {
        normal.push(b'/');
    }
    Cow::Owned(normal)
}

fn is_normal(path: &[u8]) -> bool {
    let odd_pair = |pair: &[u8]| pair == b"//" || pair == b"/.";
    path.starts_with(b"/")
        && (path == b"/" || !path.ends_with(b"/"))
        && !path.iter().any(|byte| matches!(byte, b'%' | b';'))
        && !path.windows(2).any(odd_pair)
}

fn unescape_unreserved(segment: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((byte, after)) = rest.split_first() {
        match (byte, escaped(after)) {
            (b'%', Some(decoded)) if decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded) => {
                plain.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    plain
}

fn escaped(after_percent: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(after_percent.get(..2)?).ok()?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_path_become_one() {
        for target in [
            "/a/token",
            "/a/token/",
            "//a//token",
            "/a/token?x=/b",
            "/a/token#f",
            "/a;v=1/token;jsessionid=7",
            "/a/%74oken",
            "/a/b/../token",
            "/a/%2e/token",
            "/a/b/%2E%2e/token",
            "a/token",
        ] {
            assert_eq!(normalise_path(target.as_bytes()), b"/a/token".as_slice(), "{target}");
        }
    }

    #[test]
    fn reserved_and_twice_escaped_characters_stay() {
        assert_eq!(normalise_path(b"/a%2Ftoken"), b"/a%2Ftoken".as_slice());
        assert_eq!(normalise_path(b"/a/%2574oken"), b"/a/%2574oken".as_slice());
        assert_eq!(normalise_path(b"/a/%7"), b"/a/%7".as_slice());
    }

    #[test]
    fn a_normal_path_is_borrowed() {
        assert!(matches!(normalise_path(b"/oauth2/token?a=b"), Cow::Borrowed(b"/oauth2/token")));
        assert!(matches!(normalise_path(b"/"), Cow::Borrowed(b"/")));
        assert_eq!(normalise_path(b""), b"/".as_slice());
        assert_eq!(normalise_path(b"/../.."), b"/".as_slice());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_normal_stays_normal(target in proptest::collection::vec(any::<u8>(), 0..128)) {
            let once = normalise_path(&target).into_owned();
            let plain = once.iter().all(|byte| !matches!(byte, b'%' | b'?' | b'#'));
            if plain {
                prop_assert_eq!(normalise_path(&once).into_owned(), once);
            }
        }
    }
}
