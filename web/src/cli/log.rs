//! `attendance log`: the log as a whole.

use crate::{config, pools};
use anyhow::{Context, ensure};
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};

/// What to do. The URL must name the owner of the database.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Begin a new epoch: always after a restore, never otherwise. Kiosks then send again what the
    /// restored log lacks, and read models start over.
    NewEpoch {
        #[command(flatten)]
        databases: config::Databases,
    },
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let What::NewEpoch { databases } = args.what;
    let owner = pools::owner(&databases.events_url()?).await.context("connect to DATABASE_URL")?;
    let epoch = SystemIds.next();
    // Under the log's lock: an event that is being appended belongs to one epoch or the other.
    let mut tx = owner.begin().await?;
    sqlx::query!("select lock_log()").execute(&mut *tx).await?;
    let changed = sqlx::query!("update log_epoch set epoch = $1, started_at = $2", epoch, SystemClock.now())
        .execute(&mut *tx)
        .await?;
    ensure!(changed.rows_affected() == 1, "the database has no log; run `attendance migrate`");
    tx.commit().await?;
    println!("epoch {epoch}");
    Ok(())
}
