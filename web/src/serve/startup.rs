//! Waiting for the databases: a server that starts before Postgres is not a broken one. Meanwhile the
//! port answers that it is alive and cannot serve yet; why is in the log. What no waiting will mend (a password, a
//! missing schema) ends the start with a sentence.

use super::http::{self, Limits};
use crate::api::health::{self, Readiness};
use crate::config::{Tuning, WriteSide};
use crate::middleware as mw;
use crate::pools::{ConnectError, Pools};
use crate::problem::{Code, Problem};
use anyhow::Context;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use commands::Write;
use commands::clock::Clock;
use commands::ids::IdSource;
use commands::vault::VaultError;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Pause between two tries: the first, doubled up to the last.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The pools and the write side over them, once everything answers and is as this program needs it.
pub(super) async fn databases(
    sides: &WriteSide,
    listener: Option<&Arc<TcpListener>>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> anyhow::Result<(Pools, Write)> {
    // Before any waiting: whoever forgot a key should not learn it hours later.
    super::keys(sides)?;
    let mut waiting: Option<Waiting> = None;
    let mut pause = PAUSE.0;
    loop {
        match open(sides, clock, ids).await {
            Ok(opened) => {
                if let Some(waiting) = waiting {
                    waiting.end().await;
                    tracing::info!("the databases answer");
                }
                return Ok(opened);
            }
            Err(Closed::Never(error)) => return Err(error),
            Err(Closed::Away(why)) => match &waiting {
                // The driver's words are for whoever reads the logs, not for whoever asks the port.
                Some(_) => tracing::debug!(why, "waiting still"),
                None => {
                    tracing::warn!(why, "waiting for the databases");
                    waiting = Some(Waiting::start(listener));
                }
            },
        }
        tokio::time::sleep(pause.mul_f64(0.75 + 0.5 * fastrand::f64())).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

enum Closed {
    Away(String),
    Never(anyhow::Error),
}

async fn open(sides: &WriteSide, clock: &Arc<dyn Clock>, ids: &Arc<dyn IdSource>) -> Result<(Pools, Write), Closed> {
    let pools = Pools::connect(&sides.databases, &sides.pools).await.map_err(|error| match error {
        ConnectError::Away { .. } => Closed::Away(error.to_string()),
        other => Closed::Never(other.into()),
    })?;
    let write = super::write_side(sides, &pools, clock, ids).map_err(Closed::Never)?;
    match write.vault().check().await {
        Ok(()) => Ok((pools, write)),
        Err(VaultError::Store(error)) if error.is_temporary() => {
            Err(Closed::Away("VAULT_DATABASE_URL: the database stopped answering".to_owned()))
        }
        Err(VaultError::Store(error)) => Err(Closed::Never(
            anyhow::Error::new(error).context("VAULT_DATABASE_URL: the keys cannot be read; run `attendance migrate`"),
        )),
        Err(error) => Err(Closed::Never(
            anyhow::Error::new(error).context("ATTENDANCE_KEK is not the key that the vault's keys were made with"),
        )),
    }
}

/// A server that only says that it waits.
struct Waiting {
    stop: DropGuard,
    server: Option<JoinHandle<()>>,
}

impl Waiting {
    fn start(listener: Option<&Arc<TcpListener>>) -> Self {
        let stop = CancellationToken::new();
        let server = listener.map(|listener| {
            let serving = http::serve(
                listener.clone(),
                router(),
                Limits { connections: 100, ..Limits::from(&Tuning::default()) },
                stop.clone(),
            );
            tokio::spawn(serving)
        });
        Self { stop: stop.drop_guard(), server }
    }

    async fn end(self) {
        drop(self.stop);
        if let Some(server) = self.server {
            super::parts::joined("waiting", server).await;
        }
    }
}

fn router() -> Router {
    let readyz = || async { (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness::waiting())) };
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(readyz))
        .fallback(|| async { Problem::new(Code::Unavailable).retry_soon().into_response() })
        .layer(from_fn(mw::speak_problems))
        .layer(from_fn(mw::secure))
}

/// Binds the port; connections that are accepted on it have bounded send buffers, so that a client that
/// does not read holds little of our memory.
pub(super) fn listen(config: &crate::config::Http) -> anyhow::Result<Arc<TcpListener>> {
    let failed = || format!("listen on {}", config.listen);
    let socket = match config.listen {
        std::net::SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
        std::net::SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
    }
    .with_context(failed)?;
    // A restarted server finds its port although old connections linger.
    socket.set_reuseaddr(true).with_context(failed)?;
    socket.set_send_buffer_size(config.tuning.send_buffer).with_context(failed)?;
    socket.bind(config.listen).with_context(failed)?;
    // As many as may wait here while others make room: the kernel drops what is more, and a client whose first packet
    // was dropped tries again after a second.
    Ok(Arc::new(socket.listen(4096).with_context(failed)?))
}
