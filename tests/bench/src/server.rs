//! Servers of this process, on threads of their own, so that they and the load meet only over sockets.

use crate::stage::Database;
use anyhow::{Context, Result};
use axum::Router;
use commands::ids::SystemIds;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use web::AppState;
use web::serve::{self, Part, Parts, Running};

/// Where servers run.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// As many threads as cores.
    pub fn new() -> Result<Self> {
        Ok(Self(Some(Builder::new_multi_thread().enable_all().thread_name("server").build()?)))
    }

    async fn spawn<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.0.as_ref().context("ended")?.spawn(work).await?
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Not waited for: this is dropped in a task.
            runtime.shutdown_background();
        }
    }
}

/// A server.
pub struct Server<'a> {
    threads: &'a Threads,
    running: Running,
    /// `host:port`.
    pub address: String,
}

impl<'a> Server<'a> {
    /// All parts, as `attendance serve` starts them.
    pub async fn start(threads: &'a Threads, database: &Database) -> Result<Self> {
        let (config, clock) = (database.config.clone(), database.clock.clone());
        let start = async move { serve::start(&config, Parts::all(), clock, Arc::new(SystemIds)).await };
        Self::of(threads, threads.spawn(start).await?)
    }

    /// HTTP alone, with other routes.
    pub async fn with_routes(threads: &'a Threads, database: &Database, routes: Router<AppState>) -> Result<Self> {
        let (config, clock) = (database.config.clone(), database.clock.clone());
        let start = async move {
            let routes = |state: AppState| web::router::surrounded(routes, state);
            serve::start_with(&config, Parts::from_only(&[Part::Http]), clock, Arc::new(SystemIds), routes).await
        };
        Self::of(threads, threads.spawn(start).await?)
    }

    fn of(threads: &'a Threads, running: Running) -> Result<Self> {
        let base = running.base_url().context("no address")?;
        let address = base.strip_prefix("http://").context("not HTTP")?.to_owned();
        Ok(Self { threads, running, address })
    }

    /// What its handlers reach.
    pub fn state(&self) -> Result<&AppState> {
        self.running.state().context("no HTTP")
    }

    /// Stops it in order.
    pub async fn stop(self) -> Result<()> {
        let running = self.running;
        self.threads
            .spawn(async move {
                running.shutdown().await;
                Ok(())
            })
            .await
    }
}
