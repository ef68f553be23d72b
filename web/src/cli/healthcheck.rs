//! `attendance healthcheck`: whether the server on this machine answers, for container platforms.

use crate::config;
use anyhow::{Context, ensure};
use std::time::Duration;

/// Options of `attendance healthcheck`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    http: config::Http,
}

/// Succeeds when `/healthz` says so within two seconds.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let client = workers::outbound::loopback().timeout(Duration::from_secs(2)).build()?;
    let url = format!("http://{}/healthz", args.http.listen);
    let response = client.get(&url).send().await.context("ask the server")?;
    ensure!(response.status().is_success(), "{url} answers {}", response.status());
    Ok(())
}
