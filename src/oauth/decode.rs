//! An exchange with its bodies unpacked: what the observations borrow from.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use super::policy::{Interest, Policy};
use crate::body::{self, Body, Completeness};
use crate::http::{RequestHead, ResponseHead};

/// Everything that was seen of one exchange.
#[derive(Debug)]
pub struct Transcript<'a> {
    /// What [`Policy::triage`] said of it.
    pub interest: Interest,
    /// The request head.
    pub request: &'a RequestHead,
    /// What was read of the request body.
    pub request_body: &'a Body,
    /// The response head, if one was seen.
    pub response: Option<&'a ResponseHead>,
    /// What was read of the response body.
    pub response_body: &'a Body,
    /// How it ended.
    pub end: End,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End {
    /// Who answered.
    pub source: ResponseSource,
    /// Whether the end of the response was seen.
    pub complete: bool,
    /// Whether the end of the request was seen.
    pub request_complete: bool,
}

/// Who answered (`exchange.response_source`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ResponseSource {
    /// The proxy itself.
    Local,
    /// Nobody.
    #[default]
    None,
    /// The server.
    Upstream,
}

/// A transcript with its bodies unpacked. Unpacked bodies are wiped when it is dropped.
#[derive(Debug)]
pub struct Decoded<'a> {
    pub(super) interest: Interest,
    pub(super) request: &'a RequestHead,
    pub(super) response: Option<&'a ResponseHead>,
    pub(super) source: ResponseSource,
    pub(super) request_content: Content<'a>,
    pub(super) response_content: Content<'a>,
}

/// What can be read of a body.
pub(super) struct Content<'a> {
    bytes: Octets<'a>,
    pub(super) completeness: Completeness,
}

enum Octets<'a> {
    Borrowed(&'a [u8]),
    Unpacked(Zeroizing<Vec<u8>>),
}

/// Unpacks the bodies, as far as the policy wants them.
#[must_use]
pub fn decode<'a>(policy: &Policy, transcript: &Transcript<'a>) -> Decoded<'a> {
    let Transcript { interest, request, response, end, .. } = *transcript;
    let planned = policy.bodies(&interest, request).request.is_some();
    let request_content = if planned {
        let encodings = request.headers.list("content-encoding");
        Content::read(policy, transcript.request_body, encodings, end.request_complete)
    } else {
        Content::absent()
    };
    let response_content = match response {
        Some(head) if policy.response_bodies(&interest, request, head).is_some() => {
            Content::read(policy, transcript.response_body, head.headers.list("content-encoding"), end.complete)
        }
        _ => Content::absent(),
    };
    let source = if response.is_none() { ResponseSource::None } else { end.source };
    Decoded { interest, request, response, source, request_content, response_content }
}

impl Decoded<'_> {
    /// The response status, if a response was seen.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response.and_then(ResponseHead::status)
    }
}

impl<'a> Content<'a> {
    fn absent() -> Self {
        Self { bytes: Octets::Borrowed(b""), completeness: Completeness::Absent }
    }

    fn read<'h>(policy: &Policy, body: &'a Body, encodings: impl Iterator<Item = &'h [u8]>, ended: bool) -> Self {
        let whole = !body.truncated() && (body.end || ended);
        let unpacked = body::decode(encodings, body.bytes(), &policy.limits.decode);
        let (bytes, completeness) = match (unpacked, whole) {
            (Ok(Cow::Borrowed(b"")), true) => (Octets::Borrowed(b"".as_slice()), Completeness::Absent),
            (Ok(Cow::Borrowed(bytes)), true) => (Octets::Borrowed(bytes), Completeness::Complete),
            (Ok(Cow::Owned(bytes)), true) => (Octets::Unpacked(Zeroizing::new(bytes)), Completeness::Complete),
            (Ok(Cow::Borrowed(bytes)), false) => (Octets::Borrowed(bytes), Completeness::Truncated),
            (Ok(Cow::Owned(bytes)), false) => (Octets::Unpacked(Zeroizing::new(bytes)), Completeness::Truncated),
            (Err(_), false) => (Octets::Borrowed(b"".as_slice()), Completeness::Truncated),
            (Err(_), true) if body.bytes().is_empty() => (Octets::Borrowed(b"".as_slice()), Completeness::Absent),
            (Err(_), true) => (Octets::Borrowed(b"".as_slice()), Completeness::Undecoded),
        };
        Self { bytes, completeness }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Octets::Borrowed(bytes) => bytes,
            Octets::Unpacked(bytes) => bytes,
        }
    }

    /// What was read, if it is all there is.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (self.completeness == Completeness::Complete).then(|| self.bytes())
    }

    /// A form body: of a truncated one, the pairs that are certainly whole.
    pub(super) fn whole_pairs(&self) -> &[u8] {
        let bytes = self.bytes();
        let end = match self.completeness {
            Completeness::Truncated => bytes.iter().rposition(|byte| *byte == b'&').unwrap_or(0),
            _ => bytes.len(),
        };
        bytes.get(..end).unwrap_or_default()
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({:?}, {} bytes)", self.completeness, self.bytes().len())
    }
}
