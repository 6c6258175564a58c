//! `application/x-www-form-urlencoded` (RFC 6749 appendix B): queries, fragments and bodies.

use std::borrow::Cow;

/// One `name=value` pair, decoded. Bytes, because a client can send any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pair<'a> {
    /// The name.
    pub name: Cow<'a, [u8]>,
    /// The value; `None` where there was no `=`.
    pub value: Option<Cow<'a, [u8]>>,
}

/// The pairs in order, empty ones left out. Never fails: a `%` without two digits stands for itself.
pub fn read(text: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default());
        Pair { name, value: halves.next().map(decode) }
    })
}

/// Decodes one name or value: `+` is a space, `%XX` an octet.
#[must_use]
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, octet(after)) {
            (b'+', _) => plain.push(b' '),
            (b'%', Some(octet)) => {
                plain.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => plain.push(*byte),
        }
    }
    Cow::Owned(plain)
}

/// Whether every `%` is followed by two hexadecimal digits.
#[must_use]
pub fn is_well_escaped(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'%');
    parts.next();
    parts.all(|after| octet(after).is_some())
}

fn octet(after_percent: &[u8]) -> Option<u8> {
    let digit = |at: usize| after_percent.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)?.checked_mul(16)?.checked_add(digit(1)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(plain: &[u8]) -> String {
        plain.iter().fold(String::new(), |text, byte| match byte {
            b' ' => text + "+",
            byte if byte.is_ascii_alphanumeric() => text + &char::from(*byte).to_string(),
            byte => text + &format!("%{byte:02x}"),
        })
    }

    #[test]
    fn pairs_keep_their_order_and_their_repeats() {
        let pairs: Vec<_> = read(b"a=1&b&&a=2&=x&c=").map(|pair| (pair.name, pair.value)).collect();
        let text = |text: &'static str| Cow::Borrowed(text.as_bytes());
        let expected = [
            (text("a"), Some(text("1"))),
            (text("b"), None),
            (text("a"), Some(text("2"))),
            (text(""), Some(text("x"))),
            (text("c"), Some(text(""))),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_stay() {
        assert_eq!(decode(b"a+b%20c%3D%e2%82%AC"), "a b c=€".as_bytes());
        assert_eq!(decode(b"100%"), b"100%".as_slice());
        assert_eq!(decode(b"%zz%4"), b"%zz%4".as_slice());
        assert_eq!(decode(b"%+1"), b"% 1".as_slice());
        assert!(is_well_escaped(b"a%20") && !is_well_escaped(b"a%2") && !is_well_escaped(b"%%20"));
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(plain in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decode(encode(&plain).as_bytes()).into_owned(), plain);
        }

        #[test]
        fn no_bytes_panic_and_order_is_kept(text in proptest::collection::vec(any::<u8>(), 0..256)) {
            let pairs: Vec<_> = read(&text).collect();
            prop_assert!(pairs.len() <= text.len());
        }

        #[test]
        fn encoded_pairs_come_back_in_order(plain in proptest::collection::vec(("[a-z]{1,5}", proptest::collection::vec(any::<u8>(), 0..9)), 0..9)) {
            let text: Vec<String> = plain.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
            let text = text.join("&");
            let read: Vec<_> = read(text.as_bytes())
                .map(|pair| (String::from_utf8(pair.name.into_owned()).unwrap(), pair.value.unwrap().into_owned())).collect();
            prop_assert_eq!(read, plain);
        }
    }
}
