//! The accept loop: connections are counted, silent ones make room, slow heads and answers that nobody takes are
//! cut off, and an orderly end lets requests in flight finish.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod doorstep;
mod pace;

use crate::config::Tuning;
use crate::middleware::{Peer, is_stream};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
pub use doorstep::Standing;
use doorstep::{Doorstep, Place};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use pace::{AwaitedBody, Pace, PacedBody, PacedStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a connection may stay open between two requests.
const IDLE: Duration = Duration::from_secs(30);
/// Largest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// Most header fields of a request.
const HEADERS: usize = 64;
/// How long requests in flight may take at the end.
const LAST_REQUESTS: Duration = Duration::from_secs(15);

/// How slow a client may be, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the connection to its first byte, and from the first byte of a request to the end of its head.
    pub(super) head: Duration,
    /// In which a client takes nothing of an answer that waits for it.
    pub(super) untaken: Duration,
    /// The same, of a stream of events.
    pub(super) stream: Duration,
    /// Connections at once, most of which may be of people who have not signed in; the next ones wait until
    /// one of these has been silent for a second, which makes room.
    pub(super) connections: usize,
    /// Of them, most that one person or kiosk keeps whoever else comes.
    pub(super) proven_each: usize,
}

impl From<&Tuning> for Limits {
    fn from(tuning: &Tuning) -> Self {
        Self {
            head: tuning.head_time,
            untaken: tuning.untaken_time,
            // A stream that is not taken does not end by itself: nobody asks it what comes next.
            stream: tuning.stream_age,
            connections: tuning.connections,
            proven_each: tuning.proven_each,
        }
    }
}

/// Serves until `stop` is cancelled and the requests in flight are answered.
pub(super) async fn serve(listener: Arc<TcpListener>, app: Router, limits: Limits, stop: CancellationToken) {
    let doorstep = Doorstep::new(limits.connections, limits.proven_each);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let pace = Arc::new(Pace::new());
                let place = tokio::select! {
                    () = stop.cancelled() => break,
                    place = doorstep.enter(&pace) => place,
                };
                let (app, stop) = (app.clone(), stop.clone());
                connections.spawn(connection(stream, Peer(peer), app, limits, pace, place, stop));
            }
            Err(error) => {
                // No file descriptors left, or a client that went before we took it.
                tracing::warn!(%error, "a connection was not accepted");
                doorstep.make_room();
                sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(LAST_REQUESTS, all).await.is_err() {
        tracing::warn!("requests in flight were cut off at the end");
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: Limits,
    pace: Arc<Pace>,
    place: Place,
    stop: CancellationToken,
) {
    // Small answers and events must not wait for each other (Nagle).
    let _ = stream.set_nodelay(true);
    let (of_service, standing) = (pace.clone(), place.standing());
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(standing.clone());
        let (app, pace) = (app.clone(), of_service.clone());
        let request = request.map(|body| Body::new(AwaitedBody::new(body, pace.clone())));
        async move {
            let response = app.oneshot(request).await?;
            if is_stream(&response) {
                pace.streams();
            }
            Ok::<_, std::convert::Infallible>(response.map(|body| PacedBody::new(body, pace)))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(PacedStream::new(stream, pace.clone())), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = place.shown_out.cancelled() => return,
        at_what = pace.too_slow(&limits) => {
            metrics::counter!(at_what).increment(1);
            return;
        }
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
