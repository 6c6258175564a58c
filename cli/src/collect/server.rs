//! Connections: how many, how long each may take, and how they end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use oidc_audit::record::verify::SpiffeId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::linger::Linger;
use super::lookup::Peer;
use super::peer;
use super::receiver::Receiver;

/// An open port and everything its connections need.
pub(crate) struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    receiver: Arc<Receiver>,
    slots: Arc<Semaphore>,
    graceful: GracefulShutdown,
    timeouts: Timeouts,
}

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// From the connection to the end of its first request head, and for the TLS handshake.
    pub(crate) first_head: Duration,
    /// From one answer to the end of the next request head; a proxy keeps its connection open meanwhile.
    pub(crate) idle: Duration,
    /// After the signal to stop, for requests in flight.
    pub(crate) grace: Duration,
}

impl Server {
    /// Opens the port.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) async fn bind(
        listen: SocketAddr,
        receiver: Receiver,
        connections: usize,
        timeouts: Timeouts,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(listen).await?,
            tls: None,
            receiver: Arc::new(receiver),
            slots: Arc::new(Semaphore::new(connections)),
            graceful: GracefulShutdown::new(),
            timeouts,
        })
    }

    #[must_use]
    pub(crate) fn with_tls(self, tls: Option<TlsAcceptor>) -> Self {
        Self { tls, ..self }
    }

    /// The port that was opened, which `:0` left to the operating system.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves one more connection as soon as a slot is free; others wait in the backlog.
    pub(crate) async fn accept(&self) {
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
        match self.listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection {
                    tls: self.tls.clone(),
                    receiver: Arc::clone(&self.receiver),
                    watcher: self.graceful.watcher(),
                    timeouts: self.timeouts,
                    _slot: slot,
                };
                tokio::spawn(connection.serve(stream));
            }
            // Out of descriptors, or the peer was gone before we came: neither ends the server.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }

    /// Closes the port and lets requests in flight end. Whether all did in time.
    pub(crate) async fn stop(self) -> bool {
        drop(self.listener);
        timeout(self.timeouts.grace, self.graceful.shutdown()).await.is_ok()
    }
}

struct Connection {
    tls: Option<TlsAcceptor>,
    receiver: Arc<Receiver>,
    watcher: Watcher,
    timeouts: Timeouts,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(mut self, stream: TcpStream) {
        // Answers are small and wait for nothing; where this fails they are only later.
        let _ = stream.set_nodelay(true);
        match self.tls.take() {
            None => self.speak(stream, (None, None)).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = timeout(self.timeouts.first_head, tls.accept(stream)).await {
                    let shown = stream.get_ref().1.peer_certificates();
                    let certificate = shown.and_then(<[_]>::first).map(|certificate| Peer::of(certificate));
                    let peer = (certificate, peer::of(shown));
                    self.speak(stream, peer).await;
                }
            }
        }
    }

    /// HTTP/1.1 or HTTP/2, as the first bytes say: proxies speak HTTP/2 with prior knowledge on plain TCP, too.
    async fn speak(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        (certificate, peer): (Option<Peer>, Option<SpiffeId>),
    ) {
        let spoke = Arc::new(AtomicBool::new(false));
        let service = {
            let (receiver, spoke) = (Arc::clone(&self.receiver), Arc::clone(&spoke));
            service_fn(move |mut request: Request<Incoming>| {
                if let Some(certificate) = &certificate {
                    request.extensions_mut().insert(certificate.clone());
                }
                spoke.store(true, Ordering::Relaxed);
                let (receiver, peer) = (Arc::clone(&receiver), peer.clone());
                // A task of its own: a proxy that stops sends its last batch and is gone, and hyper drops what it was
                // answering to. The batch is stored all the same.
                let answering = tokio::spawn(async move { receiver.answer(request, peer).await });
                async move { answering.await.map_err(io::Error::other) }
            })
        };
        let builder = builder(self.timeouts);
        let serving = builder.serve_connection(TokioIo::new(Linger::new(stream)), service);
        let mut serving = std::pin::pin!(self.watcher.watch(serving.into_owned()));
        tokio::select! {
            // How a connection ends is the peer's business: every request on it was answered or is sent again.
            _ = &mut serving => return,
            () = sleep(self.timeouts.first_head) => {}
        }
        if spoke.load(Ordering::Relaxed) {
            let _ = serving.await;
        }
    }
}

fn builder(timeouts: Timeouts) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(timeouts.idle);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(timeouts.first_head)
        .keep_alive_timeout(timeouts.first_head)
        .max_concurrent_streams(MAX_STREAMS);
    builder
}

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// After a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
