use super::*;
use crate::testing::World;
use domain::kiosk::{self, Kiosk, LaneMode};
use domain::{CourseId, GuardianId, KioskId, StudentId};
use domain::{guardian, student};
use std::time::Duration;

fn sealed(text: &str) -> domain::Sealed {
    domain::Sealed(text.into())
}

fn register(name: &str) -> guardian::Command {
    guardian::Command::Register { name: sealed(name), national_id: None, phone: None, mail: None }
}

fn enrol() -> student::Command {
    student::Command::Enrol {
        course_id: CourseId(Uuid::from_u128(5)),
        from: chrono::NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
        given_names: sealed("g"),
        family_names: sealed("f"),
        national_id: None,
    }
}

fn link(n: u128) -> student::Command {
    student::Command::LinkGuardian { guardian_id: GuardianId(Uuid::from_u128(n)), rights: Default::default() }
}

/// A pupil with one guardian: three commands to two streams, and two reservations.
fn family(world: &World, context: &Context, pupil: u128, parent: u128) -> Unit {
    let student = StreamId::of(world.school, StudentId(Uuid::from_u128(pupil)));
    let guardian = StreamId::of(world.school, GuardianId(Uuid::from_u128(parent)));
    let mut unit = Unit::of(world.school);
    let directory = world.write.directory();
    let hmac = |kind, n: u128| directory.hmac(world.school, kind, &n.to_string());
    unit.reserve(Kind::Guardian, hmac(Kind::Guardian, parent), Uuid::from_u128(parent), None);
    unit.step::<guardian::Guardian>(&context.part(&format!("guardian {parent}")), guardian, register("n"));
    unit.reserve(Kind::NationalId, hmac(Kind::NationalId, pupil), Uuid::from_u128(pupil), None);
    unit.step::<student::Student>(&context.part(&format!("enrol {pupil}")), student.clone(), enrol());
    unit.step::<student::Student>(&context.part(&format!("link {pupil}")), student, link(parent));
    unit
}

async fn reservations(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from directory").fetch_one(&world.owner).await.unwrap()
}

#[tokio::test]
async fn commands_to_several_streams_commit_as_one_and_a_repeat_appends_nothing() {
    let world = World::new().await;
    let context = world.context_with_id(1);
    let done = world.write.execute_together(family(&world, &context, 1, 2)).await.unwrap();
    let at = |position| Done { position: Some(position), events: 1, repeated: false };
    assert_eq!(done, [at(1), at(2), at(3)]);
    // One transaction is one `xmin`.
    let transactions: i64 =
        sqlx::query_scalar("select count(distinct xmin::text) from events").fetch_one(&world.owner).await.unwrap();
    assert_eq!((world.dense_length().await, transactions), (3, 1));
    assert_eq!(crate::append::tests::rows_whose_metadata_differs(&world.owner).await, [""; 0]);

    let again = world.write.execute_together(family(&world, &context, 1, 2)).await.unwrap();
    assert_eq!(again, [1, 2, 3].map(|p| Done { repeated: true, ..at(p) }));
    // A brother: the guardian is a step of his unit too and is found done.
    let brother = world.write.execute_together(family(&world, &context, 3, 2)).await.unwrap();
    assert_eq!(brother, [Done { repeated: true, ..at(1) }, at(4), at(5)]);
    assert_eq!((world.dense_length().await, reservations(&world).await), (5, 3));
}

#[tokio::test]
async fn one_refused_command_leaves_no_event_and_no_reservation() {
    let world = World::new().await;
    let mut unit = family(&world, &world.context(), 1, 2);
    let kiosk = StreamId::of(world.school, KioskId(Uuid::from_u128(4)));
    unit.step::<Kiosk>(&world.context(), kiosk, kiosk::Command::Revoke);
    let refused = world.write.execute_together(unit).await.unwrap_err();
    let UnitError::Rejected(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.downcast_ref(), Some(&kiosk::Error::NotEnrolled));
    assert_eq!((world.dense_length().await, reservations(&world).await), (0, 0));
}

#[tokio::test]
async fn a_value_of_somebody_else_stops_the_whole_unit() {
    let world = World::new().await;
    let theirs = Uuid::from_u128(99);
    world.write.directory().reserve(world.school, Kind::NationalId, "1", theirs, None).await.unwrap();
    let refused = world.write.execute_together(family(&world, &world.context(), 1, 2)).await;
    assert!(matches!(refused, Err(UnitError::Claimed)), "{refused:?}");
    assert_eq!((world.dense_length().await, reservations(&world).await), (0, 1));
}

#[tokio::test]
async fn another_schools_stream_or_context_is_refused() {
    let world = World::new().await;
    let school = domain::SchoolId(Uuid::from_u128(0xbad));
    let stream = |school| StreamId::of(school, KioskId(Uuid::from_u128(1)));
    let command = kiosk::Command::Enrol { gate: "Portón".into(), mode: LaneMode::EntryLane };
    for (context, stream) in [
        (world.context(), stream(school)),
        (Context { school, ..world.context() }, stream(school)),
        (Context { school, ..world.context() }, stream(world.school)),
    ] {
        let mut unit = Unit::of(world.school);
        unit.step::<Kiosk>(&context, stream, command.clone());
        let refused = world.write.execute_together(unit).await;
        assert!(matches!(refused, Err(UnitError::Store(StoreError::ForeignStream))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_share_a_guardian_all_succeed_at_once_and_register_it_once() {
    let world = World::with_connections(8).await;
    let context = world.context_with_id(1);
    // In both orders of two shared guardians, so that waiting in a circle would show.
    let units = (0..24u128).map(|n| {
        let mut unit = family(&world, &context, 100 + n, 1 + n % 2);
        let other = family(&world, &context, 200 + n, 2 - n % 2);
        let before = unit.steps.len();
        unit.steps.extend(other.steps);
        unit.claims.extend(other.claims.into_iter().map(|(step, claim)| (before + step, claim)));
        world.write.execute_together(unit)
    });
    for done in futures::future::join_all(units).await {
        assert_eq!(done.unwrap().len(), 6);
    }
    assert_eq!(world.dense_length().await, 2 + 24 * 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_moves_between_reading_and_appending_is_read_and_decided_again() {
    let world = World::with_connections(8).await;
    let stream = StreamId::of(world.school, KioskId(Uuid::from_u128(1)));
    let enrol = kiosk::Command::Enrol { gate: "Portón".into(), mode: LaneMode::EntryLane };
    world.write.execute::<Kiosk>(&world.context(), &stream, enrol).await.unwrap();
    // Single commands and units on one stream, all at once.
    let gap = |n| kiosk::Command::ReportGap { queue_id: domain::QueueId(Uuid::from_u128(9)), from: n, to: n };
    let units = (0..20i64).map(|n| {
        let (world, stream) = (&world, &stream);
        async move {
            if n % 2 == 0 {
                return world.write.execute::<Kiosk>(&world.context(), stream, gap(1 + n)).await.unwrap().events;
            }
            let mut unit = Unit::of(world.school);
            unit.step::<Kiosk>(&world.context(), stream.clone(), gap(1 + n));
            unit.step::<Kiosk>(&world.context(), stream.clone(), gap(101 + n));
            world.write.execute_together(unit).await.unwrap().iter().map(|d| d.events).sum()
        }
    });
    let events: usize = futures::future::join_all(units).await.into_iter().sum();
    assert_eq!((events, world.dense_length().await), (30, 31));
}

/// Refuses (or ends the session of) whoever inserts the nth row from now on, in either table.
async fn strike_at(world: &World, n: i64, how: &str) {
    let sql = format!(
        "drop sequence if exists strokes cascade;
         create sequence strokes;
         create or replace function strike() returns trigger language plpgsql security definer as $$
         begin
           if nextval('strokes') = {n} then {how}; end if;
           return new;
         end $$;
         create or replace trigger strike before insert on events for each row execute function strike();
         create or replace trigger strike before insert on directory for each row execute function strike();"
    );
    sqlx::raw_sql(&sql).execute(&world.owner).await.unwrap();
}

#[tokio::test]
async fn wherever_an_insert_fails_nothing_of_the_unit_remains_and_a_repeat_does_all_of_it() {
    let world = World::new().await;
    for n in 1..=5 {
        strike_at(&world, n, "raise exception 'no'").await;
        let failed = world.write.execute_together(family(&world, &world.context_with_id(1), 1, 2)).await;
        assert!(matches!(failed, Err(UnitError::Store(StoreError::Refused(_)))), "{n}: {failed:?}");
        assert_eq!((world.dense_length().await, reservations(&world).await), (0, 0), "row {n}");
    }
    // The sixth row does not exist: the counter is right and the unit commits.
    strike_at(&world, 6, "raise exception 'no'").await;
    world.write.execute_together(family(&world, &world.context_with_id(1), 1, 2)).await.unwrap();
    assert_eq!((world.dense_length().await, reservations(&world).await), (3, 2));
}

#[tokio::test]
async fn wherever_the_session_ends_the_unit_is_done_once() {
    for n in 1..=5 {
        let world = World::new().await;
        strike_at(&world, n, "perform pg_terminate_backend(pg_backend_pid())").await;
        let done = world.write.execute_together(family(&world, &world.context(), 1, 2)).await.unwrap();
        assert!(done.iter().all(|d| !d.repeated && d.events == 1), "row {n}: {done:?}");
        assert_eq!((world.dense_length().await, reservations(&world).await), (3, 2), "row {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_during_the_commit_leaves_the_unit_to_the_next_try() {
    let world = World::new().await;
    // The commit itself waits, in a deferred trigger, until the session is ended from outside.
    sqlx::raw_sql(
        "create function wait() returns trigger language plpgsql as $$
         begin
           if (select count(*) from pg_locks where locktype = 'advisory' and objid = 77) = 0 then
             perform pg_advisory_xact_lock(77);
             perform pg_sleep(2);
           end if;
           return null;
         end $$;
         create constraint trigger wait after insert on events deferrable initially deferred
           for each row execute function wait();",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let call = world.write.execute_together(family(&world, &world.context_with_id(1), 1, 2));
    let ending = async {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let ended: i64 = sqlx::query_scalar(
                "select count(*) from (select pg_terminate_backend(pid) from pg_locks
                 where locktype = 'advisory' and objid = 77 and pid <> pg_backend_pid()) t",
            )
            .fetch_one(&world.owner)
            .await
            .unwrap();
            if ended > 0 {
                sqlx::raw_sql("drop trigger wait on events").execute(&world.owner).await.unwrap();
                return;
            }
        }
        panic!("the commit never waited");
    };
    let (done, ()) = tokio::join!(call, ending);
    assert_eq!(done.unwrap().len(), 3);
    assert_eq!((world.dense_length().await, reservations(&world).await), (3, 2));
    let again = world.write.execute_together(family(&world, &world.context_with_id(1), 1, 2)).await.unwrap();
    assert!(again.iter().all(|d| d.repeated), "{again:?}");
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_by_the_next_try() {
    let world = World::new().await;
    let unit = family(&world, &world.context_with_id(1), 1, 2);
    // The first answer is thrown away, as a broken connection does; this is what the loop does then.
    let lost = world.write.0.try_together(&unit, false).await;
    assert!(lost.is_ok_and(|done| done.len() == 3));
    let found = world.write.0.try_together(&unit, true).await;
    assert_eq!(
        found.ok().map(|done| done.iter().map(|d| (d.position, d.events)).collect::<Vec<_>>()),
        Some(vec![(Some(1), 1), (Some(2), 1), (Some(3), 1),])
    );
    assert_eq!((world.dense_length().await, reservations(&world).await), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_does_not_stop_a_unit() {
    let world = World::new().await;
    let mut blocker = world.owner.begin().await.unwrap();
    sqlx::query("select lock_log()").execute(&mut *blocker).await.unwrap();
    let call = world.write.execute_together(family(&world, &world.context(), 1, 2));
    assert!(tokio::time::timeout(Duration::from_millis(150), call).await.is_err(), "it waits for the lock");
    blocker.rollback().await.unwrap();
    for _ in 0..100 {
        if world.dense_length().await == 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the unit was cancelled");
}

#[tokio::test]
async fn a_step_that_is_found_in_the_log_neither_frees_nor_reserves_anything_again() {
    let world = World::new().await;
    let context = world.context_with_id(1);
    let parent = Uuid::from_u128(2);
    let stream = StreamId::of(world.school, GuardianId(parent));
    let directory = world.write.directory();
    let hmac = |value: &str| directory.hmac(world.school, Kind::Guardian, value);
    let change = |name: &str| guardian::Command::ChangeContact {
        name: sealed(name),
        national_id: None,
        phone: None,
        mail: None,
    };
    // A list renames the guardian in the row of one pupil, and another list, made of the same, in the row of another.
    let renamed = |pupil: u128| {
        let mut unit = Unit::of(world.school);
        unit.release(Kind::Guardian, hmac("2"), parent);
        unit.reserve(Kind::Guardian, hmac("new"), parent, None);
        unit.step::<guardian::Guardian>(&context.part("rename"), stream.clone(), change("new"));
        let student = StreamId::of(world.school, StudentId(Uuid::from_u128(pupil)));
        unit.reserve(Kind::NationalId, hmac(&pupil.to_string()), Uuid::from_u128(pupil), None);
        unit.step::<student::Student>(&context.part(&format!("enrol {pupil}")), student, enrol());
        unit
    };
    let whose = async |value: &str| {
        let found = directory.find(world.school, Kind::Guardian, value).await.unwrap();
        found.map(|entry| entry.subject)
    };
    world.write.execute_together(family(&world, &context, 1, 2)).await.unwrap();
    world.write.execute_together(renamed(3)).await.unwrap();
    assert_eq!((whose("2").await, whose("new").await), (None, Some(parent)));
    // Meanwhile a person takes the change back.
    let mut back = Unit::of(world.school);
    back.release(Kind::Guardian, hmac("new"), parent);
    back.reserve(Kind::Guardian, hmac("2"), parent, None);
    back.step::<guardian::Guardian>(&context.part("back"), stream.clone(), change("2"));
    world.write.execute_together(back).await.unwrap();
    assert_eq!((whose("2").await, whose("new").await), (Some(parent), None));
    let done = world.write.execute_together(renamed(4)).await.unwrap();
    assert_eq!(done.iter().map(|done| done.repeated).collect::<Vec<_>>(), [true, false]);
    assert_eq!((whose("2").await, whose("new").await), (Some(parent), None), "the guardian is found by what it is");
    let mut conn = world.owner.acquire().await.unwrap();
    let claim = Claim { kind: Kind::NationalId, hmac: hmac("4"), subject: Uuid::from_u128(4), owner: None };
    let reserved = directory.reserve_in_tx(&mut conn, world.school, &[claim]).await.unwrap();
    assert_eq!(reserved, Some(HashSet::new()), "what its new step reserves stays");
}
