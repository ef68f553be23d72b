use super::*;
use crate::ReserveError;
use crate::append::tests::rows_whose_metadata_differs;
use crate::testing::{World, settings};
use domain::kiosk::{self, Kiosk, LaneMode};
use domain::school::{self, School};
use domain::{KioskId, StreamId};
use std::time::Duration;
use uuid::Uuid;

fn enrol(gate: &str) -> kiosk::Command {
    kiosk::Command::Enrol { gate: gate.into(), mode: LaneMode::EntryLane }
}

fn kiosk_stream(world: &World, id: u128) -> StreamId {
    StreamId::of(world.school, KioskId(Uuid::from_u128(id)))
}

fn silent(n: i64) -> kiosk::Command {
    let last_seen = crate::testing::monday_morning() + chrono::TimeDelta::seconds(n);
    kiosk::Command::ReportSilent { last_seen }
}

fn gap(n: i64) -> kiosk::Command {
    kiosk::Command::ReportGap { queue_id: domain::QueueId(Uuid::from_u128(9)), from: n, to: n }
}

#[tokio::test]
async fn a_command_appends_its_events_and_says_where() {
    let world = World::new().await;
    let stream = kiosk_stream(&world, 1);
    let done = world.write.execute::<Kiosk>(&world.context(), &stream, enrol("Portón Norte")).await.unwrap();
    assert_eq!(done, Done { position: Some(1), events: 1, repeated: false });
    let nothing = world.write.execute::<Kiosk>(&world.context(), &stream, enrol("Portón Norte")).await.unwrap();
    assert_eq!(nothing, Done::NOTHING);
    let done = world.write.execute::<Kiosk>(&world.context(), &stream, silent(0)).await.unwrap();
    assert_eq!(done.position, Some(2));
}

#[tokio::test]
async fn a_refusal_is_the_aggregates_own_error() {
    let world = World::new().await;
    let refused = world.write.execute::<Kiosk>(&world.context(), &kiosk_stream(&world, 1), silent(0)).await;
    assert!(matches!(refused, Err(WriteError::Rejected(kiosk::Error::NotEnrolled))), "{refused:?}");
    assert_eq!(world.dense_length().await, 0);
}

#[tokio::test]
async fn stock_postgres_es_fills_every_column_as_the_metadata_says() {
    let world = World::new().await;
    let stream = kiosk_stream(&world, 1);
    let context = Context { causation_id: Some(Uuid::from_u128(3)), ..world.context_with_id(4) };
    world.write.execute::<Kiosk>(&context, &stream, enrol("Portón \"Ñ\" \\ / \u{1F600}")).await.unwrap();
    // Silent and heard again: one command with two events, if it has one; the clock steps back.
    world.clock.advance(chrono::TimeDelta::seconds(-90));
    world.write.execute::<Kiosk>(&world.context(), &stream, silent(0)).await.unwrap();
    for n in 1..=3 {
        world.clock.advance(chrono::TimeDelta::microseconds(1_234_567));
        world.write.execute::<Kiosk>(&world.context(), &stream, gap(n)).await.unwrap();
    }
    assert_eq!(rows_whose_metadata_differs(&world.owner).await, [""; 0]);
    let ids: i64 =
        sqlx::query_scalar("select count(distinct event_id) from events").fetch_one(&world.owner).await.unwrap();
    assert_eq!(ids as usize, world.dense_length().await);
    let (zone, offset, date): (String, i32, chrono::NaiveDate) =
        sqlx::query_as("select zone, utc_offset, local_date from events where position = 1")
            .fetch_one(&world.owner)
            .await
            .unwrap();
    assert_eq!((zone.as_str(), offset, date.to_string().as_str()), ("America/Santiago", -10_800, "2026-03-09"));
}

#[tokio::test]
async fn the_local_date_is_the_schools_and_not_utcs() {
    let world = World::new().await;
    // 21:30 in Santiago on the 9th is 00:30 UTC on the 10th.
    world.clock.advance(chrono::TimeDelta::hours(14));
    world.write.execute::<Kiosk>(&world.context(), &kiosk_stream(&world, 1), enrol("Portón")).await.unwrap();
    let (date, at): (chrono::NaiveDate, chrono::DateTime<chrono::Utc>) =
        sqlx::query_as("select local_date, occurred_at from events").fetch_one(&world.owner).await.unwrap();
    assert_eq!((date.to_string().as_str(), at.date_naive().to_string().as_str()), ("2026-03-09", "2026-03-10"));
}

#[tokio::test]
async fn another_schools_stream_is_refused_before_it_is_read() {
    let world = World::new().await;
    let theirs = StreamId::of(domain::SchoolId(Uuid::from_u128(0xbad)), KioskId(Uuid::from_u128(1)));
    let smuggled = StreamId::from_stored(format!("{}/{}", Uuid::from_u128(0xbad), world.school));
    for stream in [theirs, smuggled] {
        let refused = world.write.execute::<Kiosk>(&world.context(), &stream, enrol("Portón")).await;
        assert!(matches!(refused, Err(WriteError::Store(StoreError::ForeignStream))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_repeated_command_is_answered_from_the_log() {
    let world = World::new().await;
    let stream = kiosk_stream(&world, 1);
    let context = world.context_with_id(77);
    let first = world.write.execute::<Kiosk>(&context, &stream, enrol("Portón")).await.unwrap();
    world.write.execute::<Kiosk>(&world.context(), &stream, silent(0)).await.unwrap();
    let again = world.write.execute::<Kiosk>(&context, &stream, enrol("Portón")).await.unwrap();
    assert_eq!(again, Done { repeated: true, ..first });
    // Even where the aggregate would refuse it by now.
    world.write.execute::<Kiosk>(&world.context(), &stream, kiosk::Command::Revoke).await.unwrap();
    let again = world.write.execute::<Kiosk>(&context, &stream, enrol("Portón")).await.unwrap();
    assert_eq!(again, Done { repeated: true, ..first });
    // To another aggregate it is another command.
    let other = world.write.execute::<Kiosk>(&context, &kiosk_stream(&world, 2), enrol("Portón")).await.unwrap();
    assert_eq!((other.events, other.repeated), (1, false));
    assert_eq!(world.dense_length().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_sent_16_times_at_once_is_done_once_and_answered_alike() {
    let world = World::with_connections(16).await;
    let stream = kiosk_stream(&world, 1);
    world.write.execute::<Kiosk>(&world.context(), &stream, enrol("Portón")).await.unwrap();
    let context = world.context_with_id(5);
    let calls = (0..16).map(|_| world.write.execute::<Kiosk>(&context, &stream, silent(1)));
    let answers: Vec<Done> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|a| (a.position, a.events) == (Some(2), 1)), "{answers:?}");
    assert_eq!(answers.iter().filter(|a| !a.repeated).count(), 1, "{answers:?}");
    assert_eq!(world.dense_length().await, 2);
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let world = World::new().await;
    let (key, other_key) = (CommandId(Uuid::from_u128(1)), CommandId(Uuid::from_u128(2)));
    let reserve = |school, key, request| world.write.reserve_command(school, key, request);
    reserve(world.school, key, [1; 32]).await.unwrap();
    assert!(matches!(reserve(world.school, key, [2; 32]).await, Err(ReserveError::KeyReused)));
    reserve(world.school, other_key, [2; 32]).await.unwrap();
    reserve(domain::SchoolId(Uuid::from_u128(8)), key, [2; 32]).await.unwrap();
}

#[tokio::test]
async fn a_reserved_command_keeps_its_first_outcome_and_nothing_else_of_it_can_change() {
    let world = World::new().await;
    let keys = [1, 2, 3].map(|n| CommandId(Uuid::from_u128(n)));
    let outcomes = [Outcome::Done(None), Outcome::Done(Some(7)), Outcome::Refused("course_closed".into())];
    for (key, outcome) in keys.into_iter().zip(outcomes) {
        let claim = claim(&world, key).await;
        let first = world.write.finish_command(&claim, outcome.clone()).await.unwrap();
        let second = world.write.finish_command(&claim, Outcome::Done(Some(99))).await.unwrap();
        assert_eq!((&first, &second), (&outcome, &outcome));
        let again = world.write.reserve_command(world.school, key, [1; 32]).await.unwrap();
        assert_eq!(again, Reserved::Done(outcome));
    }
    // The same key of another school, and another key, are another command.
    let other_school = domain::SchoolId(Uuid::from_u128(8));
    for (school, key) in
        [(other_school, keys[0]), (other_school, keys[1]), (world.school, CommandId(Uuid::from_u128(4)))]
    {
        let own = world.write.reserve_command(school, key, [1; 32]).await.unwrap();
        let Reserved::Run(own) = own else { panic!("{own:?}") };
        let outcome = Outcome::Refused("kiosk_refused".into());
        assert_eq!(world.write.finish_command(&own, outcome.clone()).await.unwrap(), outcome);
        assert_eq!(world.write.reserve_command(school, key, [1; 32]).await.unwrap(), Reserved::Done(outcome));
    }
    let first = world.write.reserve_command(world.school, keys[0], [1; 32]).await.unwrap();
    assert_eq!(first, Reserved::Done(Outcome::Done(None)));
    for change in ["set request_sha256 = ''", "set command_id = gen_random_uuid()", "set reserved_at = now()"] {
        let change = format!("update command_reservations {change}");
        let refused = sqlx::query(&change).execute(world.write.pool()).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501");
    }
}

async fn claim(world: &World, key: CommandId) -> Claim {
    match world.write.reserve_command(world.school, key, [1; 32]).await.unwrap() {
        Reserved::Run(claim) => claim,
        Reserved::Done(outcome) => panic!("it was done: {outcome:?}"),
    }
}

#[tokio::test]
async fn a_repeat_waits_for_the_call_that_runs_and_takes_over_from_one_that_gave_up_or_died() {
    let world = World::new().await;
    let key = CommandId(Uuid::from_u128(1));
    let first = claim(&world, key).await;
    let repeat = || world.write.reserve_command(world.school, key, [1; 32]);
    let short = tokio::time::timeout(Duration::from_millis(300), repeat()).await;
    assert!(short.is_err(), "it runs still");
    let other = world.write.reserve_command(world.school, key, [2; 32]).await;
    assert!(matches!(other, Err(ReserveError::KeyReused)), "another request need not wait to be refused");

    world.write.release_command(&first).await.unwrap();
    let second = claim(&world, key).await;
    assert_ne!(first, second);
    world.write.release_command(&first).await.unwrap();
    let short = tokio::time::timeout(Duration::from_millis(300), repeat()).await;
    assert!(short.is_err(), "a claim that is no more gives nothing up");

    let aged = "update command_reservations set claimed_at = claimed_at - interval '31 seconds'";
    sqlx::query(aged).execute(&world.owner).await.unwrap();
    let third = claim(&world, key).await;
    let (waiting, finished) =
        tokio::join!(repeat(), world.write.finish_command(&third, Outcome::Refused("course_closed".into())));
    assert_eq!(waiting.unwrap(), Reserved::Done(finished.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_on_five_hot_aggregates_all_succeed() {
    const ROUNDS: i64 = 25;
    let world = World::with_connections(8).await;
    for id in 0..5 {
        world.write.execute::<Kiosk>(&world.context(), &kiosk_stream(&world, id), enrol("Portón")).await.unwrap();
    }
    let writers = (0..8i64).map(|writer| {
        let world = &world;
        async move {
            for round in 0..ROUNDS {
                let stream = kiosk_stream(world, u128::from((round % 5) as u8));
                let command = gap(1 + writer * ROUNDS + round);
                let done = world.write.execute::<Kiosk>(&world.context(), &stream, command).await.unwrap();
                assert_eq!(done.events, 1);
            }
        }
    });
    futures::future::join_all(writers).await;
    assert_eq!(world.dense_length().await, 5 + 8 * ROUNDS as usize);
    let broken: i64 = sqlx::query_scalar(
        "select count(*) from (select aggregate_id, count(*) n, max(sequence) s from events group by 1) t where n <> s",
    )
    .fetch_one(&world.owner)
    .await
    .unwrap();
    assert_eq!(broken, 0, "a stream has a hole");
}

/// Defect D32: a lock on "the last row" locks nothing when there is no row.
#[tokio::test(flavor = "multi_thread")]
async fn d32_of_32_first_commands_on_one_stream_one_opens_it_and_the_others_see_that() {
    let world = World::with_connections(16).await;
    let stream = kiosk_stream(&world, 1);
    let calls = (0..32).map(|n| {
        let (world, stream) = (&world, &stream);
        async move { world.write.execute::<Kiosk>(&world.context(), stream, enrol(&format!("Portón {n}"))).await }
    });
    let answers = futures::future::join_all(calls).await;
    let opened = answers.iter().filter(|a| a.as_ref().is_ok_and(|d| d.events == 1)).count();
    assert_eq!(opened, 1);
    for answer in answers.iter().filter(|a| a.is_err()) {
        assert!(matches!(answer, Err(WriteError::Rejected(kiosk::Error::AlreadyEnrolled))), "{answer:?}");
    }
    assert_eq!(world.dense_length().await, 1);
}

/// Defect D31: clients built per request.
#[tokio::test]
async fn d31_a_clone_shares_the_one_pool() {
    let world = World::with_connections(3).await;
    for id in 0..40 {
        let write = world.write.clone();
        write.execute::<Kiosk>(&world.context(), &kiosk_stream(&world, id), enrol("Portón")).await.unwrap();
        assert!(write.pool().size() <= 3);
    }
    let sessions: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database()
           and application_name = 'attendance_log_writer'",
    )
    .fetch_one(&world.owner)
    .await
    .unwrap();
    assert!((1..=3).contains(&sessions), "{sessions}");
}

/// Defect D30: a pool that waits for itself.
#[tokio::test(flavor = "multi_thread")]
async fn d30_64_writes_at_once_do_not_starve_on_two_connections() {
    let world = World::with_connections(2).await;
    let calls = (0..64).map(|id| {
        let world = &world;
        async move { world.write.execute::<Kiosk>(&world.context(), &kiosk_stream(world, id), enrol("Portón")).await }
    });
    let begun = std::time::Instant::now();
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(world.dense_length().await, 64);
}

#[tokio::test]
async fn settings_follow_the_log() {
    let world = World::new().await;
    let stream = StreamId::of(world.school, world.school);
    let unknown = world.write.school_settings(world.school).await;
    assert!(matches!(unknown, Err(StoreError::UnknownSchool(_))), "{unknown:?}");
    let register = school::Command::Register { name: "Liceo Ñuble".into(), rbd: None, settings: settings(10) };
    world.write.execute::<School>(&world.context(), &stream, register).await.unwrap();
    assert_eq!(world.write.school_settings(world.school).await.unwrap(), settings(10));
    // Another process writes; this one sees it at its next look.
    let change = school::Command::ChangeSettings { settings: settings(25) };
    world.write.execute::<School>(&world.context(), &stream, change).await.unwrap();
    assert_eq!(world.write.school_settings(world.school).await.unwrap(), settings(25));
    assert_eq!(world.write.school_settings(world.school).await.unwrap(), settings(25));
    // Another school has its own.
    let other = domain::SchoolId(Uuid::from_u128(8));
    let unknown = world.write.school_settings(other).await;
    assert!(matches!(unknown, Err(StoreError::UnknownSchool(_))), "{unknown:?}");
    assert_eq!(world.write.epoch().await.unwrap().0, local_services::testing::EPOCH);
    // After a restore that took the change back, a new epoch folds from the beginning.
    sqlx::query("alter table events disable trigger events_append_only").execute(&world.owner).await.unwrap();
    sqlx::query("delete from events where position = 2").execute(&world.owner).await.unwrap();
    sqlx::query("update log_epoch set epoch = gen_random_uuid()").execute(&world.owner).await.unwrap();
    assert_eq!(world.write.school_settings(world.school).await.unwrap(), settings(10));
}
