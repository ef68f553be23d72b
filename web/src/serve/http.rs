//! The accept loop: connections are counted, slow heads are cut off, and an orderly end lets requests
//! in flight finish.

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Connections at once; the next ones wait in the kernel's queue.
const CONNECTIONS: usize = 2000;
/// How long the head of a request may take, and how long a connection may stay open between two.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Largest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
/// Most header fields of a request.
const HEADERS: usize = 64;
/// How long requests in flight may take at the end.
const LAST_REQUESTS: Duration = Duration::from_secs(15);

/// Serves until `stop` is cancelled and the requests in flight are answered.
pub(super) async fn serve(listener: TcpListener, app: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.clone().acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (app, stop) = (app.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, app, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                // No file descriptors left, or a client that went before we took it.
                tracing::warn!(%error, "a connection was not accepted");
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

async fn connection(stream: TcpStream, app: Router, stop: CancellationToken) {
    // Small answers and events must not wait for each other (Nagle).
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(tower::ServiceExt::map_request(app, |r: Request<Incoming>| {
        r.map(axum::body::Body::new)
    }));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(HEADERS).max_buf_size(HEAD_BYTES * 4);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
