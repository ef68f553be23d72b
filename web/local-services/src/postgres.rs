//! A private Postgres cluster.

use crate::binaries;
use crate::supervised::{Supervised, unprivileged};
use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A running cluster; stopped (fast shutdown) on drop.
#[derive(Debug)]
pub struct PostgresCluster {
    server: Option<Supervised>,
    dir: PathBuf,
    port: u16,
    durable: bool,
    scratch: bool,
}

impl PostgresCluster {
    /// Starts the durable cluster in `dir`, making it first if it is not there.
    pub async fn start(dir: &Path) -> Result<Self> {
        Self::open(dir, true, false).await
    }

    /// Starts a cluster for a test: fsync off, and the folder goes with it.
    pub async fn scratch(dir: &Path) -> Result<Self> {
        Self::open(dir, false, true).await
    }

    /// A durable cluster for a test: slower, and what `attendance serve` insists on.
    pub async fn durable_scratch(dir: &Path) -> Result<Self> {
        Self::open(dir, true, true).await
    }

    async fn open(dir: &Path, durable: bool, scratch: bool) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let user = unprivileged()?;
        if let Some(user) = user {
            std::os::unix::fs::chown(&dir, Some(user.uid), Some(user.gid))?;
        }
        let data = dir.join("data");
        if !data.join("PG_VERSION").exists() {
            let mut initdb = std::process::Command::new(binaries::postgres("initdb")?);
            initdb.args([
                "--username=attendance",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
            ]);
            if !durable {
                initdb.arg("--no-sync");
            }
            // Renamed when it is whole: an initdb that was cut off leaves nothing that looks like a cluster.
            let unfinished = dir.join("data.new");
            if unfinished.exists() {
                std::fs::remove_dir_all(&unfinished)?;
            }
            initdb.arg("-D").arg(&unfinished).current_dir("/");
            if let Some(user) = user {
                initdb.gid(user.gid).uid(user.uid);
            }
            let out = initdb.output().context("run initdb")?;
            ensure!(
                out.status.success(),
                "initdb failed in {}: {}\n(as root the cluster runs as the `postgres` user, which must be able to enter that folder)",
                data.display(),
                String::from_utf8_lossy(&out.stderr).trim()
            );
            std::fs::rename(&unfinished, &data)?;
        }
        let mut cluster = Self { server: None, dir, port: free_port()?, durable, scratch };
        cluster.resume().await?;
        Ok(cluster)
    }

    /// Starts the server again after `kill` or `stop`, on the same port.
    pub async fn resume(&mut self) -> Result<()> {
        self.server = None;
        let args = [
            "-D",
            &self.dir.join("data").to_string_lossy(),
            "-p",
            &self.port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=200",
            "-c",
            &format!("fsync={}", if self.durable { "on" } else { "off" }),
            "-c",
            "wal_compression=lz4",
            "-c",
            "log_min_error_statement=panic",
        ]
        .map(str::to_owned);
        let server = Supervised::start(
            &binaries::postgres("postgres")?,
            &args,
            "INT",
            &self.dir,
            self.scratch,
            unprivileged()?,
        )?;
        self.server = Some(server);
        let begun = Instant::now();
        loop {
            match PgConnection::connect_with(&self.options("postgres")).await {
                Ok(connection) => {
                    connection.close().await?;
                    return Ok(());
                }
                Err(error) => {
                    let ended = self.server.as_mut().is_none_or(Supervised::has_ended);
                    ensure!(
                        !ended && begun.elapsed() < Duration::from_secs(60),
                        "Postgres did not start: {error}; see {}",
                        self.dir.join("server.log").display()
                    );
                }
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Stops the server in order (fast shutdown) and waits for it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Sends a signal to the postmaster: `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.server.as_ref().context("stopped")?.signal(name)
    }

    /// Where its files are: of the log and the vault, of all databases.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The same to the postmaster and all of its children. They are held first, so that none is forked
    /// or answers meanwhile.
    pub fn signal_all(&self, name: &str) -> Result<()> {
        let server = self.server.as_ref().context("stopped")?;
        if name != "CONT" {
            server.signal("STOP")?;
        }
        let pid = server.pid().context("Postgres has no pid")?;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        if !children.trim().is_empty() {
            // One may have ended just now.
            std::process::Command::new("kill")
                .arg(format!("-{name}"))
                .args(children.split_whitespace())
                .stderr(std::process::Stdio::null())
                .status()?;
        }
        server.signal(name)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to connect as the cluster's owner.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("attendance")
            .database(database)
    }

    /// The same as a URL.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://attendance@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates a database if it is not there.
    pub async fn ensure_database(&self, name: &str) -> Result<()> {
        let mut c = PgConnection::connect_with(&self.options("postgres")).await?;
        let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(name)
            .fetch_one(&mut c)
            .await?;
        if !there {
            sqlx::query(&format!("create database \"{name}\"")).execute(&mut c).await?;
        }
        c.close().await?;
        Ok(())
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        self.stop();
        if self.scratch {
            // What cannot be removed is the temporary folder's to clear.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// A loopback port that is free now, and that this process gives to nobody else: a stopped server finds
/// its port free when it starts again. Below the range that the kernel takes for outgoing connections.
pub fn free_port() -> Result<u16> {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 100) as u16 * 100;
    for _ in 0..2_000 {
        let port = first + TAKEN.fetch_add(1, Ordering::Relaxed) % 2_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no loopback port from {first} on is free")
}
