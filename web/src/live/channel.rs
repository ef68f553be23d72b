//! One school's frames: the task that computes them, the ring that keeps the recent ones, and a
//! client's place in it.

use super::frame::{Frame, FrameId, Told};
use super::{Hub, LiveError};
use domain::SchoolId;
use projections::live::kept::Kept;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Shortest time between two frames, twenty a second; and the longest that a full process puts between them, five
/// a second.
const GAP: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(200));
/// How many times as long as a frame took the next one waits, within those bounds: where one takes a millisecond
/// of a quiet machine, it takes five of a full one, which has better to do than to show each tap by itself.
const SLOWED: u32 = 40;
/// Longest time between two looks: lateness depends on the clock.
const TICK: Duration = Duration::from_secs(2);
/// How long the frames of a school that nobody watches are kept, for whoever comes back. Longer than
/// the longest pause of a reconnecting page (15 s).
const LINGER: Duration = Duration::from_secs(30);
/// Pause after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// A school's frames.
pub(crate) struct Channel {
    school: SchoolId,
    ring: Mutex<Ring>,
    /// Frames kept for clients that come back.
    kept: usize,
    /// Number of the newest frame; bumped after the ring holds it.
    newest: watch::Sender<u64>,
    /// The newest board, unchanged ones too: for pages, which show its age.
    latest: watch::Sender<Arc<Frame>>,
    dirty: Notify,
    watchers: AtomicUsize,
}

struct Ring {
    frames: VecDeque<Arc<Told>>,
    /// Number of the newest frame in `frames`.
    newest: u64,
}

impl Channel {
    pub(super) fn new(school: SchoolId, first: Frame, kept: usize) -> Self {
        let first = Arc::new(first);
        Self {
            school,
            ring: Mutex::new(Ring { frames: VecDeque::from([first.told.clone()]), newest: 0 }),
            kept,
            newest: watch::Sender::new(0),
            latest: watch::Sender::new(first),
            dirty: Notify::new(),
            watchers: AtomicUsize::new(0),
        }
    }

    pub(super) fn wake(&self) {
        self.dirty.notify_one();
    }

    pub(super) fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, frame: Frame) {
        let frame = Arc::new(frame);
        let mut ring = self.ring();
        // An unchanged board is news for nobody, but its age is.
        let changed = ring.frames.back().is_none_or(|last| !last.says_the_same(&frame.told));
        if changed {
            if ring.frames.len() >= self.kept {
                ring.frames.pop_front();
            }
            ring.frames.push_back(frame.told.clone());
            ring.newest += 1;
        }
        let newest = ring.newest;
        drop(ring);
        self.latest.send_replace(frame);
        if changed {
            self.newest.send_replace(newest);
        }
    }
}

/// Computes frames until the hub stops or nobody has watched for a while. `kept` is what the channel's first
/// frame was computed from.
pub(super) async fn run(hub: Arc<Hub>, channel: Arc<Channel>, mut kept: Option<Kept>) {
    let mut unwatched_since = None;
    loop {
        tokio::select! {
            biased;
            () = hub.stop.cancelled() => return,
            _ = timeout(TICK, channel.dirty.notified()) => {}
        }
        if channel.watchers() > 0 {
            unwatched_since = None;
        } else if unwatched_since.get_or_insert_with(Instant::now).elapsed() > LINGER {
            // Under the lock under which a watcher would join.
            let mut channels = hub.lock();
            if channel.watchers() == 0 && Arc::strong_count(&channel) == 1 {
                channels.remove(&channel.school);
                return;
            }
        }
        let last = channel.latest.borrow().clone();
        // How long others take is no reason for a longer pause.
        let (begun, computed) = match hub.place().await {
            Ok(place) => (Instant::now(), hub.compute(&place, channel.school, Some(&last), &mut kept).await),
            Err(error) => (Instant::now(), Err(error)),
        };
        match computed {
            Ok(Some(frame)) => channel.publish(frame),
            Ok(None) => tracing::warn!(school_id = %channel.school, "a watched school is gone from the roster"),
            Err(LiveError::Overloaded) => channel.wake(),
            Err(error) => {
                tracing::warn!(school_id = %channel.school, %error, "no board this time");
                sleep(RETRY).await;
                channel.wake();
            }
        }
        let took = begun.elapsed();
        tokio::select! {
            biased;
            () = hub.stop.cancelled() => return,
            () = sleep(pause(took).saturating_sub(took)) => {}
        }
    }
}

/// From the beginning of a frame to that of the next one: never more than a third of the time on one school.
fn pause(took: Duration) -> Duration {
    (took * SLOWED).clamp(GAP.0, GAP.1).max(took * 3)
}

/// Somebody who watches a school. Dropping it ends the watching.
pub struct Watcher {
    channel: Arc<Channel>,
    newest: watch::Receiver<u64>,
    latest: watch::Receiver<Arc<Frame>>,
    /// Number of the next frame to give.
    next: u64,
    stop: CancellationToken,
}

/// What a watcher gets.
pub enum Given {
    /// The next frame.
    Next(Arc<Told>),
    /// The newest frame, since the ones between are gone: forget what was before.
    Snapshot(Arc<Told>),
}

impl Watcher {
    pub(super) fn new(channel: Arc<Channel>, stop: CancellationToken) -> Self {
        channel.watchers.fetch_add(1, Ordering::Relaxed);
        let (newest, latest) = (channel.newest.subscribe(), channel.latest.subscribe());
        let next = *newest.borrow();
        Self { channel, newest, latest, next, stop }
    }

    /// The newest board, and again whenever one was computed, changed or not (at least every few
    /// seconds): whoever is slow misses the ones between.
    pub fn latest(&mut self) -> &mut watch::Receiver<Arc<Frame>> {
        &mut self.latest
    }

    /// Starts at the newest frame, as a snapshot.
    pub fn snapshot(&mut self) -> Arc<Told> {
        let ring = self.channel.ring();
        self.next = ring.newest + 1;
        ring.frames.back().cloned().unwrap_or_else(|| self.latest.borrow().told.clone())
    }

    /// Goes on after the frame that a client saw last, if the ring still holds what came after. False:
    /// take [`Watcher::snapshot`].
    pub fn resume(&mut self, seen: &FrameId) -> bool {
        let ring = self.channel.ring();
        let oldest = ring.newest + 1 - ring.frames.len() as u64;
        let Some(first) = ring.frames.front() else { return false };
        let covered = first.id.epoch == seen.epoch
            && first.after.unwrap_or(first.id.position) <= seen.position
            && ring.frames.back().is_some_and(|f| f.id.epoch == seen.epoch && seen.position <= f.id.position);
        if !covered {
            return false;
        }
        let behind = ring.frames.iter().enumerate().find(|(_, f)| f.id.position > seen.position);
        let next = match behind {
            // A frame that began before that place would give scans a second time (one server's frames
            // are not another's).
            Some((_, frame)) if frame.after != Some(seen.position) => return false,
            Some((behind, _)) => oldest + behind as u64,
            // Frames of the position that was seen may say something newer (the clock, a gate's call):
            // the last of them is given again, unless it holds scans that were given with it.
            None if ring.frames.back().is_some_and(|last| last.adds) => ring.newest + 1,
            None => ring.newest,
        };
        drop(ring);
        self.next = next;
        true
    }

    /// The next frame, when there is one; none when the server stops.
    pub async fn next(&mut self) -> Option<Given> {
        loop {
            if let Some(given) = self.take() {
                return Some(given);
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                changed = self.newest.changed() => changed.ok()?,
            }
        }
    }

    fn take(&mut self) -> Option<Given> {
        let ring = self.channel.ring();
        let oldest = ring.newest + 1 - ring.frames.len() as u64;
        if self.next > ring.newest {
            return None;
        }
        if self.next < oldest {
            self.next = ring.newest + 1;
            metrics::counter!("live_clients_lagged_total").increment(1);
            return ring.frames.back().cloned().map(Given::Snapshot);
        }
        let frame = ring.frames.get(usize::try_from(self.next - oldest).ok()?).cloned();
        self.next += 1;
        // One that follows nothing: the log began another life, or too much came at once.
        frame.map(|f| if f.after.is_some() { Given::Next(f) } else { Given::Snapshot(f) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.channel.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
