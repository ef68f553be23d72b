//! `attendance guardian`: what the guardians need besides the register.

use super::tools::Tools;
use crate::config;
use commands::guardians::backfill;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Once after an upgrade from a version without `/familia`: let guardians come in by the addresses that were
    /// entered before. May be given again, and while the server runs.
    Addresses {
        #[command(flatten)]
        sides: Box<config::WriteSide>,
    },
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let What::Addresses { sides } = args.what;
    let done = backfill(&Tools::open(&sides).await?.write).await?;
    println!(
        "guardians who could not come in: {}; now by the address of the register: {}",
        done.looked_at, done.written
    );
    Ok(())
}
