//! How far a connection is with its request. hyper has one time limit for a head and for the silence
//! between two requests; a client that dribbles a head must not have as long as one that is just idle. It has
//! none for a client that takes nothing of its answers, and asks on.

use super::Limits;
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
    /// It is answered by events, as they happen.
    Stream,
    /// Between two requests.
    Idle,
}

#[derive(Clone, Copy)]
struct At {
    stage: Stage,
    since: Instant,
    /// Since when the client has taken nothing of what waits for it, if something does.
    untaken: Option<Instant>,
}

/// The stage of a connection and since when.
pub(super) struct Pace(Mutex<At>);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Mutex::new(At { stage: Stage::Nothing, since: Instant::now(), untaken: None }))
    }

    fn at(&self) -> std::sync::MutexGuard<'_, At> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the time of what the connection is at.
    pub(super) fn begins(&self) {
        self.at().since = Instant::now();
    }

    fn goes_on_to(&self, stage: Stage) {
        let mut at = self.at();
        (at.stage, at.since) = (stage, Instant::now());
    }

    /// For how long the connection has been without a whole request, its body included, or has taken nothing of its
    /// answer, where that is longer than `grace`, or than `for_a_head` if nothing came or part of a head; none while a request is
    /// being answered, or by events: whoever watches those may be a device that sleeps.
    pub(super) fn silence(&self, now: Instant, grace: Duration, for_a_head: Duration) -> Option<Duration> {
        let At { stage, since, untaken } = *self.at();
        let (since, borne) = match stage {
            Stage::Stream => return None,
            Stage::Busy => (untaken?, grace),
            // All of it that came was read: nobody but the client is late, however busy the machine is.
            Stage::Nothing | Stage::Head => (since, for_a_head),
            Stage::Body | Stage::Idle => (since, grace),
        };
        Some(now.saturating_duration_since(since)).filter(|silence| *silence > borne)
    }

    pub(super) fn bytes_came(&self) {
        let mut at = self.at();
        match at.stage {
            Stage::Idle => (at.stage, at.since) = (Stage::Head, Instant::now()),
            // As long as it was silent before it spoke, it was silent.
            Stage::Nothing => at.stage = Stage::Head,
            Stage::Head | Stage::Body | Stage::Busy | Stage::Stream => {}
        }
    }

    /// A head is read; whether a body is still to come.
    pub(super) fn head_is_read(&self, body: bool) {
        self.goes_on_to(if body { Stage::Body } else { Stage::Busy });
    }

    /// The body is there, or nobody wants it.
    fn body_is_read(&self) {
        let mut at = self.at();
        if at.stage == Stage::Body {
            (at.stage, at.since) = (Stage::Busy, Instant::now());
        }
    }

    /// The answer is one of events.
    pub(super) fn streams(&self) {
        self.goes_on_to(Stage::Stream);
    }

    fn answered(&self) {
        self.goes_on_to(Stage::Idle);
    }

    /// The client was offered bytes, and took some or none.
    pub(super) fn offered(&self, took: bool) {
        let mut at = self.at();
        at.untaken = if took { None } else { at.untaken.or_else(|| Some(Instant::now())) };
    }

    /// Resolves when the client takes too long over a head, or to take anything of what waits for it; which, as the
    /// name of what counts it.
    pub(super) async fn too_slow(&self, limits: &Limits) -> &'static str {
        loop {
            let At { stage, since, untaken } = *self.at();
            let (since, limit, at_what) = match stage {
                Stage::Nothing | Stage::Head => (Some(since), limits.head, "http_slow_heads_total"),
                Stage::Body | Stage::Busy | Stage::Idle => (untaken, limits.untaken, "http_untaken_answers_total"),
                Stage::Stream => (untaken, limits.stream, "http_untaken_answers_total"),
            };
            let left = since.map(|since| limit.saturating_sub(since.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return at_what;
            }
            // A look now and then, so that what begins meanwhile has hardly more than its time.
            let look = limits.head.checked_div(5).unwrap_or(limits.head);
            sleep(left.map_or(look, |left| left.min(look))).await;
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

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.pace.offered(written.is_ready());
        written
    }
}

impl Drop for PacedStream {
    fn drop(&mut self) {
        if self.pace.at().untaken.is_some() {
            // What was sent and not taken goes too; else the kernel keeps it for minutes, for everyone who was cut off.
            let _ = self.stream.set_zero_linger();
        }
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
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.noted(written)
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
