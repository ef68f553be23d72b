//! The composition of all parts into one process, and its orderly end.

use crate::config::Config;
use crate::pools::Pools;
use crate::{AppState, router};
use anyhow::Context;
use commands::Write;
use commands::clock::Clock;
use commands::directory::Directory;
use commands::ids::IdSource;
use commands::keys::{DirectoryKey, Kek};
use commands::vault::Vault;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A part of the server that may run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// API, pages and streams; the batcher of scans.
    Http,
    /// From the log to JetStream.
    Relay,
    /// From the log to the read models.
    Projections,
    /// Whatever acts on events or on time.
    Workers,
}

/// Which parts run in this process.
#[derive(Clone, Debug)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// Everything.
    pub fn all() -> Self {
        Self(vec![Part::Http, Part::Relay, Part::Projections, Part::Workers])
    }

    /// The named parts; no name means everything.
    pub fn from_only(only: &[Part]) -> Self {
        if only.is_empty() { Self::all() } else { Self(only.to_vec()) }
    }

    fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

/// A running server. Dropped without [`Running::shutdown`] it is cut off.
pub struct Running {
    address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    pools: Pools,
}

impl Running {
    /// `http://<address>` without a slash at the end, if HTTP runs in this process.
    pub fn base_url(&self) -> Option<String> {
        self.address.map(|a| format!("http://{a}"))
    }

    /// Stops in order: no new connections, streams end, requests in flight finish, then the pools.
    pub async fn shutdown(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part ended badly");
            }
        }
        self.pools.close().await;
        tracing::info!("stopped");
    }
}

/// Starts the parts in this process and returns when they accept work.
pub async fn start(
    config: &Config,
    parts: Parts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> anyhow::Result<Running> {
    let pools = Pools::connect(&config.databases).await?;
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    let mut address = None;
    if parts.has(Part::Http) {
        let listener =
            TcpListener::bind(config.http.listen).await.with_context(|| format!("listen on {}", config.http.listen))?;
        let at = listener.local_addr()?;
        let state = AppState {
            write: write_side(config, &pools, &clock, &ids)?,
            pools: pools.clone(),
            clock,
            ids,
            config: Arc::new(config.clone()),
        };
        tracing::info!(
            address = %at,
            "listening on loopback only: there is no sign-in yet, so only this machine may reach the server"
        );
        let (app, token) = (router::router(state), stop.clone());
        tasks.push(tokio::spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(token.cancelled_owned()).await;
            if let Err(error) = served {
                tracing::error!(%error, "the HTTP server ended");
            }
        }));
        address = Some(at);
    }
    Ok(Running { address, stop, tasks, pools })
}

/// The write side over its pools, with the keys of the configuration.
pub fn write_side(
    config: &Config,
    pools: &Pools,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> anyhow::Result<Write> {
    let kek = Kek::from_hex(config.keys.kek_hex()?.reveal()).context("ATTENDANCE_KEK")?;
    let key = DirectoryKey::from_hex(config.keys.directory_hex()?.reveal()).context("ATTENDANCE_DIRECTORY_KEY")?;
    let vault = Vault::new(pools.vault.clone(), kek, ids.clone(), clock.clone());
    let directory = Directory::new(pools.log_writer.clone(), key);
    Ok(Write::new(pools.log_writer.clone(), clock.clone(), ids.clone(), vault, directory))
}

/// Resolves at SIGINT or SIGTERM.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listen for SIGINT")?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
