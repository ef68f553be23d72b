//! The batcher on a real Postgres. One file per kind of promise.

mod by_hand;
mod cases;
mod faults;
mod inspectors;
mod kiosks;
mod load;
mod placing;
mod repeats;

use super::*;
use crate::directory::Kind;
use crate::testing::World;
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::attendance_day::Direction::Entry;
use domain::kiosk::{Kiosk, LaneMode};
use domain::school::{School, Settings};
use domain::values::card;
use domain::{CredentialId, StreamId, StudentId};

const BOOT: Uuid = Uuid::from_u128(0xb007);
/// The device's monotonic clock when it sends.
const MONO_NOW: i64 = 1_000_000_000;

/// What is told of kiosks after their enrolment.
const FACTS: &str =
    "select event_type from events where aggregate_type = 'kiosk' and event_type <> 'enrolled' order by position";

/// A school with pupils who have cards, and a batcher.
struct Site {
    world: World,
    batcher: Batcher,
}

fn school(n: u128) -> SchoolId {
    SchoolId(Uuid::from_u128(0x5c00_0000 + n))
}
fn pupil(n: u128) -> StudentId {
    StudentId(Uuid::from_u128(0x9000_0000 + n))
}
fn credential(n: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(0xca00_0000 + n))
}
fn kiosk(n: u128) -> KioskContext {
    KioskContext { kiosk_id: KioskId(Uuid::from_u128(0x6000_0000 + n)), school_id: school(1), revoked: false }
}
/// The text of pupil `n`'s card.
fn text(n: u128) -> String {
    card::encode(credential(n))
}

impl Site {
    async fn new() -> Self {
        Self::with(8, BatcherConfig::default()).await
    }

    async fn with(connections: u32, config: BatcherConfig) -> Self {
        let world = World::with_connections(connections).await;
        let batcher = Batcher::start_on(world.write.clone(), config);
        let site = Self { world, batcher };
        site.register(school(1), chrono_tz::America::Santiago).await;
        site
    }

    /// Another batcher on the same database, as another process would have.
    fn another(&self, config: BatcherConfig) -> Batcher {
        let write = &self.world.write;
        let (vault, directory) = (write.vault().clone(), write.directory().clone());
        let (clock, ids) = (self.world.clock.clone(), self.world.ids.clone());
        Batcher::start_on(Write::new(write.pool().clone(), clock, ids, vault, directory), config)
    }

    fn context(&self, school: SchoolId) -> crate::Context {
        crate::Context { school, ..self.world.context() }
    }

    async fn register(&self, school: SchoolId, zone: Tz) {
        let settings =
            Settings { late_after_minutes: 10, missing_after_minutes: 30, echo_seconds: 60, ..Settings::of(zone) };
        let command = domain::school::Command::Register { name: "Escuela".into(), rbd: None, settings };
        let stream = StreamId::of(school, school);
        self.world.write.execute::<School>(&self.context(school), &stream, command).await.unwrap();
    }

    /// Gives the pupils of a range their cards.
    async fn cards(&self, school: SchoolId, pupils: std::ops::Range<u128>) {
        let directory = self.world.write.directory();
        for n in pupils {
            directory.reserve(school, Kind::Card, &text(n), credential(n).0, Some(pupil(n).0)).await.unwrap();
        }
    }

    async fn enrol(&self, kiosk: KioskContext, mode: LaneMode) {
        let command = domain::kiosk::Command::Enrol { gate: "Portón Norte".into(), mode };
        let stream = StreamId::of(kiosk.school_id, kiosk.kiosk_id);
        self.world.write.execute::<Kiosk>(&self.context(kiosk.school_id), &stream, command).await.unwrap();
    }

    /// A scan of pupil `n`'s card, `ago` before now, by a device whose clocks are right.
    fn scan(&self, seq: i64, n: u128, direction: Direction, ago: TimeDelta) -> IncomingScan {
        IncomingScan {
            scan_id: ScanId(Uuid::from_u128((seq as u128) << 64 | n)),
            seq,
            prev_hash: None,
            read: text(n),
            direction,
            method: Method::Qr,
            reading: DeviceReading {
                device_time: self.now() - ago,
                mono_ms: Some(MONO_NOW - ago.num_milliseconds()),
                boot_id: BOOT,
                clock_offset_ms: None,
            },
            shown: Shown::Welcome,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.write.clock().now()
    }

    fn batch(&self, kiosk: KioskContext, scans: Vec<IncomingScan>) -> ScanBatch {
        ScanBatch {
            kiosk,
            queue_id: QueueId(Uuid::from_u128(0x9e00_0000 + (kiosk.kiosk_id.0.as_u128() & 0xffff))),
            device_now: DeviceNow { wall: self.now(), mono_ms: MONO_NOW, boot_id: BOOT },
            queue_depth: 1,
            last_seq: None,
            app_version: Some("1.0".into()),
            correlation_id: Uuid::from_u128(0xc0),
            scans: scans.into_iter().map(Incoming::Scan).collect(),
        }
    }

    /// Submits scans of kiosk 1.
    async fn submit(&self, scans: Vec<IncomingScan>) -> BatchAnswer {
        self.batcher.submit(self.batch(kiosk(1), scans)).await.unwrap()
    }

    /// One entry of pupil `n`, just now.
    async fn submit_one(&self, seq: i64, n: u128) -> ItemAnswer {
        self.submit(vec![self.scan(seq, n, Entry, TimeDelta::zero())]).await.items.remove(0)
    }

    /// Streams, sequences, names and payloads of what scans left in the log.
    async fn content(&self) -> Vec<(String, i64, String, String)> {
        sqlx::query_as(
            "select aggregate_id, sequence, event_type, payload::text from events
             where aggregate_type in ('attendance_day', 'quarantine') order by aggregate_id, sequence",
        )
        .fetch_all(&self.world.owner)
        .await
        .unwrap()
    }

    async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.world.owner).await.unwrap()
    }

    async fn recorded(&self) -> i64 {
        self.count("select count(*) from events where event_type = 'scan_recorded'").await
    }

    /// The names of kiosk 1's facts after its enrolment, once the batcher is shut down.
    async fn kiosk_facts(&self) -> Vec<String> {
        self.batcher.shutdown().await;
        sqlx::query_scalar(FACTS).fetch_all(&self.world.owner).await.unwrap()
    }
}
