//! What makes a school's channel look again: the projector's NOTIFY, and a poll of its checkpoint in
//! case a notification was lost.

use super::LiveHub;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const POLL: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(1);
/// How long a poll may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wakes channels until the hub stops.
pub(super) async fn listen(hub: LiveHub) {
    // In this order, here and elsewhere, so that the same events give the same run.
    tokio::select! {
        biased;
        () = hub.0.stop.cancelled() => {}
        () = notifications(&hub) => {}
        () = polls(&hub) => {}
    }
}

async fn notifications(hub: &LiveHub) {
    loop {
        if let Err(error) = hub.0.source.follow(&|schools| wake(hub, schools)).await {
            tracing::warn!(%error, "not listening for the live model; polling meanwhile");
        }
        sleep(RETRY).await;
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
        let asked = timeout(PATIENCE, hub.0.source.reached()).await;
        match asked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))) {
            Ok(now) => {
                if now != last {
                    wake(hub, "*");
                }
                last = now;
            }
            Err(error) => tracing::warn!(%error, "cannot poll the live model"),
        }
    }
}
