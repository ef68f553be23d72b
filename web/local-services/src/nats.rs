//! A private NATS server with JetStream.

use crate::binaries;
use crate::postgres::free_port;
use crate::supervised::Supervised;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Streams reserve what they may grow to. By default a server promises three quarters of what the disk has
/// free when it starts, which on a full build machine is less than a few streams want.
const CONFIG: &str = "jetstream { max_file_store: 64GB }\n";

/// A running server; stopped on drop.
#[derive(Debug)]
pub struct NatsServer {
    server: Option<Supervised>,
    dir: PathBuf,
    port: u16,
    scratch: bool,
}

impl NatsServer {
    /// Starts a server that keeps its JetStream store in `dir`.
    pub async fn start(dir: &Path) -> Result<Self> {
        Self::open(dir, false).await
    }

    /// Starts a server for a test: the folder goes with it.
    pub async fn scratch(dir: &Path) -> Result<Self> {
        Self::open(dir, true).await
    }

    async fn open(dir: &Path, scratch: bool) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let mut nats = Self { server: None, dir: dir.canonicalize()?, port: free_port()?, scratch };
        nats.resume().await?;
        Ok(nats)
    }

    /// Starts the server again after `kill` or `stop`, on the same port.
    pub async fn resume(&mut self) -> Result<()> {
        self.server = None;
        let config = self.dir.join("nats.conf");
        std::fs::write(&config, CONFIG)?;
        let (port, store) = (self.port.to_string(), self.store());
        let args = ["-c", &config.to_string_lossy(), "-a", "127.0.0.1", "-p", &port, "-sd", &store.to_string_lossy()]
            .map(str::to_owned);
        self.server = Some(Supervised::start(&binaries::nats_server()?, &args, "INT", &self.dir, self.scratch, None)?);
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let ended = self.server.as_mut().is_none_or(Supervised::has_ended);
            ensure!(
                !ended && begun.elapsed() < Duration::from_secs(20),
                "nats-server did not start; see {}",
                self.dir.join("server.log").display()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Stops the server in order and waits for it.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Deletes the whole JetStream store; only while stopped.
    pub fn wipe(&self) -> Result<()> {
        ensure!(self.server.is_none(), "stop it first");
        if self.store().exists() {
            std::fs::remove_dir_all(self.store())?;
        }
        Ok(())
    }

    /// Sends a signal to the server: `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.server.as_ref().context("stopped")?.signal(name)
    }

    /// Where JetStream's files are.
    pub fn store(&self) -> PathBuf {
        self.dir.join("store")
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.stop();
        if self.scratch {
            // What cannot be removed is the temporary folder's to clear.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
