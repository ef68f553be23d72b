//! The composition of all parts into one process, and its orderly end.

mod http;
mod startup;

use crate::config::{Config, WriteSide};
use crate::live::LiveHub;
use crate::middleware::Places;
use crate::names::Names;
use crate::pools::Pools;
use crate::state::STREAMS;
use crate::{AppState, observability, pools, router};
use anyhow::Context;
use commands::Write;
use commands::batcher::{Batcher, BatcherConfig};
use commands::clock::Clock;
use commands::directory::Directory;
use commands::ids::IdSource;
use commands::keys::{DirectoryKey, Kek};
use commands::vault::Vault;
use nats::Transport;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
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
    http: Option<(SocketAddr, AppState, JoinHandle<()>)>,
    /// No new requests, streams end.
    stop_http: CancellationToken,
    /// Relay and projectors: they stop last.
    stop_parts: CancellationToken,
    parts: Vec<(&'static str, JoinHandle<()>)>,
    pools: Pools,
}

impl Running {
    /// `http://<address>` without a slash at the end, if HTTP runs in this process.
    pub fn base_url(&self) -> Option<String> {
        self.http.as_ref().map(|(address, _, _)| format!("http://{address}"))
    }

    /// What its handlers reach, if HTTP runs in this process.
    pub fn state(&self) -> Option<&AppState> {
        self.http.as_ref().map(|(_, state, _)| state)
    }

    /// Its pools.
    pub fn pools(&self) -> &Pools {
        &self.pools
    }

    /// Stops in order: no new connections and the streams end; requests in flight finish; what waits in
    /// the batcher is stored; relay and projectors; the pools.
    pub async fn shutdown(self) {
        self.stop_http.cancel();
        if let Some((_, state, server)) = self.http {
            joined("http", server).await;
            state.batcher.shutdown().await;
        }
        self.stop_parts.cancel();
        for (name, part) in self.parts {
            joined(name, part).await;
        }
        self.pools.close().await;
        tracing::info!("stopped");
    }
}

async fn joined(part: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(part, %error, "a part ended badly");
    }
}

/// Starts the parts in this process and returns when they accept work. As long as a database is away it
/// waits, and the port says so; what no waiting mends is an error.
pub async fn start(
    config: &Config,
    parts: Parts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> anyhow::Result<Running> {
    let (stop_http, stop_parts) = (CancellationToken::new(), CancellationToken::new());
    observability::metrics();
    let listener = if parts.has(Part::Http) { Some(startup::listen(&config.http)?) } else { None };
    let transport = match config.transport.url()? {
        Some(url) => Some(Transport::connect(url.reveal(), &config.transport.nats_prefix).await.context("NATS_URL")?),
        None => None,
    };
    let (pools, write) = startup::databases(&config.sides, listener.as_ref(), &clock, &ids).await?;
    let mut running = vec![("metrics", tokio::spawn(observability::keep_up(stop_parts.clone())))];
    if let Some(transport) = transport.clone().filter(|_| parts.has(Part::Relay)) {
        let (pool, token) = (pools.log_reader.clone(), stop_parts.clone());
        let relay = async move {
            if let Err(error) = nats::relay::run(pool, transport, token).await {
                tracing::error!(%error, "the relay ended");
            }
        };
        running.push(("relay", tokio::spawn(relay)));
    }
    if parts.has(Part::Projections) {
        let (pools, transport, token) = (pools.clone(), transport.clone(), stop_parts.clone());
        let projectors = async move {
            let run = projections::runner::run_all(pools.projector, pools.log_reader, transport, token);
            if let Err(error) = run.await {
                tracing::error!(%error, "the projectors ended");
            }
        };
        running.push(("projections", tokio::spawn(projectors)));
    }
    if parts.has(Part::Workers) {
        let (options, stop) = (pools::worker_options(&config.sides.databases)?, stop_parts.clone());
        let watch = workers::gate_watch::run(options, write.clone(), stop.clone());
        // A look that is cut off is made again; each write in it is a task of its own.
        running.push(("gate watch", tokio::spawn(async move { _ = stop.run_until_cancelled(watch).await })));
    }
    let http = if let Some(listener) = listener {
        let address = listener.local_addr()?;
        let state = compose(config, &pools, transport, write, clock, ids, stop_http.clone());
        running.push(("live", state.live.listen()));
        tracing::info!(
            %address,
            "listening on loopback only: there is no sign-in yet, so only this machine may reach the server"
        );
        let limits = http::Limits { head: config.http.tuning.head_time };
        let server = tokio::spawn(http::serve(listener, router::router(state.clone()), limits, stop_http.clone()));
        Some((address, state, server))
    } else {
        None
    };
    Ok(Running { http, stop_http, stop_parts, parts: running, pools })
}

fn compose(
    config: &Config,
    pools: &Pools,
    transport: Option<Transport>,
    write: Write,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    stop: CancellationToken,
) -> AppState {
    let names = Names::new(pools.request.clone(), write.vault().clone());
    let tuning = &config.http.tuning;
    let live =
        LiveHub::new(pools.request.clone(), pools.log_reader.clone(), names.clone(), clock.clone(), stop, tuning.ring);
    AppState {
        batcher: Batcher::start_on(write.clone(), BatcherConfig::default()),
        write,
        pools: pools.clone(),
        names,
        live,
        streams: Arc::new(Semaphore::new(STREAMS)),
        places: Arc::new(Places::new(tuning)),
        transport,
        clock,
        ids,
        config: Arc::new(config.clone()),
    }
}

/// The write side over its pools, with the keys of the configuration.
pub fn write_side(
    config: &WriteSide,
    pools: &Pools,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> anyhow::Result<Write> {
    let (kek, key) = keys(config)?;
    let vault = Vault::new(pools.vault.clone(), kek, ids.clone(), clock.clone());
    let directory = Directory::new(pools.log_writer.clone(), key);
    Ok(Write::new(pools.log_writer.clone(), clock.clone(), ids.clone(), vault, directory))
}

fn keys(config: &WriteSide) -> anyhow::Result<(Kek, DirectoryKey)> {
    let kek = Kek::from_hex(config.keys.kek_hex()?.reveal()).context("ATTENDANCE_KEK")?;
    let key = DirectoryKey::from_hex(config.keys.directory_hex()?.reveal()).context("ATTENDANCE_DIRECTORY_KEY")?;
    Ok((kek, key))
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

#[cfg(test)]
mod tests;
