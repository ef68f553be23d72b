//! A server goes away in mid-flow and comes back, with its store, without it, or with an older one.

use super::*;
use local_services::testing::{EPOCH, scratch};
use local_services::{NatsServer, PostgresCluster};
use sqlx::postgres::PgPoolOptions;

async fn own_nats(name: &str) -> NatsServer {
    NatsServer::scratch(&scratch(name)).await.unwrap()
}

#[tokio::test]
async fn a_nats_that_was_never_there_keeps_nobody_waiting() {
    let port = local_services::postgres::free_port().unwrap();
    let world = World::on(format!("nats://127.0.0.1:{port}")).await;
    let begun = Instant::now();
    let absent = Transport::connect(&world.url, &world.prefix).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(200), "connecting blocked for {:?}", begun.elapsed());
    let relay = Relay::start(&world.reader, absent.clone());
    let mut consumer = Consumer::new(Feed::new(world.reader.clone(), Some(Hub::new(absent))), world.epoch);
    let mut slowest = Duration::ZERO;
    for n in 1..=30 {
        let begun = Instant::now();
        world.append(2).await;
        consumer.read_through(2 * n).await;
        slowest = slowest.max(begun.elapsed());
    }
    consumer.assert_is_log(&world.reader).await;
    assert_eq!(consumer.by_nats, 0);
    assert!(slowest < Duration::from_millis(300), "an event took {slowest:?} without NATS");
    relay.stop().await;
}

#[tokio::test]
async fn nats_stopped_or_killed_in_mid_flow_costs_nothing_and_is_used_again_after() {
    let mut nats = own_nats("nats-stopped").await;
    let world = World::on(nats.url()).await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    for round in 0..3 {
        world.append(500).await;
        consumer.read_through(3_000 * round + 500).await;
        if round == 1 {
            nats.signal("KILL").unwrap()
        } else {
            nats.stop()
        }
        for n in 1..=20 {
            world.append(100).await;
            consumer.read_through(3_000 * round + 500 + 100 * n).await;
        }
        nats.resume().await.unwrap();
        world.append(500).await;
        consumer.read_through(3_000 * (round + 1)).await;
    }
    world.relayed(9_000).await;
    let before = consumer.by_nats;
    // Its ear on JetStream comes back by itself.
    let mut appended = 9_000;
    until("NATS carries again", async || {
        world.append(1).await;
        appended += 1;
        consumer.read_through(appended).await;
        consumer.by_nats > before
    })
    .await;
    consumer.assert_is_log(&world.reader).await;
    world.relayed(appended).await;
    let stored = world.stored_positions().await;
    assert!(stored.is_sorted() && !stored.contains(&None), "the stream is in order");
    relay.stop().await;
}

#[tokio::test]
async fn a_nats_that_hangs_delays_nothing_for_long() {
    let nats = own_nats("nats-hangs").await;
    let world = World::on(nats.url()).await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(100).await;
    consumer.read_through(100).await;
    nats.signal("STOP").unwrap();
    for n in 1..=5 {
        let begun = Instant::now();
        world.append(1).await;
        consumer.read_through(100 + n).await;
        assert!(begun.elapsed() < Duration::from_millis(600), "an event took {:?}", begun.elapsed());
    }
    nats.signal("CONT").unwrap();
    world.append(1).await;
    consumer.read_through(106).await;
    world.relayed(106).await;
    consumer.assert_is_log(&world.reader).await;
    assert_eq!(world.stored_positions().await, (1..=106).map(Some).collect::<Vec<_>>(), "nothing stored twice");
    relay.stop().await;
}

#[tokio::test]
async fn a_deleted_nats_store_is_filled_again_and_used() {
    let mut nats = own_nats("nats-wiped").await;
    let world = World::on(nats.url()).await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(2_000).await;
    consumer.read_through(2_000).await;
    world.relayed(2_000).await;
    nats.stop();
    nats.wipe().unwrap();
    world.append(300).await;
    nats.resume().await.unwrap();
    world.append(300).await;
    consumer.read_through(2_600).await;
    world.relayed(2_600).await;
    assert_eq!(world.stored_positions().await, (1..=2_600).map(Some).collect::<Vec<_>>());
    let (before, mut appended) = (consumer.by_nats, 2_600);
    until("NATS carries again", async || {
        world.append(1).await;
        appended += 1;
        consumer.read_through(appended).await;
        consumer.by_nats > before
    })
    .await;
    consumer.assert_is_log(&world.reader).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_older_nats_store_put_back_is_brought_up_to_date() {
    let mut nats = own_nats("nats-restored").await;
    let world = World::on(nats.url()).await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(400).await;
    world.relayed(400).await;
    nats.stop();
    let backup = scratch("nats-restored-backup");
    copy(&nats.store(), &backup);
    nats.resume().await.unwrap();
    world.append(600).await;
    world.relayed(1_000).await;
    nats.stop();
    nats.wipe().unwrap();
    copy(&backup, &nats.store());
    nats.resume().await.unwrap();
    world.append(50).await;
    consumer.read_through(1_050).await;
    world.relayed(1_050).await;
    consumer.assert_is_log(&world.reader).await;
    let stored: Vec<i64> = world.stored_positions().await.into_iter().flatten().collect();
    assert_eq!(stored, (1..=1_050).collect::<Vec<_>>());
    std::fs::remove_dir_all(backup).unwrap();
    relay.stop().await;
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

#[tokio::test]
async fn postgres_restarted_in_mid_flow_costs_nothing() {
    let mut postgres = PostgresCluster::scratch(&scratch("postgres-restarted")).await.unwrap();
    for name in ["events", "vault"] {
        postgres.ensure_database(name).await.unwrap();
    }
    let pool = |database: &'static str, role: Option<&'static str>| {
        let mut options = postgres.options(database);
        if let Some(role) = role {
            options = options.options([("role", role)]);
        }
        PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_millis(500)).connect_lazy_with(options)
    };
    migrations::migrate(&pool("events", None), &pool("vault", None), EPOCH, chrono::DateTime::UNIX_EPOCH)
        .await
        .unwrap();
    let writer = pool("events", Some("attendance_log_writer"));
    let reader = pool("events", Some("attendance_log_reader"));
    let (url, prefix) = (nats().await.unwrap().url(), "postgres_restarted");
    let relay = Relay::start(&reader, transport(&url, prefix).await);
    let carried = Feed::new(reader.clone(), Some(Hub::new(transport(&url, prefix).await)));
    let mut consumers =
        [Consumer::new(carried, Epoch(EPOCH)), Consumer::new(Feed::new(reader.clone(), None), Epoch(EPOCH))];
    let restarts = async {
        for round in 0..3 {
            sleep(Duration::from_millis(400)).await;
            if round == 1 {
                postgres.stop()
            } else {
                postgres.signal("KILL").unwrap()
            }
            sleep(Duration::from_millis(150)).await;
            while postgres.resume().await.is_err() {}
        }
    };
    let appends = async {
        let mut done = 0;
        while done < 150 {
            // A batch whose outcome is unknown may be there or not; the log says so itself.
            match append_raw(&writer, 10).await {
                Ok(()) => done += 1,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let [a, b] = &mut consumers;
    tokio::join!(restarts, appends, a.read_through(1_500), b.read_through(1_500));
    let head = log::head(&reader).await.unwrap().position;
    for consumer in &mut consumers {
        consumer.read_through(head).await;
        consumer.assert_is_log(&reader).await;
    }
    assert!(consumers[0].by_nats > 0);
    relay.stop().await;
}
