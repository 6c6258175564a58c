//! One HTTP exchange in flight, from its first callback to its last.
//!
//! The host picks the order: the access log phase may be all there is, ends may never come, chunks may be empty. So every
//! callback is optional here, none is expected, and [`Exchange::complete`] makes of it what was seen.

use crate::body::Body;
use crate::http::{RequestHead, ResponseHead};
use crate::oauth::{End, Interest, Observation, Policy, ResponseSource, Transcript};
use crate::pipeline::budget::{Budget, Reservation};
use crate::record::{Direction, Facts, read_address};
use crate::rules::{Hop, Judged};
use crate::time::Timestamp;

/// An exchange on a watched authority. Its bodies hold secrets and are wiped when it is dropped.
#[derive(Debug)]
pub struct Exchange {
    interest: Interest,
    opened: Timestamp,
    request: RequestHead,
    request_body: Copied,
    response: Option<ResponseHead>,
    response_body: Copied,
}

/// An exchange that is over, as far as this proxy will ever see it.
#[derive(Debug)]
pub struct CompletedExchange {
    exchange: Exchange,
    end: StreamEnd,
    seen: End,
}

/// What the host knows when a stream ends.
#[derive(Clone, Debug, Default)]
pub struct StreamEnd {
    /// Now.
    pub now: Timestamp,
    /// When the host saw the request begin, where it says.
    pub started: Option<Timestamp>,
    /// The response head as the access log phase shows it; taken if no other was seen.
    pub response: Option<ResponseHead>,
    /// `response.code_details`, as sent.
    pub response_details: Option<Vec<u8>>,
    /// `response.flags`, 0 for none.
    pub response_flags: u64,
    /// Address of the downstream peer, with or without port.
    pub source_address: Option<String>,
    /// TLS version of the downstream connection.
    pub tls_version: Option<String>,
    /// Whether the downstream presented a certificate.
    pub mtls: Option<bool>,
    /// URI SAN of the downstream certificate.
    pub peer_spiffe_id: Option<String>,
    /// Which way the traffic goes.
    pub direction: Direction,
    /// No request phase was seen: this exchange was opened in the access log phase.
    pub log_only: bool,
}

/// The copy of one body. `limit`: `None` where it is left alone.
#[derive(Debug, Default)]
struct Copied {
    body: Body,
    limit: Option<usize>,
    reservation: Reservation,
}

impl Exchange {
    /// Begins to watch a request. `None` for one that is nobody's: then nothing was allocated and `read` was not called.
    /// `None`, too, for one that cannot hold a protocol message (`HEAD`, a preflight, an upgrade).
    pub fn open(
        policy: &Policy,
        authority: &[u8],
        path: &[u8],
        opened: Timestamp,
        read: impl FnOnce() -> RequestHead,
    ) -> Option<Self> {
        let interest = policy.triage(authority, path)?;
        let request = read();
        if !policy.is_relevant(&interest, &request) {
            return None;
        }
        let request_body = Copied { limit: policy.bodies(&interest, &request).request, ..Copied::default() };
        Some(Self { interest, opened, request, request_body, response: None, response_body: Copied::default() })
    }

    /// Whether chunks of the request body are to be handed over.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.request_body.is_wanted()
    }

    /// Most bytes of the next chunk of the request body that are worth reading: one more than there is room for, so that
    /// a cut is noticed.
    #[must_use]
    pub fn request_room(&self, budget: &Budget) -> usize {
        self.request_body.room(budget)
    }

    /// Copies a chunk, which may be empty, as far as limit and budget allow.
    pub fn request_body(&mut self, chunk: &[u8], end: bool, budget: &Budget) {
        self.request_body.push(chunk, end, budget);
    }

    /// Takes the response head. Of several the first is kept.
    pub fn response_head(&mut self, policy: &Policy, head: ResponseHead) {
        if self.response.is_none() {
            self.response_body.limit = policy.response_bodies(&self.interest, &self.request, &head);
            self.response = Some(head);
        }
    }

    /// Whether chunks of the response body are to be handed over.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        self.response_body.is_wanted()
    }

    /// The same as [`Self::request_room`] of the response body.
    #[must_use]
    pub fn response_room(&self, budget: &Budget) -> usize {
        self.response_body.room(budget)
    }

    /// Copies a chunk, which may be empty, as far as limit and budget allow.
    pub fn response_body(&mut self, chunk: &[u8], end: bool, budget: &Budget) {
        self.response_body.push(chunk, end, budget);
    }

    /// Ends it, whatever was seen.
    #[must_use]
    pub fn complete(mut self, mut end: StreamEnd) -> CompletedExchange {
        let in_its_phase = self.response.is_some();
        if !in_its_phase {
            self.response = end.response.take();
        }
        let cut = end.response_flags & CUT != 0;
        let complete = self.response_body.body.end || (self.response.is_some() && !cut);
        // A request without a body has no chunk that could say "end".
        let bodiless = self.request_body.body.bytes().is_empty() && !self.request_body.body.truncated();
        let seen = End {
            source: source(end.response_details.as_deref(), self.response.is_some(), in_its_phase),
            complete,
            request_complete: self.request_body.body.end || (bodiless && complete),
        };
        CompletedExchange { exchange: self, end, seen }
    }
}

impl CompletedExchange {
    /// For [`crate::oauth::decode`].
    pub(super) fn transcript(&self) -> Transcript<'_> {
        Transcript {
            interest: self.exchange.interest,
            request: &self.exchange.request,
            request_body: &self.exchange.request_body.body,
            response: self.exchange.response.as_ref(),
            response_body: &self.exchange.response_body.body,
            end: self.seen,
        }
    }

    /// For [`crate::record::draft`].
    pub(super) fn facts(&self, exchange_id: [u8; 16]) -> Facts {
        let end = &self.end;
        Facts {
            exchange_id,
            started: end.started.unwrap_or(self.exchange.opened),
            ended: end.now,
            source_address: end.source_address.clone(),
            tls_version: end.tls_version.clone(),
            mtls: end.mtls,
            peer_spiffe_id: end.peer_spiffe_id.clone(),
            direction: end.direction,
            log_only: end.log_only,
            response_source: self.seen.source,
        }
    }

    /// For [`crate::rules::evaluate`].
    pub(super) fn judged<'a>(&'a self, observations: &'a [Observation<'a>]) -> Judged<'a> {
        let end = &self.end;
        let hop = Hop {
            peer: end.source_address.as_deref().and_then(read_address),
            tls: end.tls_version.is_some() || end.mtls == Some(true),
            certificate: end.mtls == Some(true),
            outbound: end.direction == Direction::Outbound,
            local: self.seen.source == ResponseSource::Local,
        };
        Judged { request: self.request(), response: self.response(), observations, hop, now: end.now }
    }

    pub(super) fn request(&self) -> &RequestHead {
        &self.exchange.request
    }

    pub(super) fn response(&self) -> Option<&ResponseHead> {
        self.exchange.response.as_ref()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.end.now
    }

    pub(super) fn direction(&self) -> Direction {
        self.end.direction
    }

    /// Whether a limit cut one of its bodies.
    pub(super) fn is_truncated(&self) -> bool {
        self.exchange.request_body.body.truncated() || self.exchange.response_body.body.truncated()
    }
}

impl Copied {
    fn is_wanted(&self) -> bool {
        self.limit.is_some() && !self.body.truncated() && !self.body.end
    }

    fn room(&self, budget: &Budget) -> usize {
        self.reach(budget).saturating_sub(self.body.bytes().len()).saturating_add(1)
    }

    fn push(&mut self, chunk: &[u8], end: bool, budget: &Budget) {
        if self.is_wanted() {
            self.body.push(chunk, self.reach(budget));
            self.body.end = end;
            self.reservation.set(budget, self.body.memory());
        }
    }

    /// How long the copy may become in all.
    fn reach(&self, budget: &Budget) -> usize {
        self.limit.unwrap_or_default().min(self.body.memory().saturating_add(budget.free()))
    }
}

/// Who answered, by Envoy's word for it. A host that says nothing is taken to have passed on what it got.
fn source(details: Option<&[u8]>, answered: bool, in_its_phase: bool) -> ResponseSource {
    let Some(details) = details.filter(|_| answered) else {
        return if answered { ResponseSource::Upstream } else { ResponseSource::None };
    };
    // These say how a response ended that had begun; what had begun came from upstream.
    let ended = ENDS.iter().any(|prefix| details.starts_with(prefix));
    if details == VIA_UPSTREAM || (ended && in_its_phase) { ResponseSource::Upstream } else { ResponseSource::Local }
}

const VIA_UPSTREAM: &[u8] = b"via_upstream";

const ENDS: [&[u8]; 4] =
    [b"downstream_", b"upstream_reset_after_response_started", b"stream_idle_timeout", b"max_duration_timeout"];

/// Envoy's response flags that say that the stream was cut: UT, LR, UR, UC, DC, SI, DPE, UMSDR, DT, UPE, OM, DR. With
/// others (a retry limit, an unknown cluster) the response is whole.
const CUT: u64 =
    bit(2) | bit(3) | bit(4) | bit(6) | bit(14) | bit(16) | bit(18) | bit(19) | bit(22) | bit(23) | bit(25) | bit(28);

const fn bit(number: u32) -> u64 {
    1 << number
}

#[cfg(test)]
mod tests;
