//! An installation of processes: the program, Postgres with fsync, NATS; and what may befall them.

use crate::support::{Kiosk, Line, PATIENCE, SANTIAGO, School};
use anyhow::{Context as _, Result, ensure};
use commands::clock::{Clock as _, SystemClock};
use domain::kiosk::LaneMode;
use fastrand::Rng;
use local_services::postgres::free_port;
use local_services::testing::scratch;
use local_services::{NatsServer, PostgresCluster, Supervised};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use web::serve::{Part, Parts};

/// What is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `attendance serve`.
    Server,
    /// The postmaster and all its backends.
    Postgres,
    /// nats-server.
    Nats,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Server, Self::Postgres, Self::Nats];
}

/// The processes of one installation.
pub struct Machine {
    /// The owner of the main database.
    pub owner: PgPool,
    /// From the start of the program's process until it was ready, after a kill.
    pub starts: Vec<Duration>,
    server: Option<Supervised>,
    nats: NatsServer,
    postgres: PostgresCluster,
    dir: PathBuf,
    port: u16,
}

/// The program that `cargo test --workspace` builds beside the tests.
fn program() -> Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let program = tests.parent().and_then(|deps| deps.parent()).context("target")?.join("attendance");
    ensure!(program.is_file(), "{} is missing: `cargo test --workspace` builds it", program.display());
    Ok(program)
}

impl Machine {
    /// Starts one, with a school of two courses and so many kiosks.
    pub async fn start(kiosks: usize) -> Result<(Self, School, Vec<Kiosk>)> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = scratch(&format!("crash-{n}"));
        let postgres = PostgresCluster::durable_scratch(&dir.join("postgres")).await?;
        crate::support::migrate(&postgres).await?;
        let nats = NatsServer::scratch(&dir.join("nats")).await?;
        let mut line = Line::on_cluster(&postgres, None, Parts::from_only(&[Part::Http])).await?;
        line.clock.advance(SystemClock.now() - line.now());
        let school = line.school(SANTIAGO, 2, 30).await?;
        let mut gates = Vec::new();
        for gate in 0..kiosks {
            gates.push(line.kiosk(&school, &format!("Portón {gate}"), LaneMode::EntryLane).await?);
        }
        line.close().await;
        let owner = PgPoolOptions::new()
            .max_connections(3)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(postgres.options("events"));
        let mut machine = Self { owner, starts: Vec::new(), server: None, nats, postgres, dir, port: free_port()? };
        machine.serve()?;
        machine.ready().await?;
        Ok((machine, school, gates))
    }

    /// `http://127.0.0.1:<port>`
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the program writes.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn serve(&mut self) -> Result<()> {
        let (events, vault) = (self.postgres.url("events"), self.postgres.url("vault"));
        let (kek, directory_key) = ("11".repeat(32), "22".repeat(32));
        let (listen, nats) = (format!("127.0.0.1:{}", self.port), self.nats.url());
        let args = [
            ["--database-url", &events],
            ["--vault-database-url", &vault],
            ["--kek", &kek],
            ["--directory-key", &directory_key],
            ["--nats-url", &nats],
            ["--listen", &listen],
            ["--powerful-login", "allow"],
        ];
        let args: Vec<String> = std::iter::once("serve").chain(args.into_iter().flatten()).map(str::to_owned).collect();
        self.server = Some(Supervised::start(&program()?, &args, "TERM", &self.dir, false, None)?);
        Ok(())
    }

    async fn ready(&self) -> Result<()> {
        let http = super::clients::http(Duration::from_secs(2))?;
        let (begun, url) = (Instant::now(), format!("{}/readyz", self.base()));
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {
            ensure!(begun.elapsed() < PATIENCE, "the server is not ready; its log: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Waits for a moment under load, kills or holds the target, and lets it come back. Says what it did.
    pub async fn strike(&mut self, target: Target, rng: &mut Rng) -> Result<String> {
        let pause = async |ms: u64| tokio::time::sleep(Duration::from_millis(ms)).await;
        pause(rng.u64(50..400)).await;
        if rng.u8(..3) > 0 {
            self.signal(target, "KILL")?;
            let away = rng.u64(..300);
            pause(away).await;
            self.restart(target).await?;
            return Ok(format!("{target:?} killed, away for {away} ms"));
        }
        // Now and then for longer than a transaction may idle.
        let held = if rng.u8(..4) == 0 { 2_500 } else { rng.u64(50..900) };
        self.signal(target, "STOP")?;
        pause(held).await;
        self.signal(target, "CONT")?;
        Ok(format!("{target:?} held for {held} ms"))
    }

    fn signal(&self, target: Target, signal: &str) -> Result<()> {
        match target {
            Target::Server => self.server.as_ref().context("no server")?.signal(signal),
            Target::Postgres => self.postgres.signal_all(signal),
            Target::Nats => self.nats.signal(signal),
        }
    }

    async fn restart(&mut self, target: Target) -> Result<()> {
        let begun = Instant::now();
        match target {
            Target::Server => {
                self.server = None;
                self.serve()?;
                self.ready().await?;
                self.starts.push(begun.elapsed());
                Ok(())
            }
            // A backend that is not gone yet keeps it from starting.
            Target::Postgres => loop {
                match self.postgres.resume().await {
                    Err(error) if begun.elapsed() > PATIENCE => break Err(error),
                    Err(_) => {}
                    Ok(()) => break Ok(()),
                }
            },
            Target::Nats => self.nats.resume().await,
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.server = None;
        self.nats.stop();
        self.postgres.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
