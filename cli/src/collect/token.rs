//! Bearer tokens ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).

use sha2::{Digest, Sha256};

/// The tokens that are let in; none means that everybody is.
///
/// Only digests are kept, and they are compared whole: how long a comparison takes says nothing about a token.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Vec<[u8; 32]>);

/// Why a text is no set of tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BadToken {
    /// Not one of them is there.
    Missing,
    /// Not 16 to 4096 visible ASCII characters.
    Unfit,
}

impl Tokens {
    /// One token per line: two of them let a token be replaced without an outage.
    ///
    /// # Errors
    ///
    /// [`BadToken`].
    pub(crate) fn parse(text: &str) -> Result<Self, BadToken> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let digests: Vec<_> = lines
            .map(|line| fit(line).then(|| digest(line.as_bytes())))
            .collect::<Option<_>>()
            .ok_or(BadToken::Unfit)?;
        match digests.is_empty() {
            true => Err(BadToken::Missing),
            false => Ok(Self(digests)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the value of an `authorization` header is let in.
    pub(crate) fn admit(&self, authorization: Option<&[u8]>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some((scheme, token)) = authorization.and_then(|value| value.split_at_checked(7)) else { return false };
        let shown = digest(token.trim_ascii());
        let same = |known: &[u8; 32]| known.iter().zip(shown).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0;
        scheme.eq_ignore_ascii_case(b"bearer ") && self.0.iter().fold(false, |any, known| any | same(known))
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn fit(token: &str) -> bool {
    (16..=4096).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_configured_token_is_let_in_and_no_other() {
        let tokens = Tokens::parse("first-token-0123456\n\nsecond-token-012345\n").unwrap();
        assert!(tokens.admit(Some(b"Bearer first-token-0123456")));
        assert!(tokens.admit(Some(b"bearer second-token-012345")));
        for wrong in [&b"Bearer first-token-012345"[..], b"Basic first-token-0123456", b"Bearer ", b""] {
            assert!(!tokens.admit(Some(wrong)));
        }
        assert!(!tokens.admit(None));
        assert!(Tokens::default().admit(None));
    }

    #[test]
    fn short_and_missing_tokens_are_no_tokens() {
        assert_eq!(Tokens::parse(" \n").unwrap_err(), BadToken::Missing);
        assert_eq!(Tokens::parse("short").unwrap_err(), BadToken::Unfit);
        assert_eq!(Tokens::parse("with a space in the middle").unwrap_err(), BadToken::Unfit);
    }
}
