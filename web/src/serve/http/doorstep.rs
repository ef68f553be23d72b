//! How many connections there may be, and who makes room when there are too many.
//!
//! Whoever comes waits on the doorstep until a request of the connection is signed in, or is a kiosk's.
//! Only on the doorstep can a connection be shown out, and only one that says nothing: one that has been
//! without a whole request for a second, the longest silent first. So a school behind one address is never
//! counted as one, a burst of its kiosks is heard, and whoever opens connections and keeps silent crowds
//! out only its like.

use super::pace::Pace;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Silence for which nobody is shown out: on a busy machine a request waits that long to be read.
const GRACE: Duration = Duration::from_secs(1);
/// How often one that waits for room looks who has become silent.
const LOOK: Duration = Duration::from_millis(50);

/// The connections.
pub(super) struct Doorstep {
    /// Most in all.
    most: usize,
    /// Of them, most that have not proved who they are.
    most_unproven: usize,
    grace: Duration,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    proven: usize,
    waiting: HashMap<u64, Guest>,
}

struct Guest {
    pace: Arc<Pace>,
    shown_out: CancellationToken,
}

/// A connection's place, given back when it goes.
pub(super) struct Place {
    doorstep: Arc<Doorstep>,
    id: u64,
    /// Cancelled when the connection has to make room.
    pub(super) shown_out: CancellationToken,
}

/// A request's extension: how its connection leaves the doorstep.
#[derive(Clone)]
pub struct Standing {
    doorstep: Arc<Doorstep>,
    id: u64,
}

impl Doorstep {
    /// Three quarters of all may be on the doorstep; the rest is for those who proved who they are.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let most_unproven = (most * 3 / 4).max(1);
        Arc::new(Self { most, most_unproven, grace: GRACE, open: Mutex::default(), left: Notify::new() })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection, as soon as there is room for it.
    pub(super) async fn enter(self: &Arc<Self>, pace: &Arc<Pace>) -> Place {
        loop {
            if let Some(place) = self.try_enter(pace) {
                return place;
            }
            let _ = tokio::time::timeout(LOOK, self.left.notified()).await;
        }
    }

    fn try_enter(self: &Arc<Self>, pace: &Arc<Pace>) -> Option<Place> {
        let mut open = self.open();
        let full = open.waiting.len() >= self.most_unproven || open.waiting.len() + open.proven >= self.most;
        if full && !open.show_out(self.grace) {
            return None;
        }
        // The time that it waited to come in is not its own.
        pace.begins();
        let id = open.next;
        open.next += 1;
        let shown_out = CancellationToken::new();
        open.waiting.insert(id, Guest { pace: pace.clone(), shown_out: shown_out.clone() });
        Some(Place { doorstep: self.clone(), id, shown_out })
    }

    /// Makes room at once, if somebody is silent.
    pub(super) fn make_room(&self) -> bool {
        self.open().show_out(self.grace)
    }
}

impl Open {
    /// Ends the one that has been silent longest, and counts it no more.
    fn show_out(&mut self, grace: Duration) -> bool {
        let silent = |guest: &Guest| guest.pace.silence().filter(|silence| *silence > grace);
        let longest = self.waiting.iter().filter_map(|(id, guest)| Some((silent(guest)?, *id))).max();
        let Some(guest) = longest.and_then(|(_, id)| self.waiting.remove(&id)) else { return false };
        guest.shown_out.cancel();
        metrics::counter!("http_shed_connections_total").increment(1);
        true
    }
}

impl Place {
    /// For the requests of the connection.
    pub(super) fn standing(&self) -> Standing {
        Standing { doorstep: self.doorstep.clone(), id: self.id }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.doorstep.open();
        // Shown out it is counted nowhere; else where it was.
        if open.waiting.remove(&self.id).is_none() && !self.shown_out.is_cancelled() {
            open.proven -= 1;
        }
        drop(open);
        self.doorstep.left.notify_one();
    }
}

impl Standing {
    /// The connection carried a request of somebody who is known: it will not have to make room.
    pub fn proven(&self) {
        let mut open = self.doorstep.open();
        if open.waiting.remove(&self.id).is_some() {
            open.proven += 1;
            drop(open);
            self.doorstep.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doorstep(most: usize) -> Arc<Doorstep> {
        Arc::new(Doorstep { grace: Duration::ZERO, ..Arc::into_inner(Doorstep::new(most)).expect("the only one") })
    }

    fn busy() -> Arc<Pace> {
        let pace = Arc::new(Pace::new());
        pace.head_is_read();
        pace
    }

    fn out(places: &[Place]) -> Vec<bool> {
        places.iter().map(|place| place.shown_out.is_cancelled()).collect()
    }

    #[tokio::test]
    async fn p49_the_longest_silent_one_makes_room_and_nobody_who_is_being_answered() {
        let doorstep = doorstep(4);
        let mut places = vec![doorstep.try_enter(&busy()).unwrap()];
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
            places.push(doorstep.try_enter(&Arc::new(Pace::new())).unwrap());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        places.push(doorstep.try_enter(&busy()).unwrap());
        assert_eq!(out(&places), [false, true, false, false]);
        places.push(doorstep.try_enter(&busy()).unwrap());
        assert_eq!(out(&places), [false, true, true, false, false]);
        assert!(doorstep.try_enter(&busy()).is_none(), "all are being answered");
        drop(places);
        let open = doorstep.open();
        assert_eq!((open.waiting.len(), open.proven), (0, 0));
    }

    #[tokio::test]
    async fn p49_nobody_is_shown_out_within_a_second() {
        let doorstep = Doorstep::new(1);
        let pace = Arc::new(Pace::new());
        let first = doorstep.try_enter(&pace).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(doorstep.try_enter(&pace).is_none() && !first.shown_out.is_cancelled());
        let begun = std::time::Instant::now();
        let _second = doorstep.enter(&pace).await;
        assert!(first.shown_out.is_cancelled() && begun.elapsed() > Duration::from_millis(800));
    }

    #[tokio::test]
    async fn p49_whoever_proved_who_it_is_stays_and_leaves_the_doorstep_to_others() {
        let doorstep = doorstep(40);
        let school: Vec<_> = (0..38).map(|_| doorstep.try_enter(&Arc::new(Pace::new())).unwrap()).take(20).collect();
        school.iter().for_each(|place| place.standing().proven());
        tokio::time::sleep(Duration::from_millis(2)).await;
        let silent: Vec<_> = (0..200).map(|_| doorstep.try_enter(&Arc::new(Pace::new()))).collect();
        assert!(out(&school).iter().all(|out| !out));
        assert_eq!(doorstep.open().proven, 20);
        drop(silent);
        // Twice proven is proven once.
        school[0].standing().proven();
        drop(school);
        assert_eq!(doorstep.open().proven, 0);
    }
}
