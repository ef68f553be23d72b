use super::*;
use crate::append::tests::rows_whose_metadata_differs;
use crate::testing::World;
use crate::{Done, StoreError, WriteError};
use domain::StreamId;
use uuid::Uuid;

/// A counter whose commands have any number of events.
struct Counter;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Counted {
    #[serde(rename = "counted")]
    Counted { n: u32 },
}

impl DomainEvent for Counted {
    const AGGREGATE: &'static str = "counter";
    const CATALOGUE: &'static [(&'static str, &'static str)] = &[("counted", "One more.")];
    fn name(&self) -> &'static str {
        "counted"
    }
}

#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("too far")]
struct TooFar;

impl domain::Aggregate for Counter {
    type State = u32;
    type Command = u32;
    type Event = Counted;
    type Error = TooFar;
    fn decide(state: &u32, up_to: u32) -> Result<Vec<Counted>, TooFar> {
        if up_to > 100 { Err(TooFar) } else { Ok((state + 1..=up_to).map(|n| Counted::Counted { n }).collect()) }
    }
    fn evolve(_: u32, event: &Counted) -> u32 {
        let Counted::Counted { n } = event;
        *n
    }
}

fn stream(world: &World) -> StreamId {
    StreamId::of(world.school, Uuid::from_u128(1))
}

async fn count(world: &World, up_to: u32) -> Result<Done, WriteError<TooFar>> {
    world.write.execute::<Counter>(&world.context(), &stream(world), up_to).await
}

#[tokio::test]
async fn all_events_of_one_command_are_appended_together_each_with_its_own_id() {
    let world = World::new().await;
    assert_eq!(count(&world, 3).await.unwrap(), Done { position: Some(3), events: 3, repeated: false });
    assert_eq!(count(&world, 5).await.unwrap(), Done { position: Some(5), events: 2, repeated: false });
    assert_eq!(count(&world, 4).await.unwrap(), Done::NOTHING);
    assert!(matches!(count(&world, 101).await, Err(WriteError::Rejected(TooFar))));
    assert_eq!(world.dense_length().await, 5);
    assert_eq!(rows_whose_metadata_differs(&world.owner).await, [""; 0]);
    let ids: i64 =
        sqlx::query_scalar("select count(distinct event_id) from events").fetch_one(&world.owner).await.unwrap();
    assert_eq!(ids, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_commands_of_many_events_at_once_none_is_done_by_half() {
    let world = World::with_connections(8).await;
    let calls = (0..12).map(|n| count(&world, 20 + n));
    let events: usize = futures::future::join_all(calls).await.into_iter().map(|done| done.unwrap().events).sum();
    assert_eq!(events, 31);
    assert_eq!(world.dense_length().await, 31);
    let counted: Vec<i32> = sqlx::query_scalar("select (payload->>'n')::int from events order by position")
        .fetch_all(&world.owner)
        .await
        .unwrap();
    assert_eq!(counted, (1..=31).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_of_an_unknown_version_is_not_read_as_if_it_were_known() {
    let world = World::new().await;
    count(&world, 1).await.unwrap();
    // As a newer program would have left it.
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
         select aggregate_type, aggregate_id, 2, event_type, '2', payload, metadata from events",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let refused = count(&world, 3).await;
    let Err(WriteError::Store(error @ StoreError::Library(_))) = refused else { panic!("{refused:?}") };
    assert!(!error.is_temporary());
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("counter.counted version 2"), "{cause}");
    assert_eq!(world.dense_length().await, 2);
}

#[test]
fn nobody_turns_snapshots_on_by_accident() {
    assert!(serde_json::to_string(&Bridge::<Counter>::default()).is_err());
    assert!(serde_json::from_str::<Bridge<Counter>>("0").is_err());
}
