//! Connection pools, one per database role: what a part may do is decided by its pool.

use crate::config::{Databases, Secret};
use anyhow::Context;
use commands::pool::{PoolSettings, Role, connect};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

/// One pool per role. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pools {
    /// Appends to the log and keeps receipts and the directory.
    pub log_writer: PgPool,
    /// Reads the log: relay and feeds.
    pub log_reader: PgPool,
    /// Writes the read models.
    pub projector: PgPool,
    /// Reads the read models for pages and API; has no grant on the log.
    pub request: PgPool,
    /// The keys' own database.
    pub vault: PgPool,
}

impl Pools {
    /// Connects every role.
    pub async fn connect(databases: &Databases) -> anyhow::Result<Self> {
        let events = parse(&databases.events_url()?).context("DATABASE_URL")?;
        let vault = parse(&databases.vault_url()?).context("VAULT_DATABASE_URL")?;
        let settings = |connections| PoolSettings {
            insist_on_durability: databases.insist_on_durability(),
            ..PoolSettings::new(connections)
        };
        Ok(Self {
            log_writer: connect(events.clone(), Role::LogWriter, &settings(12)).await?,
            log_reader: connect(events.clone(), Role::LogReader, &settings(8)).await?,
            projector: connect(events.clone(), Role::Projector, &settings(6)).await?,
            request: connect(events, Role::Request, &settings(12)).await?,
            vault: connect(vault, Role::Vault, &settings(6)).await?,
        })
    }

    /// Closes every pool, waiting for the connections in use.
    pub async fn close(&self) {
        for pool in [&self.log_writer, &self.log_reader, &self.projector, &self.request, &self.vault] {
            pool.close().await;
        }
    }
}

/// How a worker connects for the lock that makes it the leader: one connection of its own.
pub fn worker_options(databases: &Databases) -> anyhow::Result<PgConnectOptions> {
    let options = parse(&databases.events_url()?).context("DATABASE_URL")?;
    Ok(options.options([("role", Role::Worker.as_str()), ("statement_timeout", "5s")]))
}

/// A small pool of the databases' owner: `migrate`, `rebuild` and `log` only.
pub async fn owner(url: &Secret) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(10));
    Ok(pool.connect_with(parse(url)?).await?)
}

/// The URL itself is never quoted: it may hold a password.
fn parse(url: &Secret) -> anyhow::Result<PgConnectOptions> {
    PgConnectOptions::from_str(url.reveal()).map_err(|_| anyhow::anyhow!("not a Postgres URL"))
}
