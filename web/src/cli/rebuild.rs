//! `attendance rebuild`: fresh copies of read models from the log.

use crate::{config, pools};
use anyhow::Context;
use projections::ReadModel;
use std::str::FromStr;

/// Options of `attendance rebuild`. The URL must name the owner of the database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one: `roster`, `live`, `audit`, `no_show`, or `all`.
    #[arg(value_parser = models)]
    models: Models,
    #[command(flatten)]
    databases: config::Databases,
}

#[derive(Debug, Clone)]
struct Models(Vec<ReadModel>);

fn models(name: &str) -> Result<Models, String> {
    match name {
        "all" => Ok(Models(ReadModel::ALL.to_vec())),
        name => ReadModel::from_str(name).map(|m| Models(vec![m])).map_err(|e| format!("{e}, or `all`")),
    }
}

/// Fills a copy beside the one in service and swaps. Notifies nobody; may run while the server does.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let owner = pools::owner(&args.databases.events_url()?).await.context("connect to DATABASE_URL")?;
    for model in args.models.0 {
        let rebuilt =
            projections::rebuild::rebuild(&owner, &owner, model).await.with_context(|| format!("rebuild {model}"))?;
        println!(
            "{model}: {} events in {:.1} s, at position {}",
            rebuilt.events,
            rebuilt.took.as_secs_f64(),
            rebuilt.position
        );
    }
    Ok(())
}
