//! Bounded copies of message bodies, and their content codings. Knows nothing of OAuth.

use std::fmt;

use zeroize::Zeroizing;

mod brotli;
mod coding;

pub use coding::{DecodeLimits, Undecoded, decode};

/// What became of a message body in the filter's hands (`integrity.request_body`, `integrity.response_body`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Completeness {
    /// There was none, or it was not looked at.
    #[default]
    Absent,
    /// All of it was read.
    Complete,
    /// Only its beginning was read: a limit, or the message ended early.
    Truncated,
    /// Its content coding is unknown, broken, or unpacks beyond a limit.
    Undecoded,
    /// It was read, and is not what its place demands (JSON, form).
    Unparseable,
}

/// The beginning of one message body, wiped when it is dropped. It holds secrets: only its size is shown.
#[derive(Default)]
pub struct Body {
    bytes: Zeroizing<Vec<u8>>,
    truncated: bool,
    /// Whether the end of the message was seen.
    pub end: bool,
}

impl Body {
    /// Copies the part of a chunk that keeps the whole within `limit` bytes; what is left out makes the body truncated.
    pub fn push(&mut self, chunk: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len());
        let taken = chunk.get(..room).unwrap_or(chunk);
        self.truncated |= taken.len() < chunk.len();
        self.reserve(taken.len(), limit);
        self.bytes.extend_from_slice(taken);
    }

    /// What was copied.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of memory that the copy takes; never more than the limit it was pushed with.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether a limit left something out.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Moves to a bigger buffer; the old one is wiped, which a growing vector would not do.
    fn reserve(&mut self, more: usize, limit: usize) {
        let needed = self.bytes.len().saturating_add(more);
        if needed > self.bytes.capacity() {
            let capacity = needed.max(self.bytes.capacity().saturating_mul(2).min(limit));
            let mut bigger = Zeroizing::new(Vec::with_capacity(capacity));
            bigger.extend_from_slice(&self.bytes);
            self.bytes = bigger;
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Body");
        shown.field("bytes", &self.bytes.len()).field("truncated", &self.truncated).field("end", &self.end).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_over_its_limit_keeps_its_beginning_and_says_so() {
        let mut body = Body::default();
        body.push(b"abc", 5);
        assert!(!body.truncated());
        body.push(b"def", 5);
        assert_eq!(body.bytes(), b"abcde");
        assert!(body.truncated());
        body.push(b"", 5);
        body.push(b"x", 0);
        assert_eq!(body.bytes(), b"abcde");
    }

    proptest! {
        #[test]
        fn any_chunks_give_the_prefix_within_the_limit(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12), limit in 0usize..200,
        ) {
            let whole = chunks.concat();
            let mut body = Body::default();
            for chunk in &chunks {
                body.push(chunk, limit);
            }
            prop_assert_eq!(body.bytes(), &whole[..whole.len().min(limit)]);
            prop_assert_eq!(body.truncated(), whole.len() > limit);
        }
    }
}
