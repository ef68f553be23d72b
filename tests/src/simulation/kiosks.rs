//! Kiosks: each keeps a ledger of what it scanned, and sends it until it is acknowledged in the log's
//! present life.

use super::chance::Chance;
use super::postgres::Postgres;
use super::school::{self, SimulatedClock};
use commands::batcher::{Batcher, Incoming, IncomingScan, KioskContext, ScanBatch};
use commands::clock::Clock;
use domain::attendance_day::{Direction, Method, Shown};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::{AnyEvent, Epoch, QueueId, ScanId, attendance_day, quarantine};
use nats::RawEvent;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const BOOT: Uuid = Uuid::from_u128(0xb007);
/// How long a kiosk waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where batches go: the batcher that runs, if one does, and when it is dead.
pub type Slot = Arc<Mutex<Option<(Batcher, CancellationToken)>>>;

struct Item {
    incoming: Incoming,
    /// Its number is used twice: "everything up to here" says nothing about it.
    twin: bool,
    acknowledged: Option<Epoch>,
}

pub struct Kiosk {
    chance: Chance,
    postgres: Postgres,
    clock: SimulatedClock,
    batchers: Vec<Slot>,
    context: KioskContext,
    number: u128,
    items: Vec<Item>,
    /// How many scans it will have taken.
    most: usize,
    seq: i64,
    /// The log's life, as the last answer said.
    epoch: Option<Epoch>,
}

/// What the checks need of it.
#[derive(Default)]
pub struct Ledger {
    pub scans: Vec<ScanId>,
    /// All of it is acknowledged in the life that an answer named after things calmed down.
    pub settled: Option<Epoch>,
}

impl Kiosk {
    pub fn new(postgres: &Postgres, clock: SimulatedClock, batchers: &[Slot], number: u128) -> Self {
        let chance = postgres.chance().clone();
        Self {
            most: 6 + chance.below(14) as usize,
            chance,
            postgres: postgres.clone(),
            clock,
            batchers: batchers.to_vec(),
            context: school::kiosk(number),
            number,
            items: Vec::new(),
            seq: 0,
            epoch: None,
        }
    }

    /// Scans, sends, and sends again.
    pub async fn run(mut self, calm: CancellationToken, ledger: Arc<Mutex<Ledger>>) {
        loop {
            for _ in 0..self.chance.below(3) {
                if self.items.len() < self.most {
                    self.take();
                }
            }
            ledger.lock().unwrap_or_else(PoisonError::into_inner).scans =
                self.items.iter().map(|item| item.incoming.scan_id()).collect();
            let was_calm = calm.is_cancelled();
            let (first, second) = (self.pick(), self.pick());
            let answers = if self.chance.often(300) {
                let (a, b) = tokio::join!(self.send(first, 0), self.send(second, 1));
                vec![a, b]
            } else {
                let to = self.chance.below(self.batchers.len() as u64) as usize;
                vec![self.send(first, to).await]
            };
            let mut heard = false;
            for answer in answers.into_iter().flatten() {
                heard = true;
                self.learn(&answer);
            }
            let all = self.items.len() == self.most && self.items.iter().all(|item| item.acknowledged == self.epoch);
            if was_calm && heard && all {
                ledger.lock().unwrap_or_else(PoisonError::into_inner).settled = self.epoch;
                return;
            }
            sleep(Duration::from_millis(5 + self.chance.below(if all { 800 } else { 250 }))).await;
        }
    }

    /// Takes one more scan: mostly a good one.
    fn take(&mut self) {
        let scan_id = ScanId(Uuid::from_u128((self.number << 64) | (self.items.len() as u128 + 1)));
        let twin = self.seq > 0 && self.chance.often(40);
        if twin {
            for item in self.items.iter_mut().filter(|item| item.incoming.seq() == self.seq) {
                item.twin = true;
            }
        } else {
            self.seq += 1;
        }
        let school = self.number % 2;
        let known = school::card_of(school, u128::from(self.chance.below(school::PUPILS as u64)));
        let read = if self.chance.often(60) { "CARD OF ANOTHER SCHOOL".to_owned() } else { known };
        let now = self.clock.now();
        let incoming = if self.chance.often(30) {
            Incoming::Unreadable { scan_id, seq: self.seq, raw: "{".to_owned() }
        } else {
            Incoming::Scan(IncomingScan {
                scan_id,
                seq: self.seq,
                prev_hash: None,
                read,
                direction: if self.chance.often(500) { Direction::Entry } else { Direction::Exit },
                method: Method::Qr,
                reading: DeviceReading {
                    device_time: now,
                    mono_ms: Some(now.timestamp_millis()),
                    boot_id: BOOT,
                    clock_offset_ms: Some(0),
                },
                shown: Shown::Welcome,
            })
        };
        self.items.push(Item { incoming, twin, acknowledged: None });
    }

    /// What it sends next: what is not acknowledged, mostly from the beginning; now and then something
    /// that is; and always something, to learn which life the log is in.
    fn pick(&self) -> Vec<Incoming> {
        let open: Vec<usize> = (0..self.items.len())
            .filter(|i| self.items[*i].acknowledged.is_none() || self.items[*i].acknowledged != self.epoch)
            .collect();
        let from = if self.chance.often(250) { self.chance.below(open.len() as u64) as usize } else { 0 };
        let most = 1 + self.chance.below(8) as usize;
        let mut picked: Vec<usize> = open.into_iter().skip(from).take(most).collect();
        if (picked.is_empty() || self.chance.often(100)) && !self.items.is_empty() {
            picked.push(self.chance.below(self.items.len() as u64) as usize);
        }
        picked.into_iter().map(|i| self.items[i].incoming.clone()).collect()
    }

    async fn send(&self, scans: Vec<Incoming>, to: usize) -> Option<commands::batcher::BatchAnswer> {
        let (batcher, dead) = self.batchers[to].lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        if scans.is_empty() {
            return None;
        }
        self.chance.pass().await;
        let now = self.clock.now();
        let batch = ScanBatch {
            kiosk: self.context,
            queue_id: QueueId(Uuid::from_u128(self.number)),
            device_now: DeviceNow { wall: now, mono_ms: now.timestamp_millis(), boot_id: BOOT },
            queue_depth: 0,
            last_seq: None,
            app_version: None,
            correlation_id: Uuid::from_u128(self.number),
            scans,
        };
        let answer = tokio::select! {
            biased;
            () = dead.cancelled() => None,
            answer = timeout(PATIENCE, batcher.submit(batch)) => answer.ok()?.ok(),
        };
        self.chance.pass().await;
        // The answer may be lost on its way.
        answer.filter(|_| !self.chance.unlucky(50))
    }

    fn learn(&mut self, answer: &commands::batcher::BatchAnswer) {
        self.epoch = Some(answer.epoch);
        for given in &answer.items {
            let held = {
                let state = self.postgres.state();
                let event = state.history(answer.epoch).and_then(|log| log.get(&given.position));
                event.and_then(|event| scan_in(event))
            };
            if held != Some(given.scan_id) {
                self.chance.violated(format!(
                    "scan {} was acknowledged at position {}, which does not hold it",
                    given.scan_id, given.position
                ));
            }
        }
        let by_id: BTreeMap<ScanId, ()> = answer.items.iter().map(|given| (given.scan_id, ())).collect();
        for item in &mut self.items {
            let through = !item.twin && (1..=answer.ack_through).contains(&item.incoming.seq());
            if through || by_id.contains_key(&item.incoming.scan_id()) {
                item.acknowledged = Some(answer.epoch);
            }
        }
    }
}

/// The scan that an event holds, if it is the event that holds one.
pub fn scan_in(event: &RawEvent) -> Option<ScanId> {
    let decoded =
        domain::decode(&event.aggregate_type, &event.event_type, &event.event_version, event.payload.get()).ok()?;
    match decoded {
        AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => Some(scan.scan_id),
        AnyEvent::Quarantine(quarantine::Event::Received { scan, .. }) => Some(scan.scan_id),
        _ => None,
    }
}
