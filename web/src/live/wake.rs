//! What makes a school's channel look again: the projector's NOTIFY, and a poll of its checkpoint in
//! case nothing is heard of it.

use super::LiveHub;
use domain::SchoolId;
use std::sync::Weak;
use std::sync::atomic::Ordering;
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
        let heard = |schools: &str| {
            hub.0.heard.store(true, Ordering::Relaxed);
            wake(hub, schools);
        };
        if let Err(error) = hub.0.source.follow(&heard).await {
            tracing::warn!(%error, "not listening for the live model; polling meanwhile");
        }
        sleep(RETRY).await;
    }
}

/// `schools`: ids separated by commas, or `*` for all.
fn wake(hub: &LiveHub, schools: &str) {
    if schools == "*" {
        return hub.0.all().iter().for_each(|channel| channel.wake());
    }
    let channels = hub.0.lock();
    for school in schools.split(',').filter_map(|id| id.parse::<SchoolId>().ok()) {
        if let Some(channel) = channels.get(&school).and_then(Weak::upgrade) {
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
                // Who is heard says which schools it was about; waking all is for when nothing is heard.
                let heard = hub.0.heard.swap(false, Ordering::Relaxed);
                if now != last && !heard {
                    wake(hub, "*");
                }
                last = now;
            }
            Err(error) => tracing::warn!(%error, "cannot poll the live model"),
        }
    }
}
