//! Readers by position miss nothing, whatever the writers' transactions do between insert and commit.

use crate::support::{PATIENCE, SANTIAGO, id, monday_morning};
use anyhow::{Context as _, Result};
use commands::append::{NewEvent, append_in_tx};
use commands::clock::{Clock, ManualClock};
use commands::pool::{PoolSettings, Role, connect};
use domain::kiosk::{Event, LaneMode};
use domain::{Actor, Epoch, EventId, KioskId, SchoolId, StreamId};
use local_services::testing::{EPOCH, TestDatabases};
use nats::{Feed, Hub, Transport};
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

const WRITERS: u32 = 24;
const TRANSACTIONS: usize = 50;

/// One transaction in five is held open for a while.
async fn dawdle(random: &mut fastrand::Rng) {
    if random.u8(..5) == 0 {
        tokio::time::sleep(Duration::from_micros(random.u64(..10_000))).await;
    }
}

fn events(school: SchoolId, n: usize) -> Result<Vec<NewEvent>> {
    let context = commands::Context {
        school,
        zone: SANTIAGO,
        actor: Actor::cli("test"),
        command_id: None,
        correlation_id: id(),
        causation_id: None,
    };
    let enrolled = Event::Enrolled { gate: "Portón Norte".into(), mode: LaneMode::EntryLane };
    let one = |_| {
        let stream = StreamId::of(school, KioskId(id()));
        Ok(NewEvent::new(&context, EventId(id()), stream, 1, monday_morning(), &enrolled)?)
    };
    (0..n).map(one).collect()
}

/// What a reader saw, once the writers are done and `end` says where the log ends.
type Seen = JoinHandle<Result<Vec<i64>>>;

/// Reads ids of a table beyond the last one that it saw, as fast as it can.
fn read_table(pool: PgPool, query: &'static str, end: Arc<AtomicI64>) -> Seen {
    tokio::spawn(async move {
        let (mut last, mut seen) = (0_i64, Vec::new());
        loop {
            let over = end.load(Ordering::SeqCst) >= 0;
            let page: Vec<i64> = sqlx::query_scalar(query).bind(last).fetch_all(&pool).await?;
            if over && page.is_empty() {
                return Ok(seen);
            }
            last = page.last().copied().unwrap_or(last);
            seen.extend(page);
        }
    })
}

/// Reads the feed, as a projector does.
fn read_feed(mut feed: Feed, end: Arc<AtomicI64>) -> Seen {
    tokio::spawn(async move {
        let (begun, mut last, mut seen) = (Instant::now(), 0, Vec::new());
        loop {
            let page = feed.next_page(last, Epoch(EPOCH), 50).await?;
            last = page.events.last().map_or(last, |event| event.position);
            seen.extend(page.events.iter().map(|event| event.position));
            let end = end.load(Ordering::SeqCst);
            if end >= 0 && last >= end {
                return Ok(seen);
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "stuck at {last} of {end}");
        }
    })
}

/// performance.md, finding 3: over a sequence a reader by `id > last` skipped a fifth of the events. Here
/// the same transactions write both: a table with a sequence, and the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_of_the_log_skips_an_event_of_24_slow_writers_and_one_over_a_sequence_does() {
    let databases = TestDatabases::create().await.unwrap();
    let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
    sqlx::raw_sql(
        "create table by_sequence (id bigserial primary key);
         grant insert on by_sequence to attendance_log_writer;
         grant usage on sequence by_sequence_id_seq to attendance_log_writer",
    )
    .execute(&owner)
    .await
    .unwrap();
    let settings = PoolSettings::for_testing(WRITERS);
    let writer = connect(databases.owner_options(), Role::LogWriter, &settings).await.unwrap();
    let reader = databases.pool_as("attendance_log_reader", 6).await.unwrap();
    let server = local_services::testing::nats().await.unwrap();
    let transport = Transport::connect(&server.url(), &format!("readers{}", id().simple())).await.unwrap();
    let stop = CancellationToken::new();
    let relay = tokio::spawn(nats::relay::run(reader.clone(), transport.clone(), stop.clone()));

    let end = Arc::new(AtomicI64::new(-1));
    let of_log = "select position from events where position > $1 order by position limit 1000";
    let of_sequence = "select id from by_sequence where id > $1 order by id limit 1000";
    let readers = [
        ("by position", read_table(reader.clone(), of_log, end.clone())),
        ("the feed", read_feed(Feed::new(reader.clone(), None), end.clone())),
        ("the feed by NATS", read_feed(Feed::new(reader.clone(), Some(Hub::new(transport))), end.clone())),
    ];
    let naive = read_table(owner.clone(), of_sequence, end.clone());

    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(monday_morning()));
    let school = SchoolId(id());
    let mut writers = JoinSet::new();
    for seed in 0..WRITERS {
        let (writer, clock) = (writer.clone(), clock.clone());
        writers.spawn(async move {
            let mut random = fastrand::Rng::with_seed(seed.into());
            for _ in 0..TRANSACTIONS {
                let events = events(school, random.usize(1..4))?;
                let mut tx = writer.begin().await?;
                sqlx::query("insert into by_sequence select from generate_series(1, $1)")
                    .bind(i32::try_from(events.len())?)
                    .execute(&mut *tx)
                    .await?;
                dawdle(&mut random).await;
                append_in_tx(&mut tx, &*clock, &events).await?;
                dawdle(&mut random).await;
                tx.commit().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap().unwrap();
    }
    let written: i64 = sqlx::query_scalar("select max(position) from events").fetch_one(&owner).await.unwrap();
    assert!(written >= i64::from(WRITERS) * TRANSACTIONS as i64);
    end.store(written, Ordering::SeqCst);

    let whole: Vec<i64> = (1..=written).collect();
    for (name, seen) in readers {
        let seen = tokio::time::timeout(PATIENCE, seen).await.context(name).unwrap().unwrap().context(name).unwrap();
        assert!(seen == whole, "{name}: {} of {written}, in order: {}", seen.len(), seen.is_sorted());
    }
    // The same run would have been seen with holes: it is not the luck of quick transactions.
    let naive = naive.await.unwrap().unwrap();
    let in_table: i64 = sqlx::query_scalar("select count(*) from by_sequence").fetch_one(&owner).await.unwrap();
    assert_eq!(in_table, written);
    assert!(naive.len() < whole.len(), "the sequence's reader skipped nothing: these writers prove nothing");
    stop.cancel();
    relay.await.unwrap().unwrap();
}
