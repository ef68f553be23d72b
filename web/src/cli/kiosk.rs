//! `attendance kiosk`: give a kiosk its secret, or stop trusting it.

use super::tools::Tools;
use crate::config;
use anyhow::Context;
use commands::use_cases::{EnrolKiosk, enrol_kiosk, revoke_kiosk};
use domain::kiosk::LaneMode;
use domain::{KioskId, SchoolId};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Set a kiosk up at a gate; prints its id and its secret, once.
    Enrol(Enrol),
    /// Stop trusting a kiosk; what it still sends is kept in quarantine.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct Enrol {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// The gate as people say it: `Portón Norte`.
    #[arg(long)]
    gate: String,
    /// How it learns a scan's direction.
    #[arg(long, value_enum)]
    mode: Mode,
    /// A known kiosk that gets a new secret; the old one stops working.
    #[arg(long)]
    kiosk: Option<KioskId>,
    #[command(flatten)]
    sides: config::WriteSide,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// The kiosk.
    #[arg(long)]
    kiosk: KioskId,
    #[command(flatten)]
    sides: config::WriteSide,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Mode {
    /// Everybody who scans here enters.
    Entry,
    /// Everybody who scans here leaves.
    Exit,
    /// The pupil or the inspector chooses.
    Choice,
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Enrol(enrol) => {
            let tools = Tools::open(&enrol.sides).await?;
            let context = tools.context(tools.school(enrol.school).await?, "kiosk enrol").await?;
            let mode = match enrol.mode {
                Mode::Entry => LaneMode::EntryLane,
                Mode::Exit => LaneMode::ExitLane,
                Mode::Choice => LaneMode::Choice,
            };
            let input = EnrolKiosk { kiosk_id: enrol.kiosk, gate: enrol.gate, mode };
            let enrolled = enrol_kiosk(&tools.write, &context, input).await.context("enrol the kiosk")?;
            println!("kiosk  {}\nsecret {}", enrolled.kiosk_id, enrolled.secret.as_str());
        }
        What::Revoke(revoke) => {
            let tools = Tools::open(&revoke.sides).await?;
            let context = tools.context(tools.school(revoke.school).await?, "kiosk revoke").await?;
            revoke_kiosk(&tools.write, &context, revoke.kiosk).await.context("revoke the kiosk")?;
            println!("revoked {}", revoke.kiosk);
        }
    }
    Ok(())
}
