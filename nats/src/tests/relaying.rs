//! Relays: more than one, interrupted, replaced.

use super::*;
use crate::relay::testing::late_page;

#[tokio::test]
async fn two_relays_at_once_store_every_event_once_and_in_order_whoever_leads() {
    let world = World::new().await;
    let relays = [world.relay().await, world.relay().await];
    let mut consumer = world.consumer().await;
    let owner = sqlx::PgPool::connect_with(world.databases.owner_options()).await.unwrap();
    let mut terms: i64 = 0;
    for n in 1..=60 {
        world.append(40).await;
        if n % 6 == 0 {
            // The leader's session is cut in the middle of its work; the one before may just have gone.
            let begun = Instant::now();
            let mut cut = 0;
            while cut == 0 && begun.elapsed() < Duration::from_secs(5) {
                cut = sqlx::query_scalar(
                    "select count(pg_terminate_backend(pid)) from pg_locks join pg_stat_activity using (pid)
                      where locktype = 'advisory' and granted and application_name = 'attendance relay'
                        and datname = current_database()",
                )
                .fetch_one(&owner)
                .await
                .unwrap();
            }
            assert!(cut <= 1, "{cut} relays led at once");
            terms += cut;
        }
        consumer.read_through(40 * n).await;
    }
    world.relayed(2_400).await;
    assert!(terms >= 3, "the lead changed {terms} times");
    consumer.assert_is_log(&world.reader).await;
    assert_eq!(world.stored_positions().await, (1..=2_400).map(Some).collect::<Vec<_>>());
    for relay in relays {
        relay.stop().await;
    }
}

#[tokio::test]
async fn a_relay_that_stops_frees_the_lead_at_once() {
    let world = World::new().await;
    let first = world.relay().await;
    world.append(1).await;
    world.relayed(1).await;
    let second = world.relay().await;
    first.stop().await;
    let begun = Instant::now();
    world.append(1).await;
    world.relayed(2).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "the next relay took {:?}", begun.elapsed());
    second.stop().await;
}

#[tokio::test]
async fn a_paused_relay_that_wakes_with_an_old_page_can_store_nothing() {
    let world = World::new().await;
    world.append(30).await;
    // It found the stream empty, read a page and fell asleep.
    let late = late_page(&world.reader, &world.transport().await, world.epoch).await;
    let relay = world.relay().await;
    world.relayed(1).await;
    // It sleeps for longer than JetStream remembers ids.
    let jetstream = jetstream::new(async_nats::connect(&world.url).await.unwrap());
    let mut config = world.stream().await.cached_info().config.clone();
    config.duplicate_window = Duration::from_millis(100);
    jetstream.update_stream(config).await.unwrap();
    world.relayed(30).await;
    world.append(30).await;
    world.relayed(60).await;
    sleep(Duration::from_millis(500)).await;
    let refused = late.publish().await.unwrap_err();
    assert!(refused.contains("wrong last sequence"), "{refused}");
    assert_eq!(world.stored_positions().await, (1..=60).map(Some).collect::<Vec<_>>());
    let mut consumer = world.consumer().await;
    consumer.read_through(60).await;
    consumer.assert_is_log(&world.reader).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_event_too_large_for_nats_is_read_from_the_log_and_stops_nobody() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(5).await;
    sqlx::query(
        "insert into events select aggregate_type, aggregate_id, sequence + 1, event_type, event_version,
                to_json(repeat('x', 1500000)), metadata, position + 1, gen_random_uuid(), school_id, occurred_at,
                recorded_at, local_date, zone, utc_offset, actor, correlation_id
           from events order by position desc limit 1",
    )
    .execute(&world.writer)
    .await
    .unwrap();
    world.append(5).await;
    consumer.read_through(11).await;
    world.relayed(11).await;
    consumer.assert_is_log(&world.reader).await;
    let expected: Vec<_> = (1..=11).filter(|position| *position != 6).map(Some).collect();
    assert_eq!(world.stored_positions().await, expected);
    relay.stop().await;
}

#[tokio::test]
async fn an_empty_stream_is_given_only_the_end_of_a_long_log() {
    let world = World::new().await;
    let republished = crate::relay::testing::REPUBLISH;
    world.append(republished + 700).await;
    let begun = Instant::now();
    let relay = world.relay().await;
    world.relayed(republished + 700).await;
    let rate = republished as f64 / begun.elapsed().as_secs_f64();
    let stored = world.stored_positions().await;
    assert_eq!(stored, (701..=republished + 700).map(Some).collect::<Vec<_>>(), "at {rate:.0} events/s");
    let mut consumer = world.consumer().await;
    consumer.max = 5_000;
    consumer.read_through(republished + 700).await;
    consumer.assert_is_log(&world.reader).await;
    relay.stop().await;
}
