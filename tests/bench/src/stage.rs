//! Private servers for the run, configured as `docker-compose.yml` configures them, fsync on.

use crate::statements;
use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Write;
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};
use commands::pool::{PoolSettings, Role, connect};
use local_services::{NatsServer, PostgresCluster};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use web::config::{Config, PoolSizes};

/// What `docker-compose.yml` sets, besides what the private cluster has already.
const SETTINGS: [&str; 1] = ["max_wal_size = '4GB'"];

/// The machine's clock, some days ahead: every turn is another day at the gate, so that a pupil's day
/// holds as many scans as it does in a school and not as many as the machine can store.
#[derive(Debug, Default)]
pub struct DayClock(AtomicI64);

impl DayClock {
    /// So many days ahead.
    pub fn ahead(days: i64) -> Self {
        Self(AtomicI64::new(days))
    }

    /// How many days ahead it is.
    pub fn days(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The same time on the next day.
    pub fn next_day(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Clock for DayClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::days(self.days())
    }
}

/// The servers. Dropped, they stop and their folder goes.
pub struct Stage {
    dir: PathBuf,
    postgres: Option<PostgresCluster>,
    nats: Option<NatsServer>,
    /// The clock of everybody in this process.
    pub clock: Arc<DayClock>,
}

impl Stage {
    /// Starts both servers in a fresh folder.
    pub async fn open(statements: bool) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("attendance-bench-{}", std::process::id()));
        let mut postgres = PostgresCluster::start(&dir.join("postgres")).await?;
        let mut c = PgConnection::connect_with(&postgres.options("postgres")).await?;
        for setting in SETTINGS {
            sqlx::query(&format!("alter system set {setting}")).execute(&mut c).await?;
        }
        if statements {
            statements::preload(&mut c).await?;
        }
        c.close().await?;
        postgres.stop();
        postgres.resume().await?;
        let nats = NatsServer::start(&dir.join("nats")).await?;
        std::fs::write(dir.join("kek"), "11".repeat(32))?;
        std::fs::write(dir.join("directory_key"), "22".repeat(32))?;
        Ok(Self { dir, postgres: Some(postgres), nats: Some(nats), clock: Arc::default() })
    }

    fn postgres(&self) -> Result<&PostgresCluster> {
        self.postgres.as_ref().context("stopped")
    }

    /// The NATS server, to stop and wipe it.
    pub fn nats(&mut self) -> Result<&mut NatsServer> {
        self.nats.as_mut().context("stopped")
    }

    /// Where the cluster's files are, for probes of the same disk.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// A fresh, migrated pair of databases.
    pub async fn database(&self, name: &'static str) -> Result<Database> {
        let (postgres, vault) = (self.postgres()?, format!("{name}_vault"));
        postgres.ensure_database(name).await?;
        postgres.ensure_database(&vault).await?;
        let keys = (self.dir.join("kek"), self.dir.join("directory_key"));
        let nats = self.nats.as_ref().context("stopped")?.url();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Config::on_this_machine((&postgres.url(name), &postgres.url(&vault)), &nats, keys, listen);
        config.transport.nats_prefix = name.to_owned();
        let owner = PgPoolOptions::new().max_connections(4).connect_with(postgres.options(name)).await?;
        let vault = PgPoolOptions::new().max_connections(1).connect_with(postgres.options(&vault)).await?;
        migrations::migrate(&owner, &vault, SystemIds.next(), self.clock.now()).await?;
        vault.close().await;
        Ok(Database { name, options: postgres.options(name), owner, config, clock: self.clock.clone() })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.postgres = None;
        self.nats = None;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// One installation's databases.
#[derive(Clone)]
pub struct Database {
    /// Its name; the prefix of its NATS subjects too.
    pub name: &'static str,
    options: PgConnectOptions,
    /// As the owner, for checks and preparation.
    pub owner: PgPool,
    /// A server's configuration over them, relay and NATS included.
    pub config: Config,
    /// The clock.
    pub clock: Arc<DayClock>,
}

impl Database {
    /// A write side with its own pool of so many connections.
    pub async fn write(&self, connections: u32) -> Result<Write> {
        self.write_at(self.clock.clone(), connections).await
    }

    /// The same by another clock.
    pub async fn write_at(&self, clock: Arc<dyn Clock>, connections: u32) -> Result<Write> {
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let sizes = PoolSizes { log_writer: connections, log_reader: 3, projector: 3, request: 3, auth: 3, vault: 3 };
        let pools = web::pools::Pools::connect(&self.config.sides.databases, &sizes).await?;
        web::serve::write_side(&self.config.sides, &pools, &clock, &ids)
    }

    /// A pool that acts as a role.
    pub async fn pool(&self, role: Role, connections: u32, search_path: &str) -> Result<PgPool> {
        let settings = PoolSettings { search_path: search_path.to_owned(), ..PoolSettings::new(connections) };
        Ok(connect(self.options.clone(), role, &settings).await?)
    }
}
