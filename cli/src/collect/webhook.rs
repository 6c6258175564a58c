//! Findings to somebody's URL: POST of the record itself, again while it is not taken, and never so that anything waits.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::metrics::Metrics;
use super::tls;
use crate::failure::Failure;
use crate::findings::rule::Severity;

/// Where findings go: https, or http on this machine. It may hold a secret in its path and is never printed.
#[derive(Clone)]
pub(crate) struct Url {
    host: String,
    port: u16,
    target: String,
    secure: bool,
}

/// The queue, and the thread that empties it.
pub(crate) struct Webhook {
    queue: mpsc::Sender<Bytes>,
    least: Severity,
    metrics: Arc<Metrics>,
}

/// Says when the thread has emptied the queue.
pub(crate) struct Drained(Receiver<()>);

impl Webhook {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// There are no certificate authorities to trust, or no thread.
    pub(crate) fn start(
        url: Url,
        ca: Option<&Path>,
        least: Severity,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, Drained), Failure> {
        let connector = if url.secure { Some(tls::connector(ca, None)?) } else { None };
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("cannot start threads", &error))?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (done, drained) = sync_channel(1);
        let sender = Sender { url, connector, metrics: Arc::clone(&metrics) };
        thread::spawn(move || {
            runtime.block_on(sender.run(waiting));
            let _ = done.send(());
        });
        Ok((Self { queue, least, metrics }, Drained(drained)))
    }

    /// Queues a finding; a full queue loses it, and counts that.
    pub(crate) fn send(&self, severity: Severity, line: &str) {
        if severity >= self.least && self.queue.try_send(Bytes::copy_from_slice(line.as_bytes())).is_err() {
            self.metrics.webhook_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drained {
    /// Waits for the rest, but not for long.
    pub(crate) fn wait(self) {
        let _ = self.0.recv_timeout(PARTING);
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| "expected a URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err("expected a URL") };
        if authority.as_str().contains('@') {
            return Err("a URL must not hold a name and password");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let secure = match scheme {
            "https" => true,
            "http" if local => false,
            "http" => return Err("expected https; http is for loopback only"),
            _ => return Err("expected https"),
        };
        let target = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { host, port, target, secure })
    }
}

impl Url {
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The value of `Host`.
    fn host_field(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Url(..)")
    }
}

struct Sender {
    url: Url,
    connector: Option<TlsConnector>,
    metrics: Arc<Metrics>,
}

/// Why a finding was not taken.
enum Refused {
    /// It will not be taken the next time either.
    ForGood,
    ForNow,
}

impl Sender {
    async fn run(self, mut waiting: mpsc::Receiver<Bytes>) {
        while let Some(body) = waiting.recv().await {
            let counter: &AtomicU64 = match self.deliver(&body, &waiting).await {
                true => &self.metrics.webhook_delivered,
                false => &self.metrics.webhook_lost,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tries some minutes; once only when the process ends.
    async fn deliver(&self, body: &Bytes, waiting: &mpsc::Receiver<Bytes>) -> bool {
        for attempt in 0..ATTEMPTS {
            match timeout(PATIENCE, self.post(body.clone())).await {
                Ok(Ok(())) => return true,
                Ok(Err(Refused::ForGood)) => return false,
                Ok(Err(Refused::ForNow)) | Err(_) => {}
            }
            let pause = FIRST_PAUSE.saturating_mul(1 << attempt);
            let until = tokio::time::Instant::now() + pause;
            while tokio::time::Instant::now() < until {
                if waiting.is_closed() {
                    return false;
                }
                sleep(FIRST_PAUSE.min(pause)).await;
            }
        }
        false
    }

    async fn post(&self, body: Bytes) -> Result<(), Refused> {
        let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await.map_err(|_| Refused::ForNow)?;
        let status = match &self.connector {
            None => self.speak(stream, body).await,
            Some(connector) => {
                let name = ServerName::try_from(self.url.host.clone()).map_err(|_| Refused::ForGood)?;
                let stream = connector.connect(name, stream).await.map_err(|_| Refused::ForNow)?;
                self.speak(stream, body).await
            }
        };
        match status {
            Ok(status) if status.is_success() => Ok(()),
            Ok(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) | Err(_) => Err(Refused::ForNow),
            Ok(status) if status.is_client_error() => Err(Refused::ForGood),
            Ok(_) => Err(Refused::ForNow),
        }
    }

    async fn speak<S>(&self, stream: S, body: Bytes) -> io::Result<StatusCode>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let serving = tokio::spawn(connection);
        let request = Request::post(&self.url.target)
            .header(HOST, self.url.host_field())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, "oidc-audit")
            .body(Full::new(body))
            .map_err(io::Error::other)?;
        let response = sender.send_request(request).await.map_err(io::Error::other);
        serving.abort();
        Ok(response?.status())
    }
}

/// One request to the host of a URL, and its answer, of which a body longer than `most` bytes is an error.
///
/// # Errors
///
/// What the operating system, TLS or HTTP says.
pub(crate) async fn ask(
    url: &Url,
    connector: Option<&TlsConnector>,
    mut request: Request<Full<Bytes>>,
    most: usize,
) -> io::Result<(StatusCode, Bytes)> {
    let host = HeaderValue::from_str(&url.host_field()).map_err(io::Error::other)?;
    request.headers_mut().insert(HOST, host);
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("oidc-audit"));
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await?;
    match connector {
        None => answered(stream, request, most).await,
        Some(connector) => {
            let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
            answered(connector.connect(name, stream).await?, request, most).await
        }
    }
}

async fn answered<S>(stream: S, request: Request<Full<Bytes>>, most: usize) -> io::Result<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), most).collect().await.map_err(io::Error::other)?;
    Ok((status, body.to_bytes()))
}

/// Findings that wait; the oldest is being sent.
const QUEUE: usize = 256;
/// With a pause that doubles: four minutes in all.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// For connection, handshake and answer together.
const PATIENCE: Duration = Duration::from_secs(10);
/// At the end of the process.
const PARTING: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_https_or_on_this_machine() {
        let url: Url = "https://hooks.example.test/services/x?y=1".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("hooks.example.test", 443, "/services/x?y=1"));
        for good in ["http://127.0.0.1:9/", "http://[::1]:9", "http://localhost/x"] {
            assert!(!good.parse::<Url>().unwrap().secure, "{good}");
        }
        for bad in [
            "http://hooks.example.test/",
            "https://name:word@hooks.example.test/",
            "ftp://x/",
            "/path",
            "http://127.0.0.1.example.test/",
        ] {
            assert!(bad.parse::<Url>().is_err(), "{bad}");
        }
        assert_eq!(format!("{url:?}"), "Url(..)");
    }
}
