//! Which schools something was heard of: a scan or a gate, where a case is open that it may end; a change of who is
//! expected, anywhere.

use domain::SchoolId;
use projections::ReadModel;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// In the rush a school is heard of with every scan; its open cases are looked at this often, at most.
const SCANS_EVERY: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_secs(1);

/// What was heard since it was last taken.
#[derive(Debug, Default)]
pub struct Woken {
    heard: Mutex<Heard>,
    /// Who is expected changed somewhere.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Heard {
    /// Who is expected may have changed there.
    roster: BTreeSet<SchoolId>,
    /// Somebody or something was seen there.
    live: BTreeSet<SchoolId>,
    /// Something was seen in more schools than were named.
    live_anywhere: bool,
    /// Anything may have happened anywhere.
    anything: bool,
    /// When a school was last taken for a scan's sake.
    taken: HashMap<SchoolId, Instant>,
}

/// Which schools are to be looked at for what was heard.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wake {
    pub(super) schools: BTreeSet<SchoolId>,
    /// All of them.
    pub(super) all: bool,
}

impl Wake {
    pub(super) fn has(&self, school: SchoolId) -> bool {
        self.all || self.schools.contains(&school)
    }
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Anything may have happened: every school is looked at.
    pub fn all(&self) {
        self.lock().anything = true;
    }

    /// Resolves once it was heard that who is expected changed somewhere: a person who says so waits for what follows.
    /// Scans are many, and wait for the next look.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether anything was heard that is not taken yet.
    pub(super) fn any(&self) -> bool {
        let heard = self.lock();
        heard.anything || heard.live_anywhere || !(heard.roster.is_empty() && heard.live.is_empty())
    }

    /// These are not done yet.
    pub(super) fn again(&self, schools: impl Iterator<Item = SchoolId>) {
        self.lock().roster.extend(schools);
    }

    /// A notification of a read model: ids separated by commas, or `*` for all.
    pub(super) fn hear(&self, model: ReadModel, schools: &str) {
        let mut heard = self.lock();
        let named = schools.split(',').filter_map(|id| id.parse::<SchoolId>().ok());
        match (model == ReadModel::Roster, schools) {
            (true, "*") => heard.anything = true,
            (true, _) => heard.roster.extend(named),
            (false, "*") => heard.live_anywhere = true,
            (false, _) => heard.live.extend(named),
        }
        if model == ReadModel::Roster {
            self.changed.notify_one();
        }
    }

    /// Takes what was heard. A school in which only something was seen is given if it has a case that this may end,
    /// and not more often than every three seconds; until then it stays.
    pub(super) fn take(&self, open: impl Iterator<Item = SchoolId>) -> Wake {
        let now = Instant::now();
        let mut heard = self.lock();
        let heard = &mut *heard;
        let mut wake = Wake { schools: std::mem::take(&mut heard.roster), all: std::mem::take(&mut heard.anything) };
        heard.taken.retain(|_, taken| now.duration_since(*taken) < SCANS_EVERY);
        let (live, anywhere) = (std::mem::take(&mut heard.live), std::mem::take(&mut heard.live_anywhere));
        for school in open.filter(|school| anywhere || live.contains(school)) {
            match heard.taken.entry(school) {
                Entry::Occupied(_) => heard.live.insert(school),
                Entry::Vacant(free) => {
                    free.insert(now);
                    wake.schools.insert(school)
                }
            };
        }
        wake
    }

    /// Listens until it is dropped.
    pub(super) async fn listen(&self, options: &PgConnectOptions) {
        loop {
            if let Err(error) = self.listening(options).await {
                tracing::warn!(%error, "no-show: not listening; schools are looked at by their timers meanwhile");
            }
            // What was said meanwhile is lost.
            self.all();
            sleep(RETRY).await;
        }
    }

    async fn listening(&self, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        let channels = [ReadModel::Roster, ReadModel::Live].map(|model| (model, model.channel().unwrap_or_default()));
        listener.listen_all(channels.map(|(_, channel)| channel)).await?;
        loop {
            match listener.try_recv().await? {
                Some(said) => {
                    let model = channels.iter().find(|(_, channel)| *channel == said.channel());
                    model.inspect(|(model, _)| self.hear(*model, said.payload()));
                }
                None => self.all(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn school(n: u128) -> SchoolId {
        SchoolId(Uuid::from_u128(n))
    }
    fn named(schools: &[SchoolId]) -> String {
        schools.iter().map(SchoolId::to_string).collect::<Vec<_>>().join(",")
    }

    #[tokio::test(start_paused = true)]
    async fn a_scan_wakes_a_school_with_an_open_case_and_every_three_seconds_at_most() {
        let woken = Woken::default();
        let open = || [school(1), school(2)].into_iter();
        woken.hear(ReadModel::Live, &named(&[school(1), school(3)]));
        let once = Wake { schools: [school(1)].into(), all: false };
        assert_eq!(woken.take(open()), once);
        woken.hear(ReadModel::Live, &named(&[school(1)]));
        assert_eq!(woken.take(open()), Wake::default());
        tokio::time::advance(SCANS_EVERY).await;
        assert_eq!(woken.take(open()), once, "it was not forgotten");
        assert_eq!(woken.take(open()), Wake::default());
        tokio::time::advance(SCANS_EVERY).await;
        woken.hear(ReadModel::Live, "*");
        assert_eq!(woken.take(open()).schools, [school(1), school(2)].into());
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_who_is_expected_is_looked_at_at_once_and_a_scan_with_the_next_look() {
        let woken = Woken::default();
        let soon = || tokio::time::timeout(Duration::from_millis(1), woken.changed());
        woken.hear(ReadModel::Live, &named(&[school(1)]));
        assert!(soon().await.is_err());
        woken.hear(ReadModel::Roster, &named(&[school(1)]));
        assert!(soon().await.is_ok());
        assert!(soon().await.is_err(), "once");
    }

    #[tokio::test]
    async fn a_change_of_who_is_expected_wakes_its_school_at_once_and_a_lost_connection_wakes_all() {
        let woken = Woken::default();
        for _ in 0..2 {
            woken.hear(ReadModel::Roster, &named(&[school(3)]));
            assert_eq!(woken.take(std::iter::empty()), Wake { schools: [school(3)].into(), all: false });
        }
        woken.hear(ReadModel::Roster, "*");
        assert!(woken.take(std::iter::empty()).has(school(9)));
        woken.all();
        assert!(woken.take(std::iter::empty()).all);
        assert_eq!(woken.take(std::iter::empty()), Wake::default());
    }
}
