//! Servers in a process of their own, for what only a process has: its memory.

use crate::boards::room;
use crate::stage::{Database, DayClock};
use anyhow::{Context, Result, ensure};
use commands::ids::SystemIds;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use web::config::Config;
use web::serve::{self, Parts};

/// What this program does instead, when it started itself.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Mode {
    /// Serves until its standard input ends.
    #[command(hide = true)]
    Serve {
        /// Main database, vault, NATS.
        #[arg(num_args = 3)]
        urls: Vec<String>,
        /// Prefix of the NATS subjects.
        #[arg(long)]
        prefix: String,
        /// Where the keys are.
        #[arg(long)]
        dir: PathBuf,
        /// Streams at once.
        #[arg(long)]
        streams: usize,
        /// How many days its clock is ahead.
        #[arg(long)]
        days: i64,
    },
    /// Replays the demo's morning and serves on until its standard input ends.
    #[command(hide = true)]
    Demo {
        /// Folder of its servers.
        #[arg(long)]
        dir: PathBuf,
    },
}

/// Runs a mode; says where it serves, and ends with standard input.
pub async fn run(mode: Mode) -> Result<()> {
    match mode {
        Mode::Serve { urls, prefix, dir, streams, days } => {
            let [events, vault, nats] = &urls[..] else { anyhow::bail!("three URLs") };
            web::observability::init_logs_to(&dir.join("child.log"))?;
            let keys = (dir.join("kek"), dir.join("directory_key"));
            let mut config =
                Config::on_this_machine((events, vault), nats, keys, SocketAddr::from(([127, 0, 0, 1], 0)));
            config.transport.nats_prefix = prefix;
            config.http.tuning = room(streams);
            let clock = Arc::new(DayClock::ahead(days));
            let running = serve::start(&config, Parts::all(), clock, Arc::new(SystemIds)).await?;
            say(&running.base_url().context("no address")?)?;
            until_the_end().await?;
            running.shutdown().await;
        }
        Mode::Demo { dir } => {
            std::fs::create_dir_all(&dir)?;
            web::observability::init_logs_to(&dir.join("child.log"))?;
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let options = web::demo::Options { dir, speed: 300.0, seed: 1, listen, talk: false };
            let done = web::demo::run(&options).await?;
            ensure!(done.report.lost == 0, "the demo lost {} scans", done.report.lost);
            say(&done.board)?;
            until_the_end().await?;
            done.kiosks.abort();
            done.running.shutdown().await;
        }
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

async fn until_the_end() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

/// A child that serves. Dropped, it ends.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    /// The line that it said when it was there.
    pub said: String,
}

impl Process {
    /// All parts over a database, with room for so many streams.
    pub async fn serve(database: &Database, dir: &Path, streams: usize) -> Result<Self> {
        let config = &database.config;
        let databases = &config.sides.databases;
        let nats = config.transport.url()?.context("no NATS")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg(databases.events_url()?.reveal()).arg(databases.vault_url()?.reveal());
        command.arg(nats.reveal()).args(["--prefix", &config.transport.nats_prefix]).arg("--dir").arg(dir);
        command.args(["--streams", &streams.to_string(), "--days", &database.clock.days().to_string()]);
        Self::start(command).await
    }

    /// The demo's morning.
    pub async fn demo(dir: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("demo").arg("--dir").arg(dir);
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let out = child.stdout.take().context("no output")?;
        let said = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(out).read_line(&mut line).map(|_| line.trim_end().to_owned())
        });
        let process = Self { child, input, said: said.await?? };
        ensure!(!process.said.is_empty(), "the child ended before it served");
        Ok(process)
    }

    /// Its resident memory, bytes.
    pub fn resident(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
