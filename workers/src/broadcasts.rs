//! Sends broadcasts whose time has come. Whom one goes to is asked of the register when it starts, and of the log for
//! each guardian just before its message leaves.
//!
//! Any number of processes may: who fixes the recipients and who asks for a page of notices holds the broadcast's row.

use commands::broadcasts::{Due, ask, due, reach, start};
use commands::use_cases::UseCaseError;
use commands::{StoreError, Write};
use domain::delivery::Channel;
use projections::Readers;
use projections::roster::queries::audience;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often broadcasts are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// Sends what is due until it is stopped, by the channels that are switched `on`.
pub async fn run(on: Vec<Channel>, write: Write, readers: Readers, stop: CancellationToken) {
    let mut pause = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        pause = match look(&on, &write, &readers).await {
            Ok(0) => EVERY,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "broadcasts: not looked at this time");
                EVERY
            }
        };
    }
}

/// One look at every broadcast that is due; how many notices were asked for. One that fails holds up no other.
pub async fn look(on: &[Channel], write: &Write, readers: &Readers) -> Result<usize, StoreError> {
    let mut asked = 0;
    for one in due(write).await? {
        match go_on(on, write, readers, &one).await {
            Ok(more) => asked += more,
            Err(error) => {
                tracing::error!(%error, broadcast_id = %one.broadcast_id, "a broadcast does not go on");
                metrics::counter!("broadcasts_failed_total").increment(1);
            }
        }
    }
    Ok(asked)
}

async fn go_on(on: &[Channel], write: &Write, readers: &Readers, one: &Due) -> Result<usize, UseCaseError> {
    if !one.starts {
        return ask(write, one).await;
    }
    let Some(draft) = one.draft(write).await? else { return Ok(0) };
    let zone = write.school_settings(one.school).await?.zone;
    let date = write.clock().now().with_timezone(&zone).date_naive();
    let found = {
        let mut tx = readers.begin(one.school).await?;
        audience(&mut tx, &draft.audience, date).await?
    };
    let reached = reach(write, one.school, &found, (on, draft.whatsapp)).await?;
    start(write, one, &reached).await?;
    Ok(1)
}
