//! The stream is wrong: holes, repeats, disorder, strangers, another epoch, the future.

use super::*;
use crate::{FeedError, message};
use async_nats::HeaderMap;
use uuid::Uuid;

/// Publishes an event as somebody who has no business here.
async fn publish_copy(world: &World, epoch: Epoch, event: &crate::RawEvent) {
    publish_copies(world, epoch, std::slice::from_ref(event)).await;
}

/// Events as one message: no message id, no expected sequence.
async fn publish_copies(world: &World, epoch: Epoch, events: &[crate::RawEvent]) {
    let jetstream = jetstream::new(async_nats::connect(&world.url).await.unwrap());
    let (copy, packed) = message::encode(epoch, events, usize::MAX).unwrap();
    assert_eq!(packed, events.len());
    let copy = copy.outbound_message(message::subject(&world.prefix));
    let mut headers = HeaderMap::new();
    for name in [message::EPOCH, message::FIRST, message::POSITION] {
        headers.insert(name, copy.headers.as_ref().unwrap().get(name).unwrap().clone());
    }
    jetstream.publish_with_headers(copy.subject, headers, copy.payload).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn messages_missing_from_the_stream_are_read_from_the_log() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    let mut last = 0;
    until("NATS carries", async || {
        world.append(1).await;
        last += 1;
        consumer.read_through(last).await;
        consumer.by_nats > 0
    })
    .await;
    relay.stop().await;
    let (by_nats, by_log, mut missing) = (consumer.by_nats, consumer.by_log, 0);
    for n in 1..=200 {
        world.append(5).await;
        last += 5;
        // Whole messages, several that follow each other, the beginning of one.
        let lost = match n {
            20..30 => 5,
            n if n % 7 == 0 => 5,
            n if n % 5 == 0 => 2,
            _ => 0,
        };
        missing += lost;
        if lost < 5 {
            let events = log::read_after(&world.reader, last - 5 + lost as i64, 5).await.unwrap();
            publish_copies(&world, world.epoch, &events).await;
            consumer.read_through(last).await;
        }
    }
    consumer.assert_is_log(&world.reader).await;
    assert!(consumer.by_log - by_log >= missing, "{missing} were missing");
    assert!(consumer.by_nats - by_nats > 500, "{} by NATS", consumer.by_nats - by_nats);
}

#[tokio::test]
async fn a_consumer_slower_than_its_hub_reads_what_it_missed_from_the_log() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    let mut last = 0;
    until("NATS carries", async || {
        world.append(1).await;
        last += 1;
        consumer.read_through(last).await;
        consumer.by_nats > 0
    })
    .await;
    // It is busy elsewhere while more comes than is kept for it.
    for _ in 0..120 {
        world.append(3).await;
        last += 3;
        world.relayed(last).await;
    }
    let (by_nats, by_log) = (consumer.by_nats, consumer.by_log);
    consumer.read_through(last).await;
    consumer.assert_is_log(&world.reader).await;
    let (by_nats, by_log) = (consumer.by_nats - by_nats, consumer.by_log - by_log);
    assert!(by_nats >= 150 && by_log >= 100, "{by_nats} by NATS and {by_log} from the log");
    relay.stop().await;
}

#[tokio::test]
async fn messages_lost_from_the_stream_s_end_are_sent_again_although_it_remembers_their_ids() {
    for lost in [1, 4] {
        let world = World::new().await;
        let relay = world.relay().await;
        for n in 1..=20 {
            world.append(5).await;
            world.relayed(5 * n).await;
        }
        relay.stop().await;
        let stream = world.stream().await;
        let end = stream.get_info().await.unwrap().state.last_sequence;
        for sequence in end + 1 - lost..=end {
            stream.delete_message(sequence).await.unwrap();
        }
        let relay = world.relay().await;
        world.relayed(100).await;
        let mut consumer = world.consumer().await;
        world.append(10).await;
        consumer.read_through(110).await;
        world.relayed(110).await;
        consumer.assert_is_log(&world.reader).await;
        assert_eq!(world.stored_positions().await, (1..=110).map(Some).collect::<Vec<_>>(), "{lost} lost");
        relay.stop().await;
    }
}

#[tokio::test]
async fn repeated_and_reordered_messages_reach_no_consumer() {
    let world = World::new().await;
    world.append(400).await;
    let events = log::read_after(&world.reader, 0, 400).await.unwrap();
    world.transport().await.stream().await.unwrap();
    // No relay yet: the stream is what a madman makes of it. Every third event twice, each ten
    // backwards, some in the wrong ten.
    let mut order: Vec<usize> = (0..400).flat_map(|i| if i % 3 == 0 { vec![i, i] } else { vec![i] }).collect();
    order.chunks_mut(10).for_each(|ten| ten.reverse());
    order.swap(15, 120);
    order.swap(200, 390);
    let mut consumer = world.consumer().await;
    consumer.max = 7;
    for (n, i) in order.into_iter().enumerate() {
        publish_copy(&world, world.epoch, &events[i]).await;
        if n % 20 == 0 {
            consumer.step().await.unwrap();
        }
    }
    consumer.read_through(400).await;
    consumer.assert_is_log(&world.reader).await;
}

#[tokio::test]
async fn strangers_copies_between_the_relay_s_messages_disturb_neither_relay_nor_consumer() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(50).await;
    consumer.read_through(50).await;
    let events = log::read_after(&world.reader, 0, 50).await.unwrap();
    for n in 1..=20 {
        publish_copy(&world, world.epoch, &events[n]).await;
        publish_copy(&world, Epoch(Uuid::from_u128(77)), &events[2 * n]).await;
        world.append(5).await;
        consumer.read_through(50 + 5 * n as i64).await;
    }
    world.relayed(150).await;
    consumer.assert_is_log(&world.reader).await;
    let mut in_order: Vec<i64> = Vec::new();
    for position in world.stored_positions().await.into_iter().flatten() {
        if in_order.last().is_none_or(|last| position > *last) {
            in_order.push(position);
        }
    }
    assert_eq!(in_order, (1..=150).collect::<Vec<_>>(), "the relay left no hole");
    relay.stop().await;
}

#[tokio::test]
async fn garbage_in_the_stream_disturbs_neither_relay_nor_consumer() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    let jetstream = jetstream::new(async_nats::connect(&world.url).await.unwrap());
    for n in 1..=30 {
        world.append(2).await;
        consumer.read_through(2 * n).await;
        let mut headers = HeaderMap::new();
        if n % 3 != 0 {
            headers.insert(message::EPOCH, world.epoch.to_string());
            headers.insert(message::POSITION, if n % 3 == 1 { (2 * n + 1).to_string() } else { "-9".into() });
        }
        let body: &[u8] = if n % 2 == 0 { b"\xff\x00 not json" } else { br#"{"position":3}"# };
        let subject = format!("{}.garbage", world.prefix);
        jetstream.publish_with_headers(subject, headers, body.into()).await.unwrap().await.unwrap();
    }
    world.append(1).await;
    consumer.read_through(61).await;
    world.relayed(61).await;
    consumer.assert_is_log(&world.reader).await;
    let ours: Vec<i64> = world.stored_positions().await.into_iter().flatten().collect();
    assert_eq!(ours, (1..=61).collect::<Vec<_>>());
    relay.stop().await;
}

#[tokio::test]
async fn a_stream_of_nothing_but_garbage_is_emptied_at_the_relay_s_start() {
    let world = World::new().await;
    world.transport().await.stream().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(&world.url).await.unwrap());
    for _ in 0..40 {
        let subject = format!("{}.garbage", world.prefix);
        jetstream.publish(subject, "x".into()).await.unwrap().await.unwrap();
    }
    world.append(10).await;
    let relay = world.relay().await;
    world.relayed(10).await;
    assert_eq!(world.stored_positions().await, (1..=10).map(Some).collect::<Vec<_>>());
    relay.stop().await;
}

#[tokio::test]
async fn a_stream_ahead_of_the_log_deceives_no_consumer_and_is_started_again() {
    let world = World::new().await;
    world.append(20).await;
    let last = log::read_after(&world.reader, 19, 1).await.unwrap().remove(0);
    for event in log::read_after(&world.reader, 0, 20).await.unwrap() {
        world.transport().await.stream().await.unwrap();
        publish_copy(&world, world.epoch, &event).await;
    }
    let mut consumer = world.consumer().await;
    consumer.read_through(20).await;
    // Events that the log has lost, or never had.
    for position in 21..=60 {
        let mut lost = last.clone();
        lost.position = position;
        lost.event_id = Uuid::from_u128(position as u128).into();
        publish_copy(&world, world.epoch, &lost).await;
    }
    for _ in 0..4 {
        assert_eq!(consumer.step().await.unwrap(), 0, "an event that the log has not");
    }
    // The log goes on, over positions that the stream has with other events.
    world.append(5).await;
    consumer.read_through(25).await;
    let relay = world.relay().await;
    world.append(25).await;
    consumer.read_through(50).await;
    until("the stream is the log's again", async || {
        world.stored_positions().await == (1..=50).map(Some).collect::<Vec<_>>()
    })
    .await;
    consumer.assert_is_log(&world.reader).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_log_that_took_other_events_past_the_stream_s_end_starts_the_stream_again() {
    let world = World::new().await;
    world.append(10).await;
    let mut other = log::read_after(&world.reader, 9, 1).await.unwrap().remove(0);
    other.event_id = Uuid::from_u128(1).into();
    world.transport().await.stream().await.unwrap();
    publish_copy(&world, world.epoch, &other).await;
    let relay = world.relay().await;
    world.append(10).await;
    world.relayed(20).await;
    assert_eq!(world.stored_positions().await, (1..=20).map(Some).collect::<Vec<_>>());
    relay.stop().await;
}

/// Restores to another time begin another epoch: here, another database behind the same prefix.
async fn with_another_epoch(world: &World) -> World {
    let mut other = World::on(world.url.clone()).await;
    other.epoch = Epoch(Uuid::from_u128(0xe2));
    other.prefix.clone_from(&world.prefix);
    let owner = sqlx::PgPool::connect_with(other.databases.owner_options()).await.unwrap();
    sqlx::query("update log_epoch set epoch = $1").bind(other.epoch.0).execute(&owner).await.unwrap();
    owner.close().await;
    other
}

#[tokio::test]
async fn a_new_epoch_empties_the_stream_and_begins_at_its_own_first_event() {
    let old = World::new().await;
    let relay = old.relay().await;
    old.append(500).await;
    old.relayed(500).await;
    relay.stop().await;
    let new = with_another_epoch(&old).await;
    new.append(200).await;
    // Before any relay has cleared the stream, the old messages are there.
    let mut consumer = new.consumer().await;
    consumer.read_through(200).await;
    let relay = new.relay().await;
    new.append(100).await;
    consumer.read_through(300).await;
    new.relayed(300).await;
    consumer.assert_is_log(&new.reader).await;
    assert_eq!(new.stored_positions().await, (1..=300).map(Some).collect::<Vec<_>>());
    relay.stop().await;
}

#[tokio::test]
async fn a_consumer_of_the_old_epoch_is_told_of_the_new_one_and_gets_none_of_its_events() {
    let world = World::new().await;
    let relay = world.relay().await;
    world.append(30).await;
    for (feed, after) in [
        (Feed::new(world.reader.clone(), None), 0),
        (Feed::new(world.reader.clone(), None), 30),
        (Feed::new(world.reader.clone(), Some(Hub::new(world.transport().await))), 0),
        (Feed::new(world.reader.clone(), Some(Hub::new(world.transport().await))), 30),
    ] {
        let mut consumer = Consumer::new(feed, Epoch(Uuid::from_u128(1)));
        consumer.after = after;
        let outcome = consumer.step().await;
        assert!(matches!(outcome, Err(FeedError::EpochChanged(now)) if now == world.epoch), "{outcome:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn an_epoch_that_begins_under_a_running_relay_and_consumer_reaches_both() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(40).await;
    consumer.read_through(40).await;
    world.relayed(40).await;
    let owner = sqlx::PgPool::connect_with(world.databases.owner_options()).await.unwrap();
    let next = Epoch(Uuid::from_u128(0xe3));
    sqlx::query("update log_epoch set epoch = $1").bind(next.0).execute(&owner).await.unwrap();
    world.append(10).await;
    let told = loop {
        match consumer.step().await {
            Ok(n) => assert_eq!(n, 0, "an event of the new epoch given to the old one"),
            Err(error) => break error,
        }
    };
    assert!(matches!(told, FeedError::EpochChanged(now) if now == next), "{told:?}");
    let mut again = Consumer::new(consumer.feed, next);
    again.read_through(50).await;
    again.assert_is_log(&world.reader).await;
    let world = World { epoch: next, ..world };
    world.relayed(50).await;
    assert_eq!(world.stored_positions().await, (1..=50).map(Some).collect::<Vec<_>>());
    relay.stop().await;
}

#[tokio::test]
async fn two_logs_that_share_a_prefix_by_mistake_still_feed_their_own_consumers() {
    let one = World::new().await;
    let two = with_another_epoch(&one).await;
    let relays = [one.relay().await, two.relay().await];
    let (mut a, mut b) = (one.consumer().await, two.consumer().await);
    for n in 1..=40 {
        one.append(3).await;
        two.append(2).await;
        tokio::join!(a.read_through(3 * n), b.read_through(2 * n));
    }
    a.assert_is_log(&one.reader).await;
    b.assert_is_log(&two.reader).await;
    for relay in relays {
        relay.stop().await;
    }
}
