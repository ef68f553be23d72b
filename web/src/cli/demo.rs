//! `attendance demo`: a school's morning on this machine.

use crate::demo::scenario::Scenario;
use crate::demo::scenario::notices::Trial;
use crate::{demo, observability, serve};
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Options of `attendance demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many seconds of the morning pass in a real one.
    #[arg(long, default_value_t = 20.0, value_parser = speed)]
    speed: f64,
    /// Where the private servers keep their data; found again by the next start.
    #[arg(long, default_value = ".attendance/demo", value_name = "FOLDER")]
    dir: PathBuf,
    /// Where the board listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Say nothing to a person and choose a free port.
    #[arg(long)]
    headless: bool,
    /// End when the morning is over instead of serving on.
    #[arg(long)]
    until_done: bool,
    /// Print what the ledger found as one JSON object.
    #[arg(long)]
    json: bool,
    /// Chooses who is late, who is absent and which answers get lost.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Play a hard morning instead, with a clock of its own; `list` names them.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.1..=600.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.1 to 600".to_owned()),
    }
}

/// Runs the demo; fails if the ledger misses anything.
pub async fn run(args: Args) -> Result<()> {
    if let Some(name) = &args.scenario {
        return scenario(&args, name).await;
    }
    std::fs::create_dir_all(&args.dir).with_context(|| format!("create {}", args.dir.display()))?;
    observability::init_logs_to(&args.dir.join("server.log"))?;
    let listen = if args.headless { SocketAddr::from(([127, 0, 0, 1], 0)) } else { free_near(args.listen) };
    let options = demo::Options { dir: args.dir, speed: args.speed, seed: args.seed, listen, talk: !args.headless };
    let finished = tokio::select! {
        finished = demo::run(&options) => finished?,
        stopped = serve::stop_signal() => return stopped,
    };
    let report = &finished.report;
    if args.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(report)?)?;
    }
    if !args.headless {
        let ms = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v} ms"));
        eprintln!(
            "\nThe morning is over ({} s).\n  {} taps, {} acknowledged, {} in the log, {} lost, {} kept for a person\n  \
             {} sent twice on purpose, {} absorbed\n  {} in time, {} late, {} without entry\n  \
             tap to screen: half within {}, 99 of 100 within {}\n",
            report.replay_seconds,
            report.scans_sent,
            report.acknowledged,
            report.stored,
            report.lost,
            report.quarantined,
            report.duplicates_sent,
            report.duplicates_absorbed,
            report.present,
            report.late,
            report.missing,
            ms(report.tap_to_screen_ms.p50),
            ms(report.tap_to_screen_ms.p99),
        );
    }
    if let Some(told) = report.notices.as_ref().filter(|_| !args.headless) {
        eprintln!(
            "  families: {} of {} pupils without entry told, {} messages, {} mails, {} of them twice\n  \
             what they see:  {}{}\n",
            told.told,
            told.due,
            told.messages,
            told.mails,
            told.doubled,
            finished.base,
            demo::outside::PAGE,
        );
    }
    let lost = report.lost;
    let untold = report.notices.as_ref().map_or((0, 0), |told| (told.lost, told.doubled));
    if !args.until_done {
        eprintln!("  The board:  {}\n  Ctrl-C stops everything; the data stays for the next start.", finished.board);
        serve::stop_signal().await?;
    }
    finished.kiosks.abort();
    finished.running.shutdown().await;
    drop((finished.outside, finished.stage));
    ensure!(lost == 0, "{lost} acknowledged scans were lost");
    ensure!(untold == (0, 0), "{} families were not told, {} told twice", untold.0, untold.1);
    Ok(())
}

/// Plays a scenario, or lists them.
async fn scenario(args: &Args, name: &str) -> Result<()> {
    let mut out = std::io::stdout();
    if name == "list" {
        let mornings = Scenario::ALL.into_iter().map(|scenario| (scenario.name(), scenario.about()));
        for (name, about) in mornings.chain(Trial::ALL.into_iter().map(|trial| (trial.name(), trial.about()))) {
            writeln!(out, "{name:<28} {about}")?;
        }
        return Ok(());
    }
    let trial = Trial::ALL.into_iter().find(|trial| trial.name() == name);
    let scenario: Option<Scenario> =
        if trial.is_some() { None } else { Some(name.parse().map_err(anyhow::Error::msg)?) };
    let dir = args.dir.with_file_name("scenarios");
    std::fs::create_dir_all(&dir).with_context(|| format!("create {}", dir.display()))?;
    observability::init_logs_to(&dir.join(format!("{name}.log")))?;
    let played = async {
        anyhow::Ok(match (scenario, trial) {
            (Some(scenario), _) => serde_json::to_value(demo::scenario::play(&dir, scenario).await?)?,
            (None, Some(trial)) => serde_json::to_value(demo::scenario::play_notices(&dir, trial).await?)?,
            (None, None) => serde_json::Value::Null,
        })
    };
    let outcome = tokio::select! {
        outcome = played => outcome?,
        stopped = serve::stop_signal() => return stopped,
    };
    let text = if args.json { outcome.to_string() } else { format!("{outcome:#}") };
    writeln!(out, "{text}")?;
    Ok(())
}

/// The address asked for, or a free port beside it if somebody has it.
fn free_near(wanted: SocketAddr) -> SocketAddr {
    match std::net::TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => SocketAddr::new(wanted.ip(), 0),
    }
}
