//! How many scans a second the batcher stores, durably: 64 kiosks of 4 schools, each sending batches
//! of 100 one after the other, on a private Postgres cluster with fsync on.
//!
//! `cargo run --release -p commands --example batcher_rate [SECONDS]` prints one JSON object.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use chrono::{DateTime, TimeDelta, Utc};
use commands::batcher::{Batcher, BatcherConfig, Incoming, IncomingScan, KioskContext, ScanBatch, SubmitError};
use commands::clock::{Clock, SystemClock};
use commands::directory::{Directory, Kind};
use commands::ids::{IdSource, SystemIds};
use commands::keys::{DirectoryKey, Kek};
use commands::pool::{PoolSettings, Role, connect};
use commands::vault::Vault;
use commands::{Context, Write};
use domain::attendance_day::{Direction, Method, Shown};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::school::{Command, School, Settings};
use domain::values::card;
use domain::{Actor, CredentialId, KioskId, QueueId, ScanId, SchoolId, StreamId};
use local_services::PostgresCluster;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const SCHOOLS: u128 = 4;
const KIOSKS: u128 = 64;
const PUPILS: u128 = 1_200;
const BATCH: u128 = 100;

fn school(n: u128) -> SchoolId {
    SchoolId(Uuid::from_u128(0x5c00_0000 + n))
}

fn card_of(school: u128, pupil: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(0xca00_0000_0000 + (school << 20) + pupil))
}

#[tokio::main]
async fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(10.0, |s| s.parse().unwrap());
    let dir = std::env::temp_dir().join(format!("attendance-batcher-rate-{}", std::process::id()));
    let cluster = PostgresCluster::start(&dir).await.unwrap();
    let write = write_side(&cluster).await;
    let batcher = Batcher::start_on(write.clone(), BatcherConfig::default());
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(seconds);
    let kiosks: Vec<_> = (0..KIOSKS).map(|n| tokio::spawn(kiosk(n, batcher.clone(), write.clone(), until))).collect();
    let (mut scans, mut waits) = (0_usize, Vec::new());
    for kiosk in kiosks {
        let (stored, took) = kiosk.await.unwrap();
        scans += stored;
        waits.extend(took);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    batcher.shutdown().await;
    let recorded: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'scan_recorded'")
        .fetch_one(write.pool())
        .await
        .unwrap();
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{{\"scans\":{scans},\"recorded\":{recorded},\"seconds\":{elapsed:.2},\"scans_per_second\":{:.0},\"batch_p50_ms\":{:.1},\"batch_p99_ms\":{:.1},\"kiosks\":{KIOSKS},\"batch\":{BATCH}}}",
        scans as f64 / elapsed,
        at(0.5),
        at(0.99),
    );
    drop(cluster);
    std::fs::remove_dir_all(&dir).unwrap();
}

async fn write_side(cluster: &PostgresCluster) -> Write {
    for name in ["events", "vault"] {
        cluster.ensure_database(name).await.unwrap();
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let owner = PgPool::connect_with(cluster.options("events")).await.unwrap();
    let vault_owner = PgPool::connect_with(cluster.options("vault")).await.unwrap();
    migrations::migrate(&owner, &vault_owner, ids.next(), clock.now()).await.unwrap();
    let pool = connect(cluster.options("events"), Role::LogWriter, &PoolSettings::new(4)).await.unwrap();
    let vault = connect(cluster.options("vault"), Role::Vault, &PoolSettings::new(2)).await.unwrap();
    let vault = Vault::new(vault, Kek::from_bytes([1; 32]), ids.clone(), clock.clone());
    let directory = Directory::new(pool.clone(), DirectoryKey::from_bytes([2; 32]));
    let write = Write::new(pool, clock, ids, vault, directory);
    for n in 0..SCHOOLS {
        let settings = Settings {
            zone: chrono_tz::America::Santiago,
            late_after_minutes: 10,
            missing_after_minutes: 30,
            echo_seconds: 60,
        };
        let context = Context {
            school: school(n),
            zone: settings.zone,
            actor: Actor::cli("bench"),
            command_id: None,
            correlation_id: Uuid::nil(),
            causation_id: None,
        };
        let command = Command::Register { name: "Escuela".into(), rbd: None, settings };
        write.execute::<School>(&context, &StreamId::of(school(n), school(n)), command).await.unwrap();
        for pupil in 0..PUPILS {
            let (card, owner) = (card_of(n, pupil), Uuid::from_u128(0x9000_0000_0000 + (n << 20) + pupil));
            let text = card::encode(card);
            write.directory().reserve(school(n), Kind::Card, &text, card.0, Some(owner)).await.unwrap();
        }
    }
    write
}

/// Sends until the time is over; the scans stored and each batch's time to its answer.
async fn kiosk(n: u128, batcher: Batcher, write: Write, until: Instant) -> (usize, Vec<Duration>) {
    let (mut seq, mut waits) = (0_u128, Vec::new());
    let kiosk = KioskContext { kiosk_id: KioskId(write.ids().next()), school_id: school(n % SCHOOLS), revoked: false };
    let (queue_id, boot_id) = (QueueId(write.ids().next()), write.ids().next());
    while Instant::now() < until {
        let now = write.clock().now();
        // Backwards through the last days, so that each pupil's day holds a usual number of scans.
        let scans = (0..BATCH).map(|_| {
            seq += 1;
            let pupil = (n * 31 + seq) % PUPILS;
            let ago = TimeDelta::minutes(((seq / PUPILS) * 97 % 8_600) as i64);
            Incoming::Scan(scan(&write, now, ago, seq, card_of(n % SCHOOLS, pupil), boot_id))
        });
        let batch = ScanBatch {
            kiosk,
            queue_id,
            device_now: DeviceNow { wall: now, mono_ms: 1_000_000_000, boot_id },
            queue_depth: 1,
            last_seq: None,
            app_version: None,
            correlation_id: write.ids().next(),
            scans: scans.collect(),
        };
        let sent = Instant::now();
        loop {
            match batcher.submit(batch.clone()).await {
                Ok(_) => break waits.push(sent.elapsed()),
                Err(SubmitError::Overloaded { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}"),
            }
        }
    }
    (seq as usize, waits)
}

fn scan(
    write: &Write,
    now: DateTime<Utc>,
    ago: TimeDelta,
    seq: u128,
    card: CredentialId,
    boot_id: Uuid,
) -> IncomingScan {
    IncomingScan {
        scan_id: ScanId(write.ids().next()),
        seq: seq as i64,
        prev_hash: None,
        read: card::encode(card),
        direction: if seq.is_multiple_of(2) { Direction::Entry } else { Direction::Exit },
        method: Method::Qr,
        reading: DeviceReading {
            device_time: now - ago,
            mono_ms: Some(1_000_000_000 - ago.num_milliseconds()),
            boot_id,
            clock_offset_ms: None,
        },
        shown: Shown::Welcome,
    }
}
