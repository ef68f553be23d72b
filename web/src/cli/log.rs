//! `attendance log`: the log as a whole, and what to do after a restore (`docs/runbook/restore.md`).

use crate::{config, pools};
use anyhow::{Context, ensure};
use commands::clock::{Clock, SystemClock};
use commands::directory::release_on;
use commands::ids::{IdSource, SystemIds};
use commands::vault::ledger::{self, Shredded};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What to do. The URLs must name the owners of the databases.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Begin a new epoch: always after a restore, never otherwise. Destroys again what had been
    /// destroyed; kiosks then send again what the restored log lacks, and read models start over.
    NewEpoch {
        /// A copy of the ledger of destroyed keys, if the vault was restored too.
        #[arg(long, value_name = "FILE")]
        shredded: Option<PathBuf>,
        #[command(flatten)]
        databases: config::Databases,
    },
    /// Write the ledger of destroyed keys as JSON lines, to be kept where no backup of the vault is. It
    /// holds ids and times only.
    ExportShredded {
        /// The file; it is replaced as a whole.
        file: PathBuf,
        #[command(flatten)]
        databases: config::Databases,
    },
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::NewEpoch { shredded, databases } => {
            let begun = new_epoch(&databases, shredded.as_deref()).await?;
            println!("destroyed again: {} keys", begun.keys);
            println!("released again: {} directory entries of {} erased", begun.entries, begun.erased);
            println!("erased again: {} accounts; every session is over, every link void", begun.accounts);
            println!("epoch {}", begun.epoch);
        }
        What::ExportShredded { file, databases } => {
            println!("{} destroyed keys in {}", export(&databases, &file).await?, file.display());
        }
    }
    Ok(())
}

/// What a new epoch began with.
#[derive(Debug)]
struct Begun {
    epoch: Uuid,
    /// Keys that a restored vault had brought back.
    keys: u64,
    /// Everybody who was ever erased.
    erased: usize,
    /// Their entries that a restored directory had brought back.
    entries: u64,
    /// Erased accounts that a restored database had brought back.
    accounts: u64,
}

/// The erasures first: should they fail, no epoch has begun, and the command is given again.
async fn new_epoch(databases: &config::Databases, copy: Option<&Path>) -> anyhow::Result<Begun> {
    let copy = copy.map(read_copy).transpose()?;
    let owner = pools::owner(&databases.events_url()?).await.context("connect to DATABASE_URL")?;
    let vault = pools::owner(&databases.vault_url()?).await.context("connect to VAULT_DATABASE_URL")?;
    if let Some(copy) = copy {
        ledger::complete(&vault, &copy).await?;
    }
    let keys = ledger::apply(&vault).await?;
    let erased = ledger::erased(&vault).await?;
    let mut entries = 0;
    for (school, subject) in &erased {
        entries += release_on(&owner, *school, *subject).await?;
    }
    let subjects: Vec<Uuid> = erased.iter().map(|(_, subject)| *subject).collect();
    let accounts = commands::accounts::after_restore(&owner, &subjects).await?;
    let epoch = SystemIds.next();
    // Under the log's lock: an event that is being appended belongs to one epoch or the other.
    let mut tx = owner.begin().await?;
    sqlx::query!("select lock_log()").execute(&mut *tx).await?;
    let changed = sqlx::query!("update log_epoch set epoch = $1, started_at = $2", epoch, SystemClock.now())
        .execute(&mut *tx)
        .await?;
    ensure!(changed.rows_affected() == 1, "the database has no log; run `attendance migrate`");
    tx.commit().await?;
    Ok(Begun { epoch, keys, erased: erased.len(), entries, accounts })
}

fn read_copy(file: &Path) -> anyhow::Result<Vec<Shredded>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(n, line)| serde_json::from_str(line).with_context(|| format!("{} line {}", file.display(), n + 1)))
        .collect()
}

/// Beside the file first, then in its place: a copy that broke off never replaces a whole one.
async fn export(databases: &config::Databases, file: &Path) -> anyhow::Result<usize> {
    let vault = pools::owner(&databases.vault_url()?).await.context("connect to VAULT_DATABASE_URL")?;
    let shredded = ledger::read(&vault).await?;
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut out = std::fs::File::create(&part).with_context(|| format!("create {}", part.display()))?;
    for key in &shredded {
        writeln!(out, "{}", serde_json::to_string(key)?)?;
    }
    out.sync_all()?;
    std::fs::rename(&part, file).with_context(|| format!("replace {}", file.display()))?;
    Ok(shredded.len())
}

#[cfg(test)]
mod tests;
