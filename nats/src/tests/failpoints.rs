//! A relay that breaks, or ends, between an acknowledged append and its publication.

use super::*;
use local_services::failpoint::FailPoint;

/// Committed, acknowledged to the kiosk, and not yet published; or published, and nobody knows.
const PLACES: [&str; 2] = ["relay: before publish", "relay: before confirm"];

#[tokio::test]
async fn a_relay_that_fails_around_publishing_stores_every_event_once() {
    for place in PLACES {
        let world = World::new().await;
        // More than a window.
        world.append(700).await;
        let point = FailPoint::breaking(place, 2);
        let relay = point.scope(world.relay()).await;
        let mut consumer = world.consumer().await;
        world.relayed(700).await;
        assert_eq!(point.hits(), 2, "{place}");
        world.append(30).await;
        world.relayed(730).await;
        consumer.read_through(730).await;
        consumer.assert_is_log(&world.reader).await;
        assert_eq!(world.stored_positions().await, (1..=730).map(Some).collect::<Vec<_>>(), "{place}");
        relay.stop().await;
    }
}

#[tokio::test]
async fn what_a_relay_leaves_unpublished_when_its_process_ends_the_next_one_publishes_once() {
    for place in PLACES {
        let world = World::new().await;
        let first = world.relay().await;
        world.append(100).await;
        world.relayed(100).await;
        first.stop().await;
        world.append(700).await;
        let point = FailPoint::stopping(place);
        let relay = point.scope(world.relay()).await;
        point.reached().await;
        relay.cut_off().await;
        // Nobody relays: consumers have the log.
        let mut consumer = world.consumer().await;
        consumer.read_through(800).await;
        let next = world.relay().await;
        world.append(30).await;
        world.relayed(830).await;
        consumer.read_through(830).await;
        consumer.assert_is_log(&world.reader).await;
        assert_eq!(world.stored_positions().await, (1..=830).map(Some).collect::<Vec<_>>(), "{place}");
        next.stop().await;
    }
}
