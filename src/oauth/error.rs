//! OAuth error responses (RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3).

use std::borrow::Cow;

use super::json::Object;
use super::observation::OAuthError;
use super::parameters::Parameters;
use super::scene::was_sent;
use crate::http::{ResponseHead, read_challenges};
use crate::seen::{Malformation, Seen};

/// Characters kept of an error code (PROTOCOL §2.7).
const CODE: usize = 64;

/// Free text of a server; the record cuts it further.
const TEXT: usize = 2048;

impl<'a> OAuthError<'a> {
    /// Of a JSON body. `None` where there is no `error` member, or an empty one (`null` beside tokens).
    pub(super) fn of_object(object: &Object<'a>) -> Option<Self> {
        was_sent(&object.get("error")).then(|| Self {
            code: object.text("error", TEXT).and_then(code),
            description: object.text("error_description", TEXT),
            uri: object.text("error_uri", TEXT),
        })
    }

    /// Of a query, fragment or form. `None` where there is no `error` parameter, or an empty one.
    pub(super) fn of_parameters(parameters: &Parameters<'a>) -> Option<Self> {
        was_sent(&parameters.octets("error")).then(|| Self {
            code: parameters.text("error").and_then(code),
            description: parameters.text("error_description"),
            uri: parameters.text("error_uri"),
        })
    }

    /// Of the first challenge with an `error` parameter (RFC 6750 §3, RFC 9449 §7.1).
    pub(super) fn of_challenges(head: &ResponseHead) -> Option<OAuthError<'static>> {
        let challenges = head.headers.all("www-authenticate").flat_map(read_challenges);
        challenges
            .filter(|challenge| challenge.parameter("error").is_some())
            .map(|challenge| {
                let owned = |name| {
                    let text = challenge.parameter(name).filter(|text| text.len() <= TEXT);
                    text.map_or(Seen::Absent, |text| Seen::Present(Cow::Owned(text.to_owned())))
                };
                OAuthError {
                    code: owned("error").and_then(code),
                    description: owned("error_description"),
                    uri: owned("error_uri"),
                }
            })
            .next()
    }

    /// Whether the code is this one.
    pub(super) fn is(&self, wanted: &str) -> bool {
        matches!(&self.code, Seen::Present(code) if code == wanted)
    }

    /// Whether the code is one of these.
    pub(super) fn is_any(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|code| self.is(code))
    }
}

/// RFC 6749 §5.2: `%x20-21 / %x23-5B / %x5D-7E`.
fn code(text: Cow<'_, str>) -> Seen<Cow<'_, str>> {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if text.is_empty() {
        Seen::Malformed(Malformation::Empty)
    } else if !text.bytes().all(allowed) {
        Seen::Malformed(Malformation::Type)
    } else if text.len() > CODE {
        Seen::Malformed(Malformation::TooLong)
    } else {
        Seen::Present(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    #[test]
    fn a_code_is_kept_verbatim_within_its_characters_and_length() {
        assert_eq!(code("invalid_grant".into()), Seen::Present("invalid_grant".into()));
        assert_eq!(code("a\"b".into()), Seen::Malformed(Malformation::Type));
        assert_eq!(code("ungültig".into()), Seen::Malformed(Malformation::Type));
        assert_eq!(code("x".repeat(65).into()), Seen::Malformed(Malformation::TooLong));
        assert_eq!(code("".into()), Seen::Malformed(Malformation::Empty));
    }

    #[test]
    fn the_first_challenge_that_says_why_is_taken() {
        let pairs = [(
            "www-authenticate",
            r#"DPoP algs="ES256", Bearer realm="x", error="invalid_token", error_description="gone""#,
        )];
        let pairs = pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let error = OAuthError::of_challenges(&ResponseHead { headers: Headers::new(pairs.collect()) }).unwrap();
        assert!(error.is("invalid_token") && error.is_any(&["x", "invalid_token"]) && !error.is("x"));
        assert_eq!(error.description, Seen::Present("gone".into()));
    }
}
