//! How many scans a second the batcher stores, durably, and how that compares with two baselines of the
//! same run, on a private Postgres cluster with fsync on:
//!
//! * `naive`: one ordinary command a scan (cqrs-es on postgres-es), 64 at once;
//! * `batcher`: 64 kiosks of 4 schools, each sending batches of 100 one after the other;
//! * `limit`: the same rows (event and receipt), made beforehand, inserted 500 at a time on one
//!   connection: what is left when reading and deciding cost nothing.
//!
//! They take turns, so that whatever else the machine does meets all three. Absolute figures are the
//! machine's; the ratios are the program's.
//!
//! `cargo run --release -p commands --example batcher_rate [SECONDS]` prints a table line and a JSON
//! object per figure; each turn lasts SECONDS (3), and there are 3 of each.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use chrono::{DateTime, TimeDelta, Utc};
use commands::append::{NewEvent, append_in_tx};
use commands::batcher::{Batcher, BatcherConfig, Incoming, IncomingScan, KioskContext, ScanBatch, SubmitError};
use commands::clock::{Clock, SystemClock};
use commands::directory::{Directory, Kind};
use commands::ids::{IdSource, SystemIds};
use commands::keys::{DirectoryKey, Kek};
use commands::pool::{PoolSettings, Role, connect};
use commands::vault::Vault;
use commands::{Context, Write};
use domain::attendance_day::{self, AttendanceDay, Direction, Method, Scan, Shown, TimeConfidence};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::school::{Command, School, Settings};
use domain::values::card;
use domain::values::zone::local_date;
use domain::{Actor, CredentialId, EventId, KioskId, QueueId, ScanId, SchoolId, StreamId, StudentId};
use local_services::PostgresCluster;
use sqlx::PgPool;
use std::io::{Seek, SeekFrom, Write as _};
use std::path::Path;
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

const ROUNDS: usize = 3;

/// One turn of one way to store scans.
struct Turn {
    scans: usize,
    seconds: f64,
    /// Each request's time to its answer, sorted.
    waits: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    let seconds: f64 = std::env::args().nth(1).map_or(3.0, |s| s.parse().unwrap());
    let dir = std::env::temp_dir().join(format!("attendance-batcher-rate-{}", std::process::id()));
    let cluster = PostgresCluster::start(&dir).await.unwrap();
    let write = write_side(&cluster).await;
    let turn = Duration::from_secs_f64(seconds);
    let (mut naive, mut batcher, mut limit) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        naive.push(naive_turn(&write, turn).await);
        batcher.push(batcher_turn(&write, turn).await);
        limit.push(limit_turn(&write, turn).await);
    }
    let recorded: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'scan_recorded'")
        .fetch_one(write.pool())
        .await
        .unwrap();
    let stored: usize = naive.iter().chain(&batcher).chain(&limit).map(|turn| turn.scans).sum();
    assert_eq!(recorded, stored as i64, "every scan that was answered is in the log");
    let base = rate(&naive);
    println!("{:<8} {:>12} {:>10} {:>10} {:>10}  each", "way", "scans/s", "to naive", "p50 ms", "p99 ms");
    for (way, turns, each) in
        [("naive", &naive, "scan, alone"), ("batcher", &batcher, "batch of 100"), ("limit", &limit, "500 rows")]
    {
        let mut waits: Vec<Duration> = turns.iter().flat_map(|turn| turn.waits.iter().copied()).collect();
        waits.sort();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let (rate, p50, p99) = (rate(turns), at(0.5), at(0.99));
        println!("{way:<8} {rate:>12.0} {:>10.1} {p50:>10.1} {p99:>10.1}  {each}", rate / base);
        println!(
            "{{\"figure\":\"{way}\",\"scans_per_second\":{rate:.0},\"to_naive\":{:.2},\"to_limit\":{:.2},\"p50_ms\":{p50:.1},\"p99_ms\":{p99:.1},\"each\":\"{each}\",\"turns\":{ROUNDS}}}",
            rate / base,
            rate / self::rate(&limit),
        );
    }
    let own = fsync_micros(&dir);
    let tool = pg_test_fsync(&dir);
    println!("fsync    {own:>12.0} µs, median of 200 (8 kB, fdatasync)");
    println!(
        "{{\"figure\":\"fsync\",\"micros\":{own:.0},\"pg_test_fsync_micros\":{},\"load_average\":{}}}",
        tool.map_or("null".to_owned(), |micros| format!("{micros:.0}")),
        std::fs::read_to_string("/proc/loadavg")
            .ok()
            .and_then(|text| text.split(' ').next().map(str::to_owned))
            .unwrap_or("null".to_owned()),
    );
    drop(cluster);
    std::fs::remove_dir_all(&dir).unwrap();
}

/// The median turn's scans a second.
fn rate(turns: &[Turn]) -> f64 {
    let mut rates: Vec<f64> = turns.iter().map(|turn| turn.scans as f64 / turn.seconds).collect();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Runs tasks until the time is over, each of which says how many scans it stored and what it waited.
async fn together(tasks: Vec<tokio::task::JoinHandle<(usize, Vec<Duration>)>>, begun: Instant) -> Turn {
    let (mut scans, mut waits) = (0, Vec::new());
    for task in tasks {
        let (stored, took) = task.await.unwrap();
        scans += stored;
        waits.extend(took);
    }
    Turn { scans, seconds: begun.elapsed().as_secs_f64(), waits }
}

async fn naive_turn(write: &Write, turn: Duration) -> Turn {
    let begun = Instant::now();
    let until = begun + turn;
    together((0..KIOSKS).map(|n| tokio::spawn(commander(n, write.clone(), until))).collect(), begun).await
}

async fn batcher_turn(write: &Write, turn: Duration) -> Turn {
    let batcher = Batcher::start_on(write.clone(), BatcherConfig::default());
    let begun = Instant::now();
    let until = begun + turn;
    let kiosks = (0..KIOSKS).map(|n| tokio::spawn(kiosk(n, batcher.clone(), write.clone(), until))).collect();
    let turn = together(kiosks, begun).await;
    batcher.shutdown().await;
    turn
}

/// One ordinary command a scan, each for a pupil's day of its own.
async fn commander(n: u128, write: Write, until: Instant) -> (usize, Vec<Duration>) {
    let mut waits = Vec::new();
    let context = context(school(n % SCHOOLS));
    while Instant::now() < until {
        let (stream, scan) = recorded(&write, context.school);
        let command = attendance_day::Command::RecordScan { scan, flags: vec![], echo_seconds: 60 };
        let sent = Instant::now();
        write.execute::<AttendanceDay>(&context, &stream, command).await.unwrap();
        waits.push(sent.elapsed());
    }
    (waits.len(), waits)
}

/// Ready rows, on one connection; only the database's time counts.
async fn limit_turn(write: &Write, turn: Duration) -> Turn {
    let (mut scans, mut waits, mut spent) = (0, Vec::new(), Duration::ZERO);
    let context = context(school(0));
    while spent < turn {
        let rows: Vec<(StreamId, Scan)> = (0..ROWS).map(|_| recorded(write, context.school)).collect();
        let events: Vec<NewEvent> = rows
            .iter()
            .map(|(stream, scan)| {
                let (id, at) = (EventId(write.ids().next()), scan.occurred_at);
                let event = attendance_day::Event::ScanRecorded { scan: scan.clone() };
                NewEvent::new(&context, id, stream.clone(), 1, at, &event).unwrap()
            })
            .collect();
        let ids = |of: fn(&Scan) -> Uuid| rows.iter().map(|(_, scan)| of(scan)).collect::<Vec<_>>();
        let (kiosks, queues, scan_ids) = (ids(|s| s.kiosk_id.0), ids(|s| s.queue_id.0), ids(|s| s.scan_id.0));
        let begun = Instant::now();
        let mut tx = write.pool().begin().await.unwrap();
        append_in_tx(&mut tx, &**write.clock(), &events).await.unwrap();
        // Not checked at compile time: the cache of checked queries is the program's, and this is none.
        sqlx::query(
            "insert into scan_receipts (kiosk_id, queue_id, seq, scan_id, school_id, verdict, reasons, position, received_at)
             select t.kiosk_id, t.queue_id, 1, t.scan_id, $4, 'accepted', '{}', 1, $5
             from unnest($1::uuid[], $2::uuid[], $3::uuid[]) t (kiosk_id, queue_id, scan_id)",
        )
        .bind(&kiosks)
        .bind(&queues)
        .bind(&scan_ids)
        .bind(context.school.0)
        .bind(write.clock().now())
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let took = begun.elapsed();
        spent += took;
        scans += ROWS;
        waits.push(took);
    }
    Turn { scans, seconds: spent.as_secs_f64(), waits }
}

const ROWS: usize = 500;

/// The first scan of some pupil's day.
fn recorded(write: &Write, school: SchoolId) -> (StreamId, Scan) {
    let (now, new) = (write.clock().now(), || write.ids().next());
    let scan = Scan {
        scan_id: ScanId(new()),
        kiosk_id: KioskId(new()),
        queue_id: QueueId(new()),
        seq: 1,
        credential_id: CredentialId(new()),
        direction: Direction::Entry,
        method: Method::Qr,
        occurred_at: now,
        time_confidence: TimeConfidence::Monotonic,
        shown: Shown::Welcome,
        device_time: now,
        prev_hash: None,
    };
    (StreamId::of_day(local_date(now, chrono_tz::America::Santiago), school, StudentId(new())), scan)
}

fn context(school: SchoolId) -> Context {
    Context {
        school,
        zone: chrono_tz::America::Santiago,
        actor: Actor::cli("bench"),
        command_id: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
    }
}

/// Median time of a synchronous 8 kB write beside the cluster's files.
fn fsync_micros(dir: &Path) -> f64 {
    let path = dir.join("fsync-probe");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.write_all(&[7; 8192]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    std::fs::remove_file(&path).unwrap();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// What Postgres's own tool says of fdatasync, where it is installed.
fn pg_test_fsync(dir: &Path) -> Option<f64> {
    let tool = local_services::binaries::postgres("pg_test_fsync").ok()?;
    let out = std::process::Command::new(tool).args(["-s", "1", "-f"]).arg(dir.join("fsync-tool")).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let line = text.lines().find(|line| line.trim_start().starts_with("fdatasync"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    words.iter().position(|word| *word == "usecs/op").and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok())
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
    let pool = connect(cluster.options("events"), Role::LogWriter, &PoolSettings::new(16)).await.unwrap();
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
        let context = context(school(n));
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
