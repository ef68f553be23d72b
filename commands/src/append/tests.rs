use super::*;
use crate::testing::{World, monday_morning};
use chrono::TimeDelta;
use domain::kiosk::{Event, LaneMode};
use domain::{KioskId, SchoolId};
use sqlx::{PgPool, Row};

fn enrolled() -> Event {
    Event::Enrolled { gate: "Portón Norte".into(), mode: LaneMode::EntryLane }
}

/// The first event of a new stream.
pub(crate) fn first_event(world: &World, at: DateTime<Utc>) -> NewEvent {
    use crate::ids::IdSource;
    let stream = StreamId::of(world.school, KioskId(world.ids.next()));
    NewEvent::new(&world.context(), EventId(world.ids.next()), stream, 1, at, &enrolled()).unwrap()
}

async fn append(world: &World, events: &[NewEvent]) -> Result<Head, sqlx::Error> {
    let mut tx = world.write.pool().begin().await?;
    let head = append_in_tx(&mut tx, world.clock.as_ref(), events).await?;
    tx.commit().await?;
    Ok(head)
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned()
}

#[tokio::test]
async fn a_batch_continues_the_log_and_knows_its_positions_beforehand() {
    let world = World::new().await;
    let at = monday_morning();
    let one = [first_event(&world, at)];
    assert_eq!(append(&world, &one).await.unwrap().position, 1);
    let many: Vec<_> = (0..500).map(|_| first_event(&world, at)).collect();
    let mut tx = world.write.pool().begin().await.unwrap();
    let head = Head::take_in_tx(&mut tx, world.clock.as_ref()).await.unwrap();
    assert_eq!((head.position, head.position_of(0), head.position_of(499)), (1, 2, 501));
    let end = head.append_in_tx(&mut tx, &many).await.unwrap();
    assert_eq!(end.position, 501);
    assert_eq!(end.append_in_tx(&mut tx, &[]).await.unwrap(), end);
    tx.commit().await.unwrap();
    assert_eq!(world.dense_length().await, 501);
    let last: Uuid =
        sqlx::query_scalar("select event_id from events where position = 501").fetch_one(&world.owner).await.unwrap();
    assert_eq!(last, many[499].event_id.0, "positions follow the order given");
}

#[tokio::test]
async fn a_rolled_back_batch_leaves_no_hole() {
    let world = World::new().await;
    let mut tx = world.write.pool().begin().await.unwrap();
    append_in_tx(&mut tx, world.clock.as_ref(), &[first_event(&world, monday_morning())]).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(append(&world, &[first_event(&world, monday_morning())]).await.unwrap().position, 1);
}

#[tokio::test]
async fn a_batch_with_a_hole_is_refused() {
    let world = World::new().await;
    append(&world, &[first_event(&world, monday_morning())]).await.unwrap();
    for claimed in [2, 7, 1_000_000] {
        let mut tx = world.write.pool().begin().await.unwrap();
        let head = Head::take_in_tx(&mut tx, world.clock.as_ref()).await.unwrap();
        let skipping = Head { position: claimed, ..head };
        let error = skipping.append_in_tx(&mut tx, &[first_event(&world, monday_morning())]).await.unwrap_err();
        assert_eq!(code(&error), "AT001", "a head of {claimed} was believed");
    }
    // A hole inside one statement.
    let error = sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
           position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id)
         select aggregate_type, aggregate_id, 100 + p, event_type, event_version, payload, metadata, p,
           gen_random_uuid(), school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id
         from events, unnest(array[2, 4]::bigint[]) p where position = 1",
    )
    .execute(world.write.pool())
    .await
    .unwrap_err();
    assert_eq!(code(&error), "AT001");
    // A position that is taken, and one below the first.
    for (claimed, refused_with) in [(0, "23505"), (-1, "23514")] {
        let mut tx = world.write.pool().begin().await.unwrap();
        let head = Head::take_in_tx(&mut tx, world.clock.as_ref()).await.unwrap();
        let behind = Head { position: claimed, ..head };
        let error = behind.append_in_tx(&mut tx, &[first_event(&world, monday_morning())]).await.unwrap_err();
        assert_eq!(code(&error), refused_with);
    }
    assert_eq!(world.dense_length().await, 1);
}

#[tokio::test]
async fn a_stream_of_another_school_is_refused() {
    let world = World::new().await;
    let mut event = first_event(&world, monday_morning());
    event.school_id = SchoolId(Uuid::from_u128(99));
    assert_eq!(code(&append(&world, std::slice::from_ref(&event)).await.unwrap_err()), "23514");
    // Nor does it help to name the school elsewhere in the stream.
    event.stream = StreamId::from_stored(format!("{}/{}", world.school, event.school_id));
    assert_eq!(code(&append(&world, &[event]).await.unwrap_err()), "23514");
    assert_eq!(world.dense_length().await, 0);
}

#[tokio::test]
async fn a_stream_that_moved_on_is_a_conflict() {
    let world = World::new().await;
    let event = first_event(&world, monday_morning());
    append(&world, std::slice::from_ref(&event)).await.unwrap();
    let error = append(&world, &[event]).await.unwrap_err();
    assert!(is_conflict(&error));
    assert_eq!(world.dense_length().await, 1);
}

#[tokio::test]
async fn recorded_at_never_goes_back_when_the_clock_does() {
    let world = World::new().await;
    let start = monday_morning();
    for minutes in [0, 5, -60, -59, 6, -100_000, 7] {
        world.clock.set(start + TimeDelta::minutes(minutes));
        append(&world, &[first_event(&world, start)]).await.unwrap();
        // The same clock for stock postgres-es.
        let kiosk = KioskId(crate::ids::IdSource::next(world.ids.as_ref()));
        let command = domain::kiosk::Command::Enrol { gate: "Portón Sur".into(), mode: LaneMode::ExitLane };
        let stream = StreamId::of(world.school, kiosk);
        world.write.execute::<domain::kiosk::Kiosk>(&world.context(), &stream, command).await.unwrap();
    }
    let recorded: Vec<DateTime<Utc>> =
        sqlx::query_scalar("select recorded_at from events order by position").fetch_all(&world.owner).await.unwrap();
    assert_eq!(recorded.len(), 14);
    assert!(recorded.is_sorted(), "{recorded:?}");
    let minutes: Vec<i64> = recorded.iter().map(|at| (*at - start).num_minutes()).collect();
    assert_eq!(minutes, [0, 0, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7]);
}

#[tokio::test]
async fn a_clock_far_behind_the_log_is_told_and_no_scan_is_refused_for_it() {
    let world = World::new().await;
    let start = monday_morning();
    world.clock.set(start + TimeDelta::days(26_000));
    append(&world, &[first_event(&world, start)]).await.unwrap();
    for (clock, behind) in [
        (start + TimeDelta::days(26_000) - BEHIND_TOLERANCE, None),
        (start, Some(TimeDelta::days(26_000))),
        (start + TimeDelta::minutes(1), Some(TimeDelta::days(26_000) - TimeDelta::minutes(1))),
    ] {
        world.clock.set(clock);
        let head = append(&world, &[first_event(&world, start)]).await.unwrap();
        assert_eq!(head.clock_behind, behind);
        assert_eq!(head.recorded_at, start + TimeDelta::days(26_000));
    }
    assert_eq!(world.dense_length().await, 4);
}

#[tokio::test]
async fn a_batch_that_was_recorded_before_the_last_event_is_refused() {
    let world = World::new().await;
    append(&world, &[first_event(&world, monday_morning())]).await.unwrap();
    let mut tx = world.write.pool().begin().await.unwrap();
    let head = Head::take_in_tx(&mut tx, world.clock.as_ref()).await.unwrap();
    let earlier = Head { recorded_at: head.recorded_at - TimeDelta::seconds(1), ..head };
    let error = earlier.append_in_tx(&mut tx, &[first_event(&world, monday_morning())]).await.unwrap_err();
    assert_eq!(code(&error), "AT001");
}

/// Columns and metadata of every row, compared by the database's own reading of the text.
pub(crate) async fn rows_whose_metadata_differs(owner: &PgPool) -> Vec<String> {
    sqlx::query(
        "select position, metadata::text as metadata from events where not (
           (metadata->>'event_id')::uuid = event_id
           and (metadata->>'school_id')::uuid = school_id
           and (metadata->>'occurred_at')::timestamptz = occurred_at
           and (metadata->>'recorded_at')::timestamptz = recorded_at
           and (metadata->>'local_date')::date = local_date
           and metadata->>'zone' = zone
           and (metadata->>'utc_offset')::integer = utc_offset
           and metadata->>'actor' = actor
           and (metadata->>'correlation_id')::uuid = correlation_id
           and (metadata->>'causation_id')::uuid is not distinct from causation_id
           and (metadata->>'command_id')::uuid is not distinct from command_id
           and (select count(*) from json_object_keys(metadata))
             = 9 + (causation_id is not null)::int + (command_id is not null)::int)",
    )
    .fetch_all(owner)
    .await
    .unwrap()
    .iter()
    .map(|row| format!("{}: {}", row.get::<i64, _>("position"), row.get::<String, _>("metadata")))
    .collect()
}

#[tokio::test]
async fn a_batchs_metadata_says_the_same_as_its_columns() {
    let world = World::new().await;
    let plain = first_event(&world, monday_morning() + TimeDelta::nanoseconds(123_456_789));
    let full = NewEvent {
        causation_id: Some(Uuid::from_u128(5)),
        command_id: Some(CommandId(Uuid::from_u128(6))),
        actor: Actor("cli:\"ñ\" \\".into()),
        zone: chrono_tz::America::Punta_Arenas,
        local_date: NaiveDate::from_ymd_opt(2026, 3, 8).unwrap(),
        ..first_event(&world, monday_morning())
    };
    append(&world, &[plain.clone(), full]).await.unwrap();
    assert_eq!(rows_whose_metadata_differs(&world.owner).await, [""; 0]);
    let stored: String = sqlx::query_scalar("select payload::text from events where position = 1")
        .fetch_one(&world.owner)
        .await
        .unwrap();
    assert_eq!(stored, plain.payload, "the payload is kept byte for byte");
    assert_eq!(plain.local_date.to_string(), "2026-03-09");
}
