//! What makes a school's channel look again: the projector's NOTIFY, and a poll of its checkpoint in
//! case a notification was lost.

use super::LiveHub;
use projections::{ReadModel, checkpoint};
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const CHANNEL: &str = "attendance_live";
const POLL: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(1);
/// How long a poll may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wakes channels until the hub stops.
pub(super) async fn listen(hub: LiveHub) {
    tokio::select! {
        () = hub.0.stop.cancelled() => {}
        () = notifications(&hub) => {}
        () = polls(&hub) => {}
    }
}

async fn notifications(hub: &LiveHub) {
    loop {
        if let Err(error) = follow(hub).await {
            tracing::warn!(%error, "not listening for the live model; polling meanwhile");
        }
        sleep(RETRY).await;
    }
}

async fn follow(hub: &LiveHub) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&hub.0.request).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // None: the connection was lost and made again, and what was said meanwhile is lost.
        match listener.try_recv().await? {
            Some(said) => wake(hub, said.payload()),
            None => wake(hub, "*"),
        }
    }
}

/// `schools`: ids separated by commas, or `*` for all.
fn wake(hub: &LiveHub, schools: &str) {
    for channel in hub.0.all() {
        if schools == "*" || schools.split(',').any(|s| s.parse() == Ok(channel.school())) {
            channel.wake();
        }
    }
}

async fn polls(hub: &LiveHub) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        ticks.tick().await;
        if hub.0.lock().is_empty() {
            continue;
        }
        let asked = timeout(PATIENCE, checkpoint::all(&hub.0.request)).await;
        match asked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))) {
            Ok(all) => {
                let now = all.into_iter().find(|c| c.model == ReadModel::Live).map(|c| (c.epoch, c.position));
                if now != last {
                    wake(hub, "*");
                }
                last = now;
            }
            Err(error) => tracing::warn!(%error, "cannot poll the live model"),
        }
    }
}
