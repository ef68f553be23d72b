//! How far a connection is with its request. hyper has one time limit for a head and for the silence
//! between two requests; a client that dribbles a head must not have as long as one that is just idle.

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
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
    /// Nothing came yet.
    Nothing,
    /// A head that is not complete.
    Head,
    /// The head is complete and the body is not.
    Body,
    /// A request is being answered.
    Busy,
    /// Between two requests.
    Idle,
}

/// The stage of a connection and since when.
pub(super) struct Pace(Mutex<(Stage, Instant)>);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Stage::Nothing, Instant::now())))
    }

    fn at(&self) -> std::sync::MutexGuard<'_, (Stage, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the time of what the connection is at.
    pub(super) fn begins(&self) {
        self.at().1 = Instant::now();
    }

    /// For how long the connection has been without a whole request, its body included, where that is longer than
    /// `grace`, or than `at_first` if nothing ever came; none while a request is being answered.
    pub(super) fn silence(&self, now: Instant, grace: Duration, at_first: Duration) -> Option<Duration> {
        let (stage, since) = *self.at();
        let borne = match stage {
            Stage::Busy => return None,
            Stage::Nothing => at_first,
            Stage::Head | Stage::Body | Stage::Idle => grace,
        };
        Some(now.saturating_duration_since(since)).filter(|silence| *silence > borne)
    }

    fn bytes_came(&self) {
        let mut at = self.at();
        match at.0 {
            Stage::Idle => *at = (Stage::Head, Instant::now()),
            // As long as it was silent before it spoke, it was silent.
            Stage::Nothing => at.0 = Stage::Head,
            Stage::Head | Stage::Body | Stage::Busy => {}
        }
    }

    /// A head is read; whether a body is still to come.
    pub(super) fn head_is_read(&self, body: bool) {
        *self.at() = (if body { Stage::Body } else { Stage::Busy }, Instant::now());
    }

    /// The body is there, or nobody wants it.
    fn body_is_read(&self) {
        let mut at = self.at();
        if at.0 == Stage::Body {
            *at = (Stage::Busy, Instant::now());
        }
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
                Stage::Nothing | Stage::Head if left.is_zero() => return,
                Stage::Nothing | Stage::Head => sleep(left).await,
                // A look now and then, so that the next head has hardly more than its time.
                Stage::Body | Stage::Busy | Stage::Idle => sleep(limit / 5).await,
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

/// A request's body; a connection whose body does not come is as silent as one whose head does not.
pub(super) struct AwaitedBody {
    body: Incoming,
    pace: Arc<Pace>,
}

impl AwaitedBody {
    /// Of a request whose head is read just now.
    pub(super) fn new(body: Incoming, pace: Arc<Pace>) -> Self {
        pace.head_is_read(!body.is_end_stream());
        Self { body, pace }
    }
}

impl Drop for AwaitedBody {
    fn drop(&mut self) {
        self.pace.body_is_read();
    }
}

impl HttpBody for AwaitedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() && self.body.is_end_stream() {
            self.pace.body_is_read();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
