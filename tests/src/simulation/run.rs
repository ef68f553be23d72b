//! One seed: sets everything up, lets it go wrong for some seconds, calms down, and checks.

use super::bugs::Bug;
use super::chance::{Chance, Point, Process, keep_running};
use super::consumers::{self, Done, consume};
use super::kiosks::{self, Kiosk, Ledger, scan_in};
use super::log::Store;
use super::postgres::Postgres;
use super::school::{self, Cast, SimulatedClock};
use super::stream::Nats;
use super::tables::{Boards, Tables};
use super::watchers::{self, Watcher};
use commands::batcher::{Batcher, BatcherConfig};
use commands::ids::{IdSource, SeededIds};
use domain::ScanId;
use nats::wake::Wake;
use projections::runner::Projector;
use projections::{Fact, ReadModel};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use web::live::{FrameId, LiveHub};

/// How long it may take, once nothing goes wrong any more, until all holds: longer than the longest
/// pause of a projector that failed often.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What happened: the same of the same seed.
    pub trace: Vec<Point>,
    /// Promises that were broken.
    pub violations: Vec<String>,
}

/// Runs one seed on this thread.
pub fn simulate(seed: u64, bug: Option<Bug>) -> Outcome {
    // The product's own jitter.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without input and output needs nothing of the system");
    let outcome = runtime.block_on(async { Line::start(seed, bug).run().await });
    drop(runtime);
    outcome
}

struct Line {
    chance: Chance,
    postgres: Postgres,
    nats: Nats,
    calm: CancellationToken,
    ledgers: Vec<Arc<Mutex<Ledger>>>,
    done: Vec<Done>,
    seen: Vec<Arc<Mutex<Option<FrameId>>>>,
    clock: SimulatedClock,
    ids: Arc<dyn IdSource>,
}

impl Line {
    fn start(seed: u64, bug: Option<Bug>) -> Self {
        let chance = Chance::new(seed, bug);
        let postgres = Postgres::new(&chance, &Cast::new());
        Self {
            nats: Nats::new(&chance),
            postgres,
            calm: CancellationToken::new(),
            ledgers: Vec::new(),
            done: Vec::new(),
            seen: Vec::new(),
            clock: SimulatedClock::start(),
            ids: Arc::new(SeededIds::new(seed)),
            chance,
        }
    }

    async fn run(mut self) -> Outcome {
        tokio::spawn(self.postgres.clone().poll());
        let batchers = [self.batcher("batcher A"), self.batcher("Batcher B")];
        self.relay("relay A");
        self.relay("Relay B");
        for (name, carried) in [("projector A", true), ("Projector B", false)] {
            self.projector(name, carried);
        }
        for (name, carried) in [("consumer A", true), ("Consumer B", false)] {
            self.consumer(name, carried);
        }
        let hubs = [self.web("web A"), self.web("Web B")];
        for number in 0..3 {
            let ledger = Arc::<Mutex<Ledger>>::default();
            let kiosk = Kiosk::new(&self.postgres, self.clock, &batchers, number);
            tokio::spawn(kiosk.run(self.calm.clone(), ledger.clone()));
            self.ledgers.push(ledger);
        }
        for number in [0, 1] {
            self.watcher(&hubs, number);
        }
        self.misfortunes().await;
        self.chance.calm();
        self.calm.cancel();
        let calm_at = self.chance.elapsed();
        while self.chance.violations().is_empty() && !self.settled() {
            if self.chance.elapsed() - calm_at > PATIENCE {
                self.chance.violated(format!("it has not settled: {}", self.state()));
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
        if self.chance.violations().is_empty() {
            self.check();
        }
        Outcome { trace: self.chance.trace(), violations: self.chance.violations() }
    }

    fn batcher(&self, name: &'static str) -> kiosks::Slot {
        let slot = kiosks::Slot::default();
        let (postgres, clock, ids, kept) = (self.postgres.clone(), self.clock, self.ids.clone(), slot.clone());
        let start = move |process: Process| {
            let store = Store { client: postgres.of(&process), clock: Arc::new(clock), ids: ids.clone() };
            let config = BatcherConfig { max_scans: 12, ..BatcherConfig::default() };
            let batcher = Running(Batcher::start_over(store, Arc::new(clock), config));
            let entry = (batcher.0.clone(), process.dead().clone());
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
            async move {
                let _batcher = batcher;
                std::future::pending().await
            }
        };
        tokio::spawn(keep_running(self.chance.clone(), name, start));
        slot
    }

    fn relay(&self, name: &'static str) {
        let (postgres, nats) = (self.postgres.clone(), self.nats.clone());
        let start = move |process: Process| {
            let (log, line, wake) = (postgres.of(&process), nats.of(&process), Wake::counted(postgres.grown()));
            async move {
                // It ends with the process.
                let _ = nats::relay::run_over(log, wake, line, CancellationToken::new()).await;
            }
        };
        tokio::spawn(keep_running(self.chance.clone(), name, start));
    }

    /// A projector, and a consumer beside it in the same process.
    fn projector(&mut self, name: &'static str, carried: bool) {
        let done = Done::default();
        self.done.push(done.clone());
        let (postgres, nats) = (self.postgres.clone(), self.nats.clone());
        let start = move |process: Process| {
            let shared = consumers::shared(&nats, &process, carried);
            let feed = consumers::feed(&postgres, &process, shared.clone());
            let mut projector = Projector::new(ReadModel::Live, postgres.of(&process), feed);
            // Often full, so that one page is read while another is written.
            projector.set_page(1 + postgres.chance().below(20) as usize);
            let consumer = consume(postgres.clone(), process, shared, done.clone());
            async move {
                futures::future::join(projector.run(CancellationToken::new()), consumer).await;
            }
        };
        tokio::spawn(keep_running(self.chance.clone(), name, start));
    }

    fn consumer(&mut self, name: &'static str, carried: bool) {
        let done = Done::default();
        self.done.push(done.clone());
        let (postgres, nats) = (self.postgres.clone(), self.nats.clone());
        let start = move |process: Process| {
            let shared = consumers::shared(&nats, &process, carried);
            consume(postgres.clone(), process, shared, done.clone())
        };
        tokio::spawn(keep_running(self.chance.clone(), name, start));
    }

    fn web(&self, name: &'static str) -> watchers::Slot {
        let slot = watchers::Slot::default();
        let (postgres, clock, kept) = (self.postgres.clone(), self.clock, slot.clone());
        let start = move |process: Process| {
            let stop = process.dead().clone();
            let hub = LiveHub::over(Boards(postgres.of(&process)), Arc::new(clock), stop, 6);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(hub.clone());
            hub.listen()
        };
        tokio::spawn(keep_running(self.chance.clone(), name, start));
        slot
    }

    fn watcher(&mut self, hubs: &[watchers::Slot], number: u128) {
        let seen = Arc::default();
        let watcher = Watcher {
            chance: self.chance.clone(),
            postgres: self.postgres.clone(),
            hubs: hubs.to_vec(),
            school: school::school(number),
            seen: Arc::clone(&seen),
        };
        tokio::spawn(watcher.run());
        self.seen.push(seen);
    }

    /// Some seconds in which servers break, too.
    async fn misfortunes(&self) {
        let (chance, often) = (&self.chance, self.chance.below(400));
        for _ in 0..10 + chance.below(30) {
            sleep(Duration::from_millis(50 + chance.below(400))).await;
            if !chance.often(often) {
                continue;
            }
            match chance.below(10) {
                0 | 1 => self.postgres.restart(),
                2 | 3 => self.nats.outage(),
                4 => self.nats.wipe(),
                5 => self.nats.lose_tail(),
                6 => self.nats.stranger(),
                7 | 8 => self.postgres.back_up(),
                _ => self.postgres.restore(),
            }
        }
    }

    fn settled(&self) -> bool {
        let state = self.postgres.state();
        let (epoch, head) = (state.data.epoch, state.data.head());
        let here = |place: Option<(domain::Epoch, i64)>| place == Some((epoch, head));
        let ledger =
            |ledger: &Arc<Mutex<Ledger>>| ledger.lock().unwrap_or_else(PoisonError::into_inner).settled == Some(epoch);
        let consumed = |done: &Done| {
            let work = done.get();
            work.epoch == Some(epoch) && work.events.last().is_some_and(|(position, _)| *position == head)
        };
        let seen = |seen: &Arc<Mutex<Option<FrameId>>>| {
            here(seen.lock().unwrap_or_else(PoisonError::into_inner).map(|id| (id.epoch, id.position)))
        };
        self.ledgers.iter().all(ledger)
            && self.done.iter().all(consumed)
            && here(state.data.tables.place())
            && self.seen.iter().all(seen)
            && here(self.nats.last_place())
    }

    /// Where everything is, for whoever must find out why it does not settle.
    fn state(&self) -> String {
        let state = self.postgres.state();
        let settled: Vec<bool> =
            self.ledgers.iter().map(|l| l.lock().unwrap_or_else(PoisonError::into_inner).settled.is_some()).collect();
        let consumed: Vec<usize> = self.done.iter().map(|done| done.get().events.len()).collect();
        let seen: Vec<Option<i64>> = self
            .seen
            .iter()
            .map(|seen| seen.lock().unwrap_or_else(PoisonError::into_inner).map(|id| id.position))
            .collect();
        let (head, rows, stream) = (state.data.head(), state.data.tables.place(), self.nats.last_place());
        format!(
            "log {head}, kiosks {settled:?}, consumers {consumed:?}, rows {:?}, stream {:?}, boards {seen:?}",
            rows.map(|place| place.1),
            stream.map(|place| place.1)
        )
    }

    /// What holds at the end.
    fn check(&self) {
        let state = self.postgres.state();
        let log = &state.data.events;
        let broken = |what: String| self.chance.violated(what);
        if !log.keys().copied().eq(1..=state.data.head()) {
            broken(format!("positions are not dense: {:?}", log.keys().collect::<Vec<_>>()));
        }
        let mut held: BTreeMap<ScanId, usize> = BTreeMap::new();
        for scan in log.values().filter_map(|event| scan_in(event)) {
            *held.entry(scan).or_default() += 1;
        }
        for ledger in &self.ledgers {
            for scan in &ledger.lock().unwrap_or_else(PoisonError::into_inner).scans {
                match held.get(scan) {
                    Some(1) => {}
                    Some(n) => broken(format!("scan {scan} is in the log {n} times")),
                    None => broken(format!("scan {scan} was acknowledged and is not in the log")),
                }
            }
        }
        let events: Vec<_> = log.values().map(|event| (event.position, event.event_id)).collect();
        for done in &self.done {
            if done.get().events != events {
                broken("a consumer did not get the log".to_owned());
            }
        }
        let mut fold = Tables::default();
        for event in log.values() {
            match Fact::decode((**event).clone()) {
                Ok(fact) => fold.rows.apply(&fact),
                Err(poison) => broken(poison.to_string()),
            }
        }
        let tables = &state.data.tables;
        if tables.applied != events {
            broken(format!("the read model applied {} events of {}", tables.applied.len(), events.len()));
        }
        if tables.rows.pupil_days() != fold.rows.pupil_days() || tables.rows.scans() != fold.rows.scans() {
            broken("the read model is not the fold of the log".to_owned());
        }
    }
}

/// Crashes with whoever holds it.
struct Running(Batcher);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.crash();
    }
}
