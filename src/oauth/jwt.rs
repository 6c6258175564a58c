//! JSON Web Tokens from outside (RFC 7519, RFC 7515 §3.1, RFC 7516 §3.1): split and decoded, never verified.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::json::{Object, read_object};
use super::observation::TokenFormat;

/// What can be read of a JWT.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwt {
    /// The JOSE header.
    pub header: Object<'static>,
    /// The claims of a JWS; `None` for a JWE, and where the payload is no JSON object or over its limit.
    pub claims: Option<Object<'static>>,
    /// Whether it has five parts: nothing but the header is readable.
    pub encrypted: bool,
    /// Whether a part that was read is not base64url as RFC 7515 §2 has it: padded, or in the other alphabet.
    pub lenient: bool,
}

/// Decoded bytes of a JOSE header (PROTOCOL §2.9).
const HEADER: usize = 8 * 1024;

/// Decoded bytes of a payload (PROTOCOL §2.9).
const PAYLOAD: usize = 64 * 1024;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Reads three or five base64url parts of which the first is a JSON object with `alg`; anything else is `None`, an
/// opaque value.
#[must_use]
pub fn read(token: &[u8]) -> Option<Jwt> {
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, payload) = (parts.next()?, parts.next()?);
    let encrypted = match parts.count() {
        1 => false,
        3 => true,
        _ => return None,
    };
    let is_odd = |part: &[u8]| part.iter().any(|byte| b"=+/".contains(byte));
    let lenient = is_odd(header) || (!encrypted && is_odd(payload));
    let header = section(header, HEADER)?;
    let claims = if encrypted { None } else { section(payload, PAYLOAD) };
    header.has("alg").then_some(Jwt { header, claims, encrypted, lenient })
}

/// What a token looks like from outside.
#[must_use]
pub fn format(token: &[u8]) -> TokenFormat {
    match read(token) {
        Some(Jwt { encrypted: true, .. }) => TokenFormat::Jwe,
        Some(_) => TokenFormat::Jwt,
        None => TokenFormat::Opaque,
    }
}

/// Decodes base64url, and base64 with its two other characters; padding and spare bits do not matter.
#[must_use]
pub fn base64_octets(text: &[u8]) -> Option<Vec<u8>> {
    BASE64URL.decode(text).or_else(|_| BASE64.decode(text)).ok()
}

/// A JSON object that is base64url-encoded.
pub(super) fn decode_json(text: &[u8]) -> Option<Object<'static>> {
    section(text, CARRIED)
}

/// Bytes of an object inside a query parameter.
const CARRIED: usize = 8 * 1024;

fn section(text: &[u8], limit: usize) -> Option<Object<'static>> {
    if text.len() / 4 * 3 > limit {
        return None;
    }
    read_object(&base64_octets(text)?).map(Object::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;
    use proptest::prelude::*;

    fn token(parts: &[&str]) -> String {
        let encoded: Vec<String> = parts.iter().map(|part| BASE64URL.encode(part)).collect();
        encoded.join(".")
    }

    #[test]
    fn three_parts_show_their_claims_and_five_only_their_header() {
        let jws =
            read(token(&[r#"{"typ" : "JWT","alg":"RS256"}"#, r#"{"sub":"jane"}"#, "signature"]).as_bytes()).unwrap();
        assert_eq!(jws.claims.unwrap().text("sub", 99), Seen::Present("jane".into()));
        let jwe = read(token(&[r#"{"alg":"RSA-OAEP"}"#, "key", "iv", "text", "tag"]).as_bytes()).unwrap();
        assert!(jwe.encrypted && jwe.claims.is_none());
    }

    #[test]
    fn padding_and_the_other_alphabet_are_read_too() {
        let part = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let token = format!("{}.{}.x", part(r#"{"alg":"RS256"}"#), part(r#"{"sub":"~~~???"}"#));
        assert!(token.contains('=') && token.contains('/'));
        assert_eq!(read(token.as_bytes()).unwrap().claims.unwrap().text("sub", 99), Seen::Present("~~~???".into()));
    }

    #[test]
    fn what_only_looks_like_a_token_is_opaque() {
        for text in ["", "a.b", "a.b.c", "...", "eyJ.eyJ.x", "a.b.c.d"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
            assert_eq!(format(text.as_bytes()), TokenFormat::Opaque);
        }
        assert_eq!(read(token(&["{}", "{}", "x"]).as_bytes()), None);
        assert_eq!(read(token(&["[]", "{}", "x"]).as_bytes()), None);
    }

    #[test]
    fn a_payload_over_its_limit_or_without_claims_leaves_the_header() {
        let big = format!("{{\"a\":\"{}\"}}", "x".repeat(PAYLOAD));
        for payload in [big.as_str(), "not json", "[1]"] {
            let jwt = read(token(&[r#"{"alg":"none"}"#, payload, ""]).as_bytes()).unwrap();
            assert_eq!(jwt.claims, None);
        }
    }

    #[test]
    fn every_prefix_of_a_token_is_read_without_panic() {
        let whole = token(&[r#"{"alg":"RS256"}"#, r#"{"sub":"jane","exp":1}"#, "signature"]);
        for end in 0..whole.len() {
            let _ = read(&whole.as_bytes()[..end]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..256), dotted in "[A-Za-z0-9_.=-]{0,200}") {
            let _ = (read(&text), read(dotted.as_bytes()), base64_octets(&text));
        }
    }
}
