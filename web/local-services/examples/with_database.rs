//! Runs a command with `DATABASE_URL` set to a fresh migrated database, which goes with it.

use anyhow::{Context, Result};
use local_services::testing::TestDatabases;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().context("usage: with_database PROGRAM [ARGUMENT…]")?;
    let databases = TestDatabases::create().await?;
    let url = format!("{}?options=-csearch_path%3Dpublic,roster,live,audit,no_show", databases.events_url());
    let status = std::process::Command::new(program).args(args).env("DATABASE_URL", url).status()?;
    std::process::exit(status.code().unwrap_or(1));
}
