//! Randomness as an argument: the filter draws it from the host, the tests from a counter.

use std::fmt;

/// A source of random bytes.
pub trait Entropy {
    /// Fills the buffer.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] when the host gives none; the caller must then do without, never with guessable bytes.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The host gave no random bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoEntropy;

impl fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host gave no random bytes")
    }
}

impl std::error::Error for NoEntropy {}
