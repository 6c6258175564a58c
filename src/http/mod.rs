//! HTTP messages as the proxy hands them over: bytes, in order, duplicates kept. Knows nothing of OAuth.
//!
//! Envoy gives lower-case names and HTTP/2 pseudo headers (`:authority`, `:path`, `:method`, `:scheme`, `:status`) for
//! every HTTP version.

use std::fmt;

/// The fields of one message head. Values are bytes: a client can send any of 0x20..=0xFF.
#[derive(Clone, Default)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

/// A request head, pseudo headers included.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// All fields, in the order of the wire.
    pub headers: Headers,
}

/// A response head, `:status` included.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// All fields, in the order of the wire.
    pub headers: Headers,
}

impl Headers {
    /// Takes the pairs as the host gave them.
    #[must_use]
    pub fn new(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self(pairs)
    }

    /// The first value of a field. `name` is lower case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Every value of a field, in order. `name` is lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Bytes of all names and values, for the memory budget.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum()
    }
}

/// Values may be secrets: only the names are shown.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| String::from_utf8_lossy(name))).finish()
    }
}
