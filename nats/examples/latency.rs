//! How long an event takes from its commit to a consumer's hands, by NATS and by the log alone, and
//! how many events a second the relay and the feed move.
//!
//! `cargo run -p nats --example latency -- [events for latency] [events for rates]`. Private servers
//! on this machine, Postgres with fsync off: what is measured begins where the commit ends.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person at a terminal")]

use local_services::testing::{TestDatabases, nats};
use nats::{Feed, Source, Transport, log, relay};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<i64>().unwrap());
    let (for_latency, for_rates) = (arguments.next().unwrap_or(2_000), arguments.next().unwrap_or(100_000));
    latency("log", false, for_latency).await;
    latency("nats", true, for_latency).await;
    rates(for_rates).await;
}

struct World {
    writer: PgPool,
    reader: PgPool,
    transport: Transport,
    prefix: &'static str,
}

async fn world(prefix: &'static str) -> World {
    let databases = TestDatabases::create().await.unwrap();
    let transport = Transport::connect(&nats().await.unwrap().url(), prefix).await.unwrap();
    World {
        writer: databases.pool_as("attendance_log_writer", 2).await.unwrap(),
        reader: databases.pool_as("attendance_log_reader", 6).await.unwrap(),
        transport,
        prefix,
    }
}

/// One event every five milliseconds, and one consumer.
async fn latency(name: &'static str, by_nats: bool, events: i64) {
    let world = world(name).await;
    let epoch = log::head(&world.reader).await.unwrap().epoch;
    let token = CancellationToken::new();
    let transport = by_nats.then(|| world.transport.clone());
    let relay =
        transport.clone().map(|transport| tokio::spawn(relay::run(world.reader.clone(), transport, token.clone())));
    let mut feed = Feed::new(world.reader.clone(), transport);
    let warm = 200;
    let consumer = tokio::spawn(async move {
        let (mut after, mut arrived, mut carried) = (0, Vec::new(), 0);
        while after < warm + events {
            let page = feed.next_page(after, epoch, 1_000).await.unwrap();
            let now = Instant::now();
            for event in page.events {
                after = event.position;
                arrived.push(now);
                carried += usize::from(page.source == Source::Nats);
            }
        }
        (arrived, carried)
    });
    let mut committed = Vec::new();
    for _ in 0..warm + events {
        append(&world.writer, 1).await;
        committed.push(Instant::now());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (arrived, carried) = consumer.await.unwrap();
    let mut waits: Vec<Duration> = committed
        .into_iter()
        .zip(arrived)
        .skip(usize::try_from(warm).unwrap())
        .map(|(committed, arrived)| arrived.saturating_duration_since(committed))
        .collect();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "commit to consumer, {name}: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms over {} events, {carried} of {} by NATS",
        at(0.5),
        at(0.99),
        at(1.0),
        waits.len(),
        warm + events
    );
    token.cancel();
    if let Some(relay) = relay {
        relay.await.unwrap().unwrap();
    }
}

async fn rates(events: i64) {
    let world = world("rates").await;
    let epoch = log::head(&world.reader).await.unwrap().epoch;
    for _ in 0..events / 1_000 {
        append(&world.writer, 1_000).await;
    }
    let token = CancellationToken::new();
    let begun = Instant::now();
    let relay = tokio::spawn(relay::run(world.reader.clone(), world.transport.clone(), token.clone()));
    let client = async_nats::connect(nats().await.unwrap().url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if let Ok(stream) = jetstream.get_stream(world.prefix).await
            && stream.cached_info().state.messages as i64 >= events / 1_000 * 1_000
        {
            break;
        }
    }
    println!("relay: {:.0} events/s over {events}", events as f64 / begun.elapsed().as_secs_f64());
    for (name, transport) in [("log", None), ("nats first, log behind it", Some(world.transport.clone()))] {
        let mut feed = Feed::new(world.reader.clone(), transport);
        let (mut after, mut carried, begun) = (0, 0, Instant::now());
        while after < events / 1_000 * 1_000 {
            let page = feed.next_page(after, epoch, 2_000).await.unwrap();
            carried += if page.source == Source::Nats { page.events.len() } else { 0 };
            after = page.events.last().map_or(after, |last| last.position);
        }
        let rate = after as f64 / begun.elapsed().as_secs_f64();
        println!("feed, {name}: {rate:.0} events/s, {carried} of {after} by NATS");
    }
    token.cancel();
    relay.await.unwrap().unwrap();
}

async fn append(writer: &PgPool, events: i64) {
    let mut tx = writer.begin().await.unwrap();
    sqlx::query("select lock_log()").execute(&mut *tx).await.unwrap();
    sqlx::query(
        r#"insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
               position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id)
           select 'attendance_day', '2026-11-23/00000000-0000-0000-0000-000000005c00/x', h.head + i, 'scan_recorded', '1',
                  ('{"type":"scan_recorded","scan":{"id":"' || gen_random_uuid() || '","direction":"entry","method":"qr"}}')::json,
                  '{}', h.head + i, gen_random_uuid(), '00000000-0000-0000-0000-000000005c00',
                  clock_timestamp(), clock_timestamp(), '2026-11-23', 'America/Santiago', -10800, 'cli:measure', gen_random_uuid()
             from (select coalesce(max(position), 0) as head from events) h, generate_series(1, $1::bigint) i
            order by i"#,
    )
    .bind(events)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}
