//! The end of a connection, told a moment late.
//!
//! A proxy that stops writes its last batch and closes in the same instant. An HTTP/2 connection that reads the batch
//! and the end together, or cannot write to the peer any more, is over for hyper before the request was handed out: the
//! batch would be lost though all of it is here. Told later, the end finds the request in hand.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose end, orderly or not, comes [`MOMENT`] after its last byte was read, and never from writing.
#[derive(Debug)]
pub(crate) struct Linger<S> {
    stream: S,
    /// The peer takes nothing any more: what is written is thrown away until reading tells the end.
    deaf: bool,
    end: Option<(io::Result<()>, Pin<Box<Sleep>>)>,
}

impl<S> Linger<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, deaf: false, end: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.is_none() {
            let before = buffer.filled().len();
            let room = buffer.remaining() > 0;
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
            if read.is_ok() && (!room || buffer.filled().len() > before) {
                return Poll::Ready(read);
            }
            self.end = Some((read, Box::pin(sleep(MOMENT))));
        }
        let Some((_, moment)) = &mut self.end else { return Poll::Pending };
        ready!(moment.as_mut().poll(context));
        Poll::Ready(self.end.take().map_or(Ok(()), |(end, _)| end))
    }
}

impl<S: AsyncWrite + Unpin> Linger<S> {
    /// Writes by `write`, or pretends that `length` bytes were written.
    fn write(
        &mut self,
        length: usize,
        write: impl FnOnce(Pin<&mut S>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if !self.deaf {
            match ready!(write(Pin::new(&mut self.stream))) {
                Ok(written) => return Poll::Ready(Ok(written)),
                Err(_) => self.deaf = true,
            }
        }
        Poll::Ready(Ok(length))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(bytes.len(), |stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = parts.iter().map(|part| part.len()).fold(0, usize::saturating_add);
        self.write(length, |stream| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(0, |stream| stream.poll_flush(context).map_ok(|()| 0)).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Long enough for a request that was read to be handed out; a closed connection holds its slot that much longer.
const MOMENT: Duration = Duration::from_millis(50);
