//! How many connections there may be, and who makes room when there are too many.
//!
//! Whoever comes waits on the doorstep until a request of the connection is signed in, or is a kiosk's; of one person
//! or kiosk, so many connections may leave it and no more, since one secret must not hold all of them.
//! Only on the doorstep can a connection be shown out, and only one that says nothing: one that has been
//! without a whole request, its body included, for a second, or has taken nothing of its answer for as long, or for
//! a quarter of one without the whole of a head that is expected; the longest silent first. So a school behind one
//! address is never counted as one, a burst of its kiosks is heard, and whoever opens connections and keeps silent
//! crowds out only its like.

use super::pace::Pace;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Silence for which nobody is shown out: on a busy machine a request waits that long to be read.
const GRACE: Duration = Duration::from_secs(1);
/// The same for one of which nothing ever came, or part of a head: whoever opens a connection to ask something asks at
/// once, and all of it in one go. While nobody may be shown out, all that come wait, those who would ask among them: of
/// four thousand that come at once and say nothing or half of a head, the last is in after half a second.
const GRACE_FOR_A_HEAD: Duration = Duration::from_millis(250);
/// How often one that waits for room looks who has become silent.
const LOOK: Duration = Duration::from_millis(10);
/// How many are shown out at once: to find the longest silent is to look at all of them.
const AT_ONCE: usize = 32;

/// The connections.
pub(super) struct Doorstep {
    /// Most in all.
    most: usize,
    /// Of them, most that have not proved who they are.
    most_unproven: usize,
    /// Most that one person or kiosk has proved to be theirs.
    proven_each: usize,
    grace: Duration,
    grace_for_a_head: Duration,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    /// Whose each is that does not wait.
    proven: HashMap<u64, Uuid>,
    /// How many are whose.
    of_each: HashMap<Uuid, usize>,
    waiting: HashMap<u64, Guest>,
}

impl Open {
    fn all(&self) -> usize {
        self.waiting.len().saturating_add(self.proven.len())
    }
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
    pub(super) fn new(most: usize, proven_each: usize) -> Arc<Self> {
        let most_unproven = most.saturating_sub(most.div_ceil(4)).max(1);
        let (grace, grace_for_a_head) = (GRACE, GRACE_FOR_A_HEAD);
        let (open, left) = Default::default();
        Arc::new(Self { most, most_unproven, proven_each, grace, grace_for_a_head, open, left })
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
        let full = open.waiting.len() >= self.most_unproven || open.all() >= self.most;
        if full && !self.show_out(&mut open) {
            return None;
        }
        // The time that it waited to come in is not its own.
        pace.begins();
        let id = open.next;
        open.next = open.next.wrapping_add(1);
        let shown_out = CancellationToken::new();
        open.waiting.insert(id, Guest { pace: pace.clone(), shown_out: shown_out.clone() });
        Some(Place { doorstep: self.clone(), id, shown_out })
    }

    /// Makes room at once, if somebody is silent.
    pub(super) fn make_room(&self) -> bool {
        self.show_out(&mut self.open())
    }

    /// Ends some of those that have been silent longest, a small part of all, and counts them no more. Whether any.
    fn show_out(&self, open: &mut Open) -> bool {
        let now = Instant::now();
        let silence = |guest: &Guest| guest.pace.silence(now, self.grace, self.grace_for_a_head);
        let mut silent: Vec<_> = open.waiting.iter().filter_map(|(id, guest)| Some((silence(guest)?, *id))).collect();
        silent.sort_unstable_by(|one, other| other.cmp(one));
        silent.truncate((self.most_unproven / 32).clamp(1, AT_ONCE));
        for guest in silent.iter().filter_map(|(_, id)| open.waiting.remove(id)) {
            guest.shown_out.cancel();
            metrics::counter!("http_shed_connections_total").increment(1);
        }
        !silent.is_empty()
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
        if open.waiting.remove(&self.id).is_none()
            && let Some(who) = open.proven.remove(&self.id)
            && let Entry::Occupied(mut theirs) = open.of_each.entry(who)
        {
            let left = theirs.get().saturating_sub(1);
            *theirs.get_mut() = left;
            if left == 0 {
                theirs.remove();
            }
        }
        drop(open);
        self.doorstep.left.notify_one();
    }
}

impl Standing {
    /// The connection carried a request of somebody who is known: it will not have to make room, unless they have
    /// their share already. `who` is the id of an account, a guardian or a kiosk; a second one changes nothing.
    pub fn proven(&self, who: Uuid) {
        let mut open = self.doorstep.open();
        if open.waiting.contains_key(&self.id)
            && open.of_each.get(&who).is_none_or(|theirs| *theirs < self.doorstep.proven_each)
        {
            open.waiting.remove(&self.id);
            open.proven.insert(self.id, who);
            let theirs = open.of_each.entry(who).or_default();
            *theirs = theirs.saturating_add(1);
            drop(open);
            self.doorstep.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doorstep(most: usize) -> Arc<Doorstep> {
        let (grace, grace_for_a_head) = (Duration::ZERO, Duration::ZERO);
        Arc::new(Doorstep {
            grace,
            grace_for_a_head,
            ..Arc::into_inner(Doorstep::new(most, most)).expect("the only one")
        })
    }

    fn busy() -> Arc<Pace> {
        let pace = Arc::new(Pace::new());
        pace.head_is_read(false);
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
        assert_eq!((open.waiting.len(), open.proven.len()), (0, 0));
    }

    #[tokio::test]
    async fn p49_whoever_takes_nothing_of_an_answer_makes_room_and_whoever_takes_some_or_watches_a_stream_does_not() {
        for (again, watches, makes_room) in [(false, false, true), (true, false, false), (false, true, false)] {
            let (doorstep, pace) = (doorstep(1), busy());
            if watches {
                pace.streams();
            }
            let first = doorstep.try_enter(&pace).unwrap();
            pace.offered(false);
            pace.offered(again);
            tokio::time::sleep(Duration::from_millis(2)).await;
            assert_eq!(doorstep.try_enter(&busy()).is_some(), makes_room);
            assert_eq!(first.shown_out.is_cancelled(), makes_room);
        }
    }

    #[tokio::test]
    async fn p49_nobody_is_shown_out_within_a_second_nor_within_a_quarter_of_one_if_there_is_no_whole_head() {
        type Says = fn(&Pace);
        let says: [(Says, Duration); 3] = [
            (|_| (), GRACE_FOR_A_HEAD),
            (|pace| pace.bytes_came(), GRACE_FOR_A_HEAD),
            (|pace| pace.head_is_read(true), GRACE),
        ];
        for (says, borne) in says {
            let doorstep = Doorstep::new(1, 1);
            let pace = Arc::new(Pace::new());
            let first = doorstep.try_enter(&pace).unwrap();
            says(&pace);
            let begun = Instant::now();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(doorstep.try_enter(&pace).is_none() && !first.shown_out.is_cancelled());
            let _second = doorstep.enter(&Arc::new(Pace::new())).await;
            assert!(first.shown_out.is_cancelled() && begun.elapsed() > borne, "{:?}", begun.elapsed());
            assert!(begun.elapsed() < borne + GRACE / 2, "{:?}", begun.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn p49_whoever_comes_behind_four_thousand_slow_ones_is_in_after_half_a_second() {
        let (doorstep, begun) = (Doorstep::new(2000, 64), Instant::now());
        let mut places = Vec::new();
        for n in 0..4000 {
            let pace = Arc::new(Pace::new());
            places.push(doorstep.enter(&pace).await);
            if n % 2 == 0 {
                pace.bytes_came();
            }
        }
        let _one_who_asks = doorstep.enter(&busy()).await;
        assert!(begun.elapsed() < GRACE_FOR_A_HEAD * 5 / 2, "after {:?}", begun.elapsed());
        assert!(out(&places).iter().filter(|out| **out).count() >= 2500);
    }

    #[tokio::test]
    async fn p49_whoever_proved_who_it_is_stays_and_leaves_the_doorstep_to_others() {
        let doorstep = doorstep(40);
        let school: Vec<_> = (0..38).map(|_| doorstep.try_enter(&Arc::new(Pace::new())).unwrap()).take(20).collect();
        school.iter().for_each(|place| place.standing().proven(Uuid::from_u128(1)));
        tokio::time::sleep(Duration::from_millis(2)).await;
        let silent: Vec<_> = (0..200).map(|_| doorstep.try_enter(&Arc::new(Pace::new()))).collect();
        assert!(out(&school).iter().all(|out| !out));
        assert_eq!(doorstep.open().proven.len(), 20);
        drop(silent);
        // Twice proven is proven once.
        school[0].standing().proven(Uuid::from_u128(2));
        assert_eq!(doorstep.open().of_each, HashMap::from([(Uuid::from_u128(1), 20)]));
        drop(school);
        let open = doorstep.open();
        assert_eq!((open.proven.len(), open.of_each.len()), (0, 0));
    }

    #[tokio::test]
    async fn p49_past_ones_share_the_connections_of_one_wait_like_strangers_and_another_has_a_share_too() {
        let mut doorstep = doorstep(40);
        Arc::get_mut(&mut doorstep).unwrap().proven_each = 3;
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut places: Vec<_> = (0..8).map(|_| doorstep.try_enter(&Arc::new(Pace::new())).unwrap()).collect();
        places[..5].iter().for_each(|place| place.standing().proven(one));
        places[5..].iter().for_each(|place| place.standing().proven(other));
        let proven = |doorstep: &Doorstep| {
            let mut proven: Vec<_> = doorstep.open().proven.iter().map(|(id, who)| (*id, *who)).collect();
            proven.sort_unstable();
            proven
        };
        assert_eq!(proven(&doorstep), [(0, one), (1, one), (2, one), (5, other), (6, other), (7, other)]);
        // When one of them goes, the next request of one that waited takes its share.
        drop(places.remove(0));
        places[3].standing().proven(one);
        assert_eq!(proven(&doorstep), [(1, one), (2, one), (4, one), (5, other), (6, other), (7, other)]);
        // One that waits may carry somebody else's request, as behind a proxy.
        places[2].standing().proven(Uuid::from_u128(3));
        assert_eq!(doorstep.open().waiting.len(), 0);
    }
}
