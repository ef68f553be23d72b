//! `attendance migrate`: the schema of both databases.

use crate::config;
use anyhow::Context;
use commands::clock::{Clock, SystemClock};
use commands::ids::{IdSource, SystemIds};

/// Options of `attendance migrate`. The URLs must name the owner of the databases.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    databases: config::Databases,
}

/// Applies what is missing; a second run changes nothing.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let events = crate::pools::owner(&args.databases.events_url()?).await.context("connect to DATABASE_URL")?;
    let vault = crate::pools::owner(&args.databases.vault_url()?).await.context("connect to VAULT_DATABASE_URL")?;
    let (epoch, now) = (SystemIds.next(), SystemClock.now());
    migrations::migrate(&events, &vault, epoch, now).await.context("migrate")?;
    Ok(())
}
