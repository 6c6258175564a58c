//! Where records go: how a store is addressed, what is sent to it, and how its answer is read.
//!
//! Knows protocols of stores. Does not know the queue, nor when something is tried again. A store's words are read for
//! ids alone: they never reach a record, a log line or an error.

use std::rc::Rc;

use zeroize::Zeroizing;

use crate::secret::Secret;

mod json_lines;

pub(super) use json_lines::{Refusals, Verdict, classify, encode};

/// One store.
#[derive(Clone, Debug)]
pub struct SinkSettings {
    /// Its name in records and log lines.
    pub name: String,
    /// The Envoy cluster that it is reached through.
    pub cluster: Rc<str>,
    /// `:authority` of deliveries.
    pub authority: String,
    /// `:path` of deliveries, query included.
    pub path: String,
    /// Further fields of the head.
    pub headers: Vec<Field>,
    /// Sent as `authorization: Bearer`.
    pub bearer: Option<Secret<Zeroizing<String>>>,
    /// `content-type` of deliveries.
    pub content_type: String,
    /// Statuses that say that the whole batch is stored; what else a 2xx may mean is the store's secret.
    pub accept: Vec<u16>,
    /// How long an answer is waited for; at least 1.
    pub timeout_ms: u32,
}

/// A field of a delivery's head.
#[derive(Clone, Debug)]
pub struct Field {
    /// In lower case.
    pub name: String,
    /// It may be a secret.
    pub value: Secret<Zeroizing<String>>,
}

/// One batch, or a part of one, on its way to a store.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names this attempt in [`super::Outbox::settle`].
    pub id: DeliveryId,
    /// The Envoy cluster to call.
    pub cluster: Rc<str>,
    /// The whole request head, pseudo fields first.
    pub headers: Rc<[Field]>,
    /// The whole request body.
    pub body: Rc<[u8]>,
    /// How long the call may take.
    pub timeout_ms: u32,
}

/// Names one attempt; never used twice by one recorder.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DeliveryId(pub(super) u64);

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// An answer, from the store or from the proxy in its place.
    Response {
        /// `:status`
        status: u16,
        /// The field `retry-after`, as sent.
        retry_after: Option<Vec<u8>>,
        /// The beginning of the body, at most [`REPLY_PREFIX`] bytes.
        body_prefix: Vec<u8>,
    },
    /// No answer that can be read: the call could not be made, or ended without a head.
    Transport,
}

impl SinkSettings {
    /// A store behind a cluster, with every setting at its default.
    #[must_use]
    pub fn new(cluster: &str) -> Self {
        Self {
            name: cluster.to_owned(),
            cluster: cluster.into(),
            authority: cluster.to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            bearer: None,
            content_type: "application/x-ndjson".to_owned(),
            accept: vec![200],
            timeout_ms: 5_000,
        }
    }

    /// The head of every delivery.
    pub(super) fn head(&self) -> Rc<[Field]> {
        let bearer = self.bearer.as_ref().map(|token| {
            let value = Zeroizing::new(["Bearer ", token.expose().as_str()].concat());
            Field { name: "authorization".to_owned(), value: Secret::new(value) }
        });
        let own = [
            Field::plain(":method", "POST"),
            Field::plain(":path", &self.path),
            Field::plain(":authority", &self.authority),
            Field::plain("content-type", &self.content_type),
        ];
        own.into_iter().chain(bearer).chain(self.headers.iter().cloned()).collect()
    }
}

impl Field {
    fn plain(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: Secret::new(Zeroizing::new(value.to_owned())) }
    }
}

/// Bytes of an answer that are read. A store that refuses every record of a batch names each: 64 entries of 200 bytes.
pub const REPLY_PREFIX: usize = 16 * 1_024;
