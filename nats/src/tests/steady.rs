//! Nothing goes wrong, or NATS is not there at all.

use super::*;
use crate::{FeedError, Source};

#[tokio::test]
async fn without_nats_a_consumer_reads_the_log_and_is_woken_by_it() {
    let world = World::new().await;
    world.append(1_500).await;
    let mut consumer = Consumer::new(Feed::new(world.reader.clone(), None), world.epoch);
    consumer.read_through(1_500).await;
    let mut waits = Vec::new();
    for n in 1..=20 {
        let (wait, ()) = tokio::join!(
            async {
                let begun = Instant::now();
                consumer.read_through(1_500 + n).await;
                begun.elapsed()
            },
            world.append(1)
        );
        waits.push(wait);
    }
    waits.sort_unstable();
    assert!(waits[10] < Duration::from_millis(90), "half waited {:?} and more: nobody was notified", waits[10]);
    consumer.assert_is_log(&world.reader).await;
}

#[tokio::test]
async fn when_all_is_well_nats_carries_the_events() {
    let world = World::new().await;
    let relay = world.relay().await;
    let mut consumer = world.consumer().await;
    world.append(50).await;
    consumer.read_through(50).await;
    world.relayed(50).await;
    for n in 1..=100 {
        world.append(3).await;
        consumer.read_through(50 + 3 * n).await;
    }
    consumer.assert_is_log(&world.reader).await;
    assert!(consumer.by_nats > 150, "{} of 350 by NATS", consumer.by_nats);
    relay.stop().await;
    assert_eq!(world.stored_positions().await, (1..=350).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_consumer_that_starts_behind_catches_up() {
    let world = World::new().await;
    let relay = world.relay().await;
    world.append(20_000).await;
    world.relayed(20_000).await;
    let mut consumer = world.consumer().await;
    consumer.read_through(20_000).await;
    consumer.assert_is_log(&world.reader).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_message_says_where_it_belongs() {
    let world = World::new().await;
    let relay = world.relay().await;
    world.append(1).await;
    world.relayed(1).await;
    world.append(3).await;
    world.relayed(4).await;
    let message = world.stream().await.get_raw_message(2).await.unwrap();
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(message.subject.as_str(), format!("{}.log", world.prefix));
    assert_eq!(header("Nats-Msg-Id"), Some(format!("{}:2-4", world.epoch)));
    assert_eq!(header("Att-Epoch"), Some(world.epoch.to_string()));
    assert_eq!(header("Att-First").as_deref(), Some("2"));
    assert_eq!(header("Att-Position").as_deref(), Some("4"));
    relay.stop().await;
}

#[tokio::test]
async fn an_idle_feed_answers_with_an_empty_page_in_a_quarter_of_a_second() {
    let world = World::new().await;
    let mut feed: Feed = Feed::new(world.reader.clone(), None);
    let begun = Instant::now();
    let page = feed.next_page(0, world.epoch, 10).await.unwrap();
    assert!(page.events.is_empty());
    assert_eq!(page.source, Source::Log);
    assert!(begun.elapsed() > Duration::from_millis(200) && begun.elapsed() < Duration::from_millis(600));
}

#[tokio::test]
async fn a_checkpoint_beyond_the_log_is_told_instead_of_skipping_what_comes() {
    let world = World::new().await;
    world.append(5).await;
    let mut feed: Feed = Feed::new(world.reader.clone(), None);
    let outcome = feed.next_page(9, world.epoch, 10).await;
    assert!(matches!(outcome, Err(FeedError::AheadOfLog { after: 9, head: 5 })), "{outcome:?}");
}

#[tokio::test]
async fn all_feeds_of_a_process_share_one_listener() {
    let world = World::new().await;
    let feeds: Vec<Feed> = (0..5).map(|_| Feed::new(world.reader.clone(), None)).collect();
    let owner = sqlx::PgPool::connect_with(world.databases.owner_options()).await.unwrap();
    let listeners = async || {
        sqlx::query_scalar::<_, i64>(
            "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'",
        )
        .fetch_one(&owner)
        .await
        .unwrap()
    };
    until("somebody listens", async || listeners().await > 0).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(listeners().await, 1);
    drop(feeds);
    until("nobody listens", async || listeners().await == 0).await;
}

#[tokio::test]
async fn all_feeds_of_a_process_share_one_subscription_and_each_gets_all() {
    let world = World::new().await;
    let relay = world.relay().await;
    let hub = Hub::new(world.transport().await);
    let feeds = (0..3).map(|_| Feed::new(world.reader.clone(), Some(hub.clone())));
    let mut consumers: Vec<Consumer> = feeds.map(|feed| Consumer::new(feed, world.epoch)).collect();
    for n in 1..=100 {
        world.append(3).await;
        for consumer in &mut consumers {
            consumer.read_through(3 * n).await;
        }
    }
    for consumer in &consumers {
        consumer.assert_is_log(&world.reader).await;
        assert!(consumer.by_nats > 150, "{} of 300 by NATS", consumer.by_nats);
    }
    assert_eq!(world.stream().await.get_info().await.unwrap().state.consumer_count, 1);
    relay.stop().await;
}

#[tokio::test]
async fn a_transport_refuses_a_prefix_that_is_no_stream_name_and_never_quotes_the_url() {
    for prefix in ["", "a.b", "a b", "*", ">"] {
        assert!(Transport::connect("nats://127.0.0.1:1", prefix).await.is_err(), "{prefix:?}");
    }
    let error = Transport::connect("nats://user:secret@host:port", "p").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}
