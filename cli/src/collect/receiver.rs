//! HTTP: who may send, how much, in which encoding, and what each answer means.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use oidc_audit::record::verify::SpiffeId;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::disk::{Disk, MinFree};
use super::line::Batch;
use super::lookup::{self, Lookups};
use super::metrics::Metrics;
use super::store::{Answer, Health, Job, Trouble};
use super::token::Tokens;

/// What every connection shares.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) path: String,
    pub(crate) tokens: Tokens,
    /// Bytes of a body, before and after it is decompressed.
    pub(crate) max_body: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) directory: PathBuf,
    pub(crate) min_free: MinFree,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) lookups: Option<Lookups>,
}

impl Receiver {
    /// Answers a request of a peer, whom its certificate may name.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: Option<SpiffeId>) -> Response<Full<Bytes>> {
        let reply = match request.uri().path() {
            HEALTH => self.health(request.method()),
            METRICS => self.count(&request),
            lookup::PATH if self.lookups.is_some() => self.look_up(request).await.unwrap_or_else(|reply| reply),
            path if path == self.path => match self.receive(request, peer).await {
                Ok(answer) => Reply::stored(&answer),
                Err(reply) => reply,
            },
            _ => Reply::error(StatusCode::NOT_FOUND, "no such path"),
        };
        reply.into_response()
    }

    async fn receive(&self, request: Request<Incoming>, peer: Option<SpiffeId>) -> Result<Answer, Reply> {
        if request.method() != Method::POST {
            return Err(Reply::error(StatusCode::METHOD_NOT_ALLOWED, "records are sent by POST").with(ALLOW, "POST"));
        }
        if !self.tokens.admit(request.headers().get(AUTHORIZATION).map(|value| value.as_bytes())) {
            return Err(
                Reply::error(StatusCode::UNAUTHORIZED, "a bearer token is needed").with(WWW_AUTHENTICATE, "Bearer")
            );
        }
        let encoding = Encoding::of(request.headers())?;
        let body = match timeout(self.body_timeout, self.collect(request.into_body())).await {
            Ok(body) => body?,
            Err(_) => return Err(Reply::error(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        };
        let body = encoding.decode(body, self.max_body)?;
        let batch = Batch::read(&body).map_err(|_| Reply::too_large("too many lines"))?;
        self.store(batch, peer).await
    }

    /// The line about it is durable before anything is answered.
    async fn look_up(&self, request: Request<Incoming>) -> Result<Reply, Reply> {
        let Some(lookups) = &self.lookups else {
            return Err(Reply::error(StatusCode::NOT_FOUND, "no such path"));
        };
        let looked = timeout(self.body_timeout, lookups.look_up(request)).await;
        let looked = looked.map_err(|_| Reply::error(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"))?;
        let looked = looked.map_err(|(status, why)| match status {
            StatusCode::METHOD_NOT_ALLOWED => Reply::error(status, why).with(ALLOW, "POST"),
            StatusCode::UNAUTHORIZED => Reply::error(status, why).with(WWW_AUTHENTICATE, "Bearer"),
            _ => Reply::error(status, why),
        })?;
        let stored = self.store(Batch { lines: vec![looked.line], refused: Vec::new() }, None).await?;
        if stored.stored == 1 {
            Ok(Reply::new(StatusCode::OK, &looked.answer))
        } else {
            Err(Reply::trouble(Trouble::WriteFailed))
        }
    }

    /// Reads a body that is too long to its end, up to a bound: a client that is still sending would not see the answer.
    ///
    /// A body is whole when it has the length that was announced, even if its sender is gone by then.
    async fn collect(&self, mut body: Incoming) -> Result<Bytes, Reply> {
        let announced = body.size_hint().exact();
        let most = u64::try_from(self.max_body).unwrap_or(u64::MAX);
        if body.size_hint().lower() > most.saturating_mul(DRAIN) {
            return Err(Reply::too_large("the body is too long"));
        }
        let (mut kept, mut seen) = (Vec::new(), 0_u64);
        while let Some(frame) = body.frame().await {
            let data = match frame {
                Ok(frame) => frame.into_data(),
                Err(_) if announced == Some(seen) => break,
                Err(_) => return Err(Reply::error(StatusCode::BAD_REQUEST, "the body broke off")),
            };
            let Ok(data) = data else { continue };
            seen = seen.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
            match seen {
                0.. if seen <= most => kept.extend_from_slice(&data),
                0.. if seen > most.saturating_mul(DRAIN) => break,
                _ => kept = Vec::new(),
            }
        }
        match seen <= most {
            true => Ok(kept.into()),
            false => Err(Reply::too_large("the body is too long")),
        }
    }

    async fn store(&self, batch: Batch, peer: Option<SpiffeId>) -> Result<Answer, Reply> {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job { batch, peer, reply }).await.is_err() {
            return Err(Reply::trouble(Trouble::WriteFailed));
        }
        answer.await.unwrap_or(Err(Trouble::WriteFailed)).map_err(Reply::trouble)
    }

    /// Counters say how much happens: for those who may send.
    fn count(&self, request: &Request<Incoming>) -> Reply {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Reply::error(StatusCode::METHOD_NOT_ALLOWED, "metrics are asked for by GET")
                .with(ALLOW, "GET, HEAD");
        }
        if !self.tokens.admit(request.headers().get(AUTHORIZATION).map(|value| value.as_bytes())) {
            return Reply::error(StatusCode::UNAUTHORIZED, "a bearer token is needed").with(WWW_AUTHENTICATE, "Bearer");
        }
        let text = Reply { status: StatusCode::OK, headers: Vec::new(), body: self.metrics.text() };
        text.with(CONTENT_TYPE, "text/plain; version=0.0.4")
    }

    fn health(&self, method: &Method) -> Reply {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Reply::error(StatusCode::METHOD_NOT_ALLOWED, "health is asked for by GET").with(ALLOW, "GET, HEAD");
        }
        match Disk::of(&self.directory) {
            Ok(disk) if !disk.has_room(0, self.min_free) => Reply::trouble(Trouble::DiskNearlyFull),
            Ok(_) if !self.health.write_failed() => Reply::new(StatusCode::OK, &json!({ "status": "ok" })),
            _ => Reply::trouble(Trouble::WriteFailed),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Gzip,
    Identity,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Reply> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        match (named.next().map(|value| value.as_bytes().to_ascii_lowercase()).as_deref(), named.next()) {
            (None | Some(b"identity" | b""), None) => Ok(Self::Identity),
            (Some(b"gzip" | b"x-gzip"), None) => Ok(Self::Gzip),
            _ => {
                let reply =
                    Reply::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding must be gzip or identity");
                Err(reply.with(ACCEPT_ENCODING, "gzip"))
            }
        }
    }

    fn decode(self, body: Bytes, most: usize) -> Result<Bytes, Reply> {
        if matches!(self, Self::Identity) {
            return Ok(body);
        }
        let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut plain = Vec::new();
        match MultiGzDecoder::new(body.as_ref()).take(bound).read_to_end(&mut plain) {
            Ok(_) if plain.len() > most => Err(Reply::too_large("the body is too long when it is decompressed")),
            Ok(_) => Ok(plain.into()),
            Err(_) => Err(Reply::error(StatusCode::BAD_REQUEST, "the body is not gzip")),
        }
    }
}

#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, &'static str)>,
    body: String,
}

impl Reply {
    fn new(status: StatusCode, body: &impl serde::Serialize) -> Self {
        // Serialisation of these types cannot fail; an empty body would be one that is not understood.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { status, headers: Vec::new(), body }
    }

    fn stored(answer: &Answer) -> Self {
        Self::new(StatusCode::OK, answer)
    }

    fn error(status: StatusCode, why: &str) -> Self {
        Self::new(status, &json!({ "error": why }))
    }

    fn too_large(why: &str) -> Self {
        Self::error(StatusCode::PAYLOAD_TOO_LARGE, why)
    }

    fn trouble(trouble: Trouble) -> Self {
        match trouble {
            Trouble::DiskNearlyFull => {
                Self::error(StatusCode::INSUFFICIENT_STORAGE, "the disk is nearly full").with(RETRY_AFTER, "30")
            }
            Trouble::WriteFailed => {
                Self::error(StatusCode::SERVICE_UNAVAILABLE, "the records could not be written").with(RETRY_AFTER, "5")
            }
        }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.into()));
        *response.status_mut() = self.status;
        let always = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        for (name, value) in always.into_iter().chain(self.headers) {
            response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
        }
        response
    }
}

const HEALTH: &str = "/healthz";
const METRICS: &str = "/metrics";
/// How many times the limit of a body is read before the connection is given up.
const DRAIN: u64 = 4;
