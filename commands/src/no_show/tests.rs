use super::*;
use crate::testing::World;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::no_show::{Finding, Hold};
use domain::{CourseId, SlotId, StudentId};
use uuid::Uuid;

fn case(n: u128) -> CaseId {
    CaseId {
        date: NaiveDate::from_ymd_opt(2026, 3, 9).unwrap(),
        slot_id: SlotId(Uuid::from_u128(0x51)),
        student_id: StudentId(Uuid::from_u128(n)),
    }
}

/// Nine in the morning of the same day in Santiago.
fn nine() -> DateTime<Utc> {
    crate::testing::monday_morning() + TimeDelta::minutes(90)
}

fn missing(hold: Option<Hold>) -> Command {
    Command::Observe(Finding::Missing { course_id: CourseId(Uuid::from_u128(0xc1)), due_at: nine(), hold })
}

impl World {
    fn found(&self, n: u128, command: Command) -> Ask {
        (self.context(), case(n), command)
    }

    /// The kinds of events of a case, in order.
    async fn story(&self, n: u128) -> Vec<String> {
        let of = "select event_type from events where aggregate_id = $1 order by sequence";
        let stream = case(n).stream(self.school);
        sqlx::query_scalar(of).bind(stream.as_str()).fetch_all(&self.owner).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_found_opens_each_case_once_and_ends_it_on_its_own_day() {
    let world = World::new().await;
    let asks: Vec<Ask> = (1..=1_200).map(|n| world.found(n, missing(None))).collect();
    assert_eq!(observe(&world.write, &asks).await.unwrap(), Told { events: 2_400, broken: 0 });
    assert_eq!(observe(&world.write, &asks).await.unwrap(), Told::default());
    // A scan of that morning arrives three days later.
    world.clock.advance(TimeDelta::days(3));
    let came = Command::Observe(Finding::Entered { at: nine() - TimeDelta::minutes(20) });
    // Told twice in one call, it ends once.
    let asks = [world.found(7, came), world.found(7, came), world.found(5_000, came)];
    assert_eq!(observe(&world.write, &asks).await.unwrap(), Told { events: 1, broken: 0 });
    assert_eq!(world.story(7).await, ["opened", "notice_requested", "retracted"]);
    let dates = "select count(*) from events where local_date <> '2026-03-09'";
    assert_eq!(sqlx::query_scalar::<_, i64>(dates).fetch_one(&world.owner).await.unwrap(), 0);
    assert_eq!(world.dense_length().await, 2_401);
}

#[tokio::test]
async fn of_two_who_look_at_once_one_opens_the_case() {
    let world = World::new().await;
    let asks: Vec<Ask> = (1..=50).map(|n| world.found(n, missing(Some(Hold::GateSilent)))).collect();
    let both = futures::future::join_all((0..4).map(|_| observe(&world.write, &asks))).await;
    let events: usize = both.into_iter().map(|told| told.unwrap().events).sum();
    assert_eq!(events, 100);
}

#[tokio::test]
async fn a_case_that_cannot_be_read_stops_no_other() {
    let world = World::new().await;
    observe(&world.write, &[world.found(1, missing(None))]).await.unwrap();
    sqlx::query(
        "insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
           position, event_id, school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id)
         select aggregate_type, aggregate_id, sequence + 1, event_type, '99', payload, metadata, position + 1,
           gen_random_uuid(), school_id, occurred_at, recorded_at, local_date, zone, utc_offset, actor, correlation_id
         from events order by position desc limit 1",
    )
    .execute(&world.owner)
    .await
    .unwrap();
    let asks = [world.found(1, missing(None)), world.found(2, missing(None))];
    assert_eq!(observe(&world.write, &asks).await.unwrap(), Told { events: 2, broken: 1 });
    assert_eq!(world.story(2).await, ["opened", "notice_requested"]);
}

#[tokio::test]
async fn a_persons_word_is_taken_once_and_refused_where_there_is_no_case() {
    let world = World::new().await;
    observe(&world.write, &[world.found(1, missing(Some(Hold::MassAlarm)))]).await.unwrap();
    let release = ask(&world.write, &world.context_with_id(1), case(1), Command::Release).await.unwrap();
    assert_eq!((release.events, release.repeated), (1, false));
    let again = ask(&world.write, &world.context_with_id(1), case(1), Command::Release).await.unwrap();
    assert_eq!((again.events, again.repeated), (1, true));
    ask(&world.write, &world.context_with_id(2), case(1), Command::Acknowledge).await.unwrap();
    assert_eq!(world.story(1).await, ["opened", "held", "notice_requested", "acknowledged"]);
    let nobody = ask(&world.write, &world.context_with_id(3), case(9), Command::Acknowledge).await;
    assert!(matches!(nobody, Err(WriteError::Rejected(Error::NotOpened))), "{nobody:?}");
}
