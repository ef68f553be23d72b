//! `attendance serve`: the server, whole or in parts.

use crate::config::Config;
use crate::serve::{Part, Parts};
use commands::{clock::SystemClock, ids::SystemIds};
use std::sync::Arc;

/// Options of `attendance serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: Config,
    /// Run only this part; may be given more than once. Each part is safe to run on several machines.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// Serves until SIGINT or SIGTERM, or until a part ends by itself, then stops in order.
pub async fn run(args: Args) -> anyhow::Result<()> {
    crate::observability::init_logs()?;
    let parts = Parts::from_only(&args.only);
    crate::serve::raise_open_files(args.config.http.tuning.connections);
    let stop = crate::serve::stop_signal();
    tokio::pin!(stop);
    let start = crate::serve::start(&args.config, parts, Arc::new(SystemClock), Arc::new(SystemIds));
    let running = tokio::select! {
        // It may wait for a database for as long as it likes.
        stopped = stop.as_mut() => return stopped,
        started = start => started?,
    };
    let failed = tokio::select! {
        stopped = stop => {
            stopped?;
            false
        }
        () = running.failed() => true,
    };
    running.shutdown().await;
    // Whoever runs this process starts it again (exit status 1); which part it was is in the log.
    anyhow::ensure!(!failed, "a part of the server ended although nobody stopped it");
    Ok(())
}
