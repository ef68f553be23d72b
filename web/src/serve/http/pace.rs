//! How far a connection is with its request. hyper has one time limit for a head and for the silence
//! between two requests; a client that dribbles a head must not have as long as one that is just idle.

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing came yet, or a head that is not complete.
    Head,
    /// A request is being answered.
    Busy,
    /// Between two requests.
    Idle,
}

/// The stage of a connection and since when.
pub(super) struct Pace(Mutex<(Stage, Instant)>);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Stage::Head, Instant::now())))
    }

    fn at(&self) -> std::sync::MutexGuard<'_, (Stage, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the time of what the connection is at.
    pub(super) fn begins(&self) {
        self.at().1 = Instant::now();
    }

    /// For how long the connection has been without a whole request; none while one is being answered.
    pub(super) fn silence(&self) -> Option<Duration> {
        let (stage, since) = *self.at();
        (stage != Stage::Busy).then(|| since.elapsed())
    }

    fn bytes_came(&self) {
        let mut at = self.at();
        if at.0 == Stage::Idle {
            *at = (Stage::Head, Instant::now());
        }
    }

    pub(super) fn head_is_read(&self) {
        *self.at() = (Stage::Busy, Instant::now());
    }

    fn answered(&self) {
        *self.at() = (Stage::Idle, Instant::now());
    }

    /// Resolves when a head takes longer than `limit`.
    pub(super) async fn too_slow(&self, limit: Duration) {
        loop {
            let (stage, since) = *self.at();
            let left = limit.saturating_sub(since.elapsed());
            match stage {
                Stage::Head if left.is_zero() => return,
                Stage::Head => sleep(left).await,
                // A look now and then, so that the next head has hardly more than its time.
                Stage::Busy | Stage::Idle => sleep(limit / 5).await,
            }
        }
    }
}

/// A connection's bytes, noted as they come.
pub(super) struct PacedStream {
    stream: TcpStream,
    pace: Arc<Pace>,
}

impl PacedStream {
    pub(super) fn new(stream: TcpStream, pace: Arc<Pace>) -> Self {
        Self { stream, pace }
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.bytes_came();
        }
        read
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An answer's body; when it goes, the request is done.
pub(super) struct PacedBody {
    body: Body,
    pace: Arc<Pace>,
}

impl PacedBody {
    pub(super) fn new(body: Body, pace: Arc<Pace>) -> Self {
        Self { body, pace }
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        self.pace.answered();
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
