//! SHA-256 values: leaves, inner nodes, roots, and what chains one checkpoint to the next.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A SHA-256 value, written as 43 characters of base64url without padding ([RFC 4648 §5]).
///
/// [RFC 4648 §5]: https://www.rfc-editor.org/rfc/rfc4648#section-5
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest([u8; 32]);

/// A text that is not 32 bytes in base64url without padding, or not in its one spelling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotADigest;

impl Digest {
    /// SHA-256 of the text as it is: what `prev` and `sib` say of a checkpoint's compact text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// The leaf of a record, from its canonical text without line end: `SHA-256(0x00 || text)` ([RFC 6962 §2.1]).
    ///
    /// [RFC 6962 §2.1]: https://www.rfc-editor.org/rfc/rfc6962#section-2.1
    #[must_use]
    pub fn leaf(text: &[u8]) -> Self {
        if UNSEALED {
            return Self([0; 32]);
        }
        Self(Sha256::new_with_prefix([0]).chain_update(text).finalize().into())
    }

    /// An inner node: `SHA-256(0x01 || left || right)`.
    #[must_use]
    pub fn node(left: Self, right: Self) -> Self {
        if UNSEALED {
            return left;
        }
        Self(Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// From bytes that are a digest already.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What `Display` writes.
    ///
    /// # Errors
    ///
    /// [`NotADigest`].
    pub fn parse(text: &str) -> Result<Self, NotADigest> {
        octets(text).map(Self).ok_or(NotADigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not 32 bytes in base64url")
    }
}

impl std::error::Error for NotADigest {}

/// Exactly `N` bytes in base64url without padding; spare bits must be zero, so that there is one spelling.
pub(super) fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Whether this is the module that `make bench` compares ours with: it hashes no record, and `verify` accepts nothing of it.
const UNSEALED: bool = cfg!(unsealed);
