//! `WWW-Authenticate` (RFC 9110 §11.6.1): several challenges in a line, several lines.

use std::borrow::Cow;

/// One challenge.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Challenge<'a> {
    /// The authentication scheme, as sent.
    pub scheme: Cow<'a, str>,
    /// Its parameters in order, unquoted.
    pub parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// No answer of a real server has more challenges in a line; more is somebody filling memory.
const CHALLENGES: usize = 8;

/// No challenge of a real server has more parameters.
const PARAMETERS: usize = 16;

impl Challenge<'_> {
    /// Whether this is a challenge of the scheme.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The first parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }
}

/// Reads one field line. Tolerant: what cannot be read is passed over, and bytes that are not UTF-8 are replaced.
#[must_use]
pub fn read_challenges(line: &[u8]) -> Vec<Challenge<'_>> {
    let mut challenges: Vec<Challenge<'_>> = Vec::new();
    for item in items(line) {
        let item = item.trim_ascii();
        let word_end = item.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'=')).unwrap_or(item.len());
        let word = item.get(..word_end).unwrap_or_default();
        let rest = item.get(word_end..).unwrap_or_default();
        if word.is_empty() {
            continue;
        }
        if rest.trim_ascii_start().starts_with(b"=") {
            add_parameter(challenges.last_mut(), item);
        } else if challenges.len() < CHALLENGES {
            challenges.push(Challenge { scheme: String::from_utf8_lossy(word), parameters: Vec::new() });
            add_parameter(challenges.last_mut(), rest.trim_ascii());
        }
    }
    challenges
}

fn add_parameter<'a>(challenge: Option<&mut Challenge<'a>>, item: &'a [u8]) {
    let mut halves = item.splitn(2, |byte| *byte == b'=');
    let (Some(name), Some(value)) = (halves.next(), halves.next()) else { return };
    if let Some(challenge) = challenge.filter(|challenge| challenge.parameters.len() < PARAMETERS) {
        challenge.parameters.push((String::from_utf8_lossy(name.trim_ascii()), unquote(value.trim_ascii())));
    }
}

fn unquote(value: &[u8]) -> Cow<'_, str> {
    let Some(inner) = value.strip_prefix(b"\"") else { return String::from_utf8_lossy(value) };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    if !inner.contains(&b'\\') {
        return String::from_utf8_lossy(inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for byte in inner {
        if *byte == b'\\' && !escaped {
            escaped = true;
        } else {
            plain.push(*byte);
            escaped = false;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// Splits at commas outside quotes.
fn items(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    line.split(move |byte| {
        let boundary = *byte == b',' && !quoted;
        if *byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = *byte == b'\\' && quoted && !escaped;
        boundary
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn several_challenges_of_one_line_are_told_apart() {
        let line =
            br#"Bearer realm="a, \"b\"", error="invalid_token", DPoP algs="ES256 PS256", Negotiate, Basic realm=x"#;
        let challenges = read_challenges(line);
        let schemes: Vec<_> = challenges.iter().map(|challenge| challenge.scheme.as_ref()).collect();
        assert_eq!(schemes, ["Bearer", "DPoP", "Negotiate", "Basic"]);
        assert_eq!(challenges[0].parameter("realm"), Some("a, \"b\""));
        assert_eq!(challenges[0].parameter("error"), Some("invalid_token"));
        assert_eq!(challenges[1].parameter("algs"), Some("ES256 PS256"));
        assert_eq!(challenges[3].parameter("realm"), Some("x"));
        assert!(challenges[1].is("dpop"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_the_lists_are_bounded(line in proptest::collection::vec(any::<u8>(), 0..256)) {
            let challenges = read_challenges(&line);
            prop_assert!(challenges.len() <= CHALLENGES);
            prop_assert!(challenges.iter().all(|challenge| challenge.parameters.len() <= PARAMETERS));
        }
    }
}
