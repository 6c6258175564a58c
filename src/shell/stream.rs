//! One HTTP stream. Everything passes: no callback ever holds, changes or answers anything. Of a stream that is nobody's
//! one field is read, and nothing else.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

use super::host;
use super::root::{Shared, State};
use super::running::Running;
use crate::pipeline::{Exchange, StreamEnd};
use crate::time::Timestamp;

/// The stream's context.
pub(super) struct Stream {
    root: Shared,
    phase: Phase,
}

/// What is known of the stream. The host picks the order of callbacks: the access log phase may be the first, ends may
/// never come, chunks may be empty.
enum Phase {
    /// No callback yet.
    New,
    /// Nobody's, or over.
    Passing,
    /// On an issuer's authority.
    Watched(Box<Watched>),
}

struct Watched {
    exchange: Exchange,
    opened: Timestamp,
    log_only: bool,
    answered: bool,
}

impl Stream {
    pub(super) fn new(root: Shared) -> Self {
        Self { root, phase: Phase::New }
    }

    /// Looks at the authority; at more only where it is an issuer's.
    fn triage(&self, log_only: bool) -> Phase {
        let Ok(mut state) = self.root.try_borrow_mut() else { return Phase::Passing };
        let State::Running(running) = &mut *state else { return Phase::Passing };
        let Some(authority) = host::authority().filter(|authority| running.policy.owns(authority)) else {
            return Phase::Passing;
        };
        let path = host::path();
        if let Some(issuer) = running.policy.unlearned(&authority) {
            running.catch_up(issuer);
        }
        let mut opened = Timestamp::default();
        let read = || {
            opened = host::now();
            host::request_head()
        };
        // The time is read with the head, and given at the end: a stream that is nobody's costs no look at the clock.
        match Exchange::open(&running.policy, &authority, &path, Timestamp::default(), read) {
            Some(exchange) => Phase::Watched(Box::new(Watched { exchange, opened, log_only, answered: false })),
            None => Phase::Passing,
        }
    }

    /// Acts on a watched stream with what its root has.
    fn watched(&mut self, act: impl FnOnce(&mut Watched, &Running)) {
        let Phase::Watched(watched) = &mut self.phase else { return };
        if let Ok(state) = self.root.try_borrow()
            && let State::Running(running) = &*state
        {
            act(watched, running);
        }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _fields: usize, end: bool) -> Action {
        if matches!(self.phase, Phase::New) {
            self.phase = self.triage(false);
        }
        if end {
            self.watched(|watched, running| watched.exchange.request_body(b"", true, &running.budget));
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.watched(|watched, running| {
            if watched.exchange.wants_request_body() {
                let room = watched.exchange.request_room(&running.budget).min(size);
                let chunk = if room > 0 { host::request_chunk(room) } else { Vec::new() };
                watched.exchange.request_body(&chunk, end, &running.budget);
            }
        });
        Action::Continue
    }

    /// Trailers are the end of a body whose last chunk did not say so.
    fn on_http_request_trailers(&mut self, _fields: usize) -> Action {
        self.watched(|watched, running| watched.exchange.request_body(b"", true, &running.budget));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _fields: usize, end: bool) -> Action {
        self.watched(|watched, running| {
            if let Some(head) = host::response_head() {
                watched.answered = true;
                watched.exchange.response_head(&running.policy, head);
            }
            if end {
                watched.exchange.response_body(b"", true, &running.budget);
            }
        });
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.watched(|watched, running| {
            if watched.exchange.wants_response_body() {
                let room = watched.exchange.response_room(&running.budget).min(size);
                let chunk = if room > 0 { host::response_chunk(room) } else { Vec::new() };
                watched.exchange.response_body(&chunk, end, &running.budget);
            }
        });
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _fields: usize) -> Action {
        self.watched(|watched, running| watched.exchange.response_body(b"", true, &running.budget));
        Action::Continue
    }

    /// The end of every stream, and all there is of one that an earlier filter answered.
    fn on_log(&mut self) {
        if matches!(self.phase, Phase::New) {
            self.phase = self.triage(true);
        }
        let Phase::Watched(watched) = std::mem::replace(&mut self.phase, Phase::Passing) else { return };
        let Ok(mut state) = self.root.try_borrow_mut() else { return };
        if let State::Running(running) = &mut *state {
            let end = stream_end(&watched);
            running.record(watched.exchange.complete(end));
        }
    }
}

/// What the access log phase knows.
fn stream_end(watched: &Watched) -> StreamEnd {
    StreamEnd {
        now: host::now(),
        started: host::request_time().or(Some(watched.opened)),
        response: if watched.answered { None } else { host::response_head() },
        response_details: host::bytes(&["response", "code_details"]),
        response_flags: host::number(&["response", "flags"]).unwrap_or_default(),
        source_address: host::text(&["source", "address"]),
        tls_version: host::text(&["connection", "tls_version"]),
        mtls: host::flag(&["connection", "mtls"]),
        peer_spiffe_id: host::text(&["connection", "uri_san_peer_certificate"]),
        direction: host::direction(),
        log_only: watched.log_only,
    }
}
