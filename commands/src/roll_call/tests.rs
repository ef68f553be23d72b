use super::*;
use crate::testing::World;
use crate::use_cases::{CourseLabel, EnrolStudent, Grade, OpenCourse, enrol_student, open_course};
use chrono::{DateTime, TimeDelta, Utc};
use domain::roll_call::Error;

impl World {
    /// Pupils of the school.
    async fn pupils(&self, n: usize) -> Vec<StudentId> {
        let (context, from) = (self.context(), NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
        let label = CourseLabel::new(Grade::Basic(1), "A");
        let course = open_course(&self.write, &context, OpenCourse { year: 2026, label }).await.unwrap();
        let mut pupils = Vec::new();
        for n in 0..n {
            let input = EnrolStudent {
                given_names: format!("Ana {n}"),
                family_names: "Pérez".to_owned(),
                national_id: None,
                course_id: course.course_id,
                from,
            };
            pupils.push(enrol_student(&self.write, &context, input).await.unwrap().student_id);
        }
        pupils
    }

    async fn registered() -> Self {
        let world = Self::new().await;
        let settings = crate::testing::settings(5);
        let school = crate::use_cases::RegisterSchool { name: "Liceo".into(), rbd: None, settings };
        crate::use_cases::register_school(&world.write, &world.context(), school).await.unwrap();
        world
    }

    async fn started(&self, reason: Reason) -> Key {
        let done = start(&self.write, &self.context(), reason).await.unwrap();
        at(&self.write, self.school, done.position.unwrap()).await.unwrap().unwrap()
    }

    /// The kinds of events of a roll call, in order.
    async fn told(&self, key: Key) -> Vec<String> {
        let of = "select event_type from events where aggregate_id = $1 order by sequence";
        sqlx::query_scalar(of).bind(key.stream(self.school).as_str()).fetch_all(&self.owner).await.unwrap()
    }

    fn now(&self) -> DateTime<Utc> {
        self.write.clock().now()
    }
}

fn safe(student_id: StudentId, at: DateTime<Utc>) -> Mark {
    Mark { student_id, safe: true, at }
}

#[tokio::test]
async fn of_two_who_begin_at_once_the_second_joins_the_first_and_no_mark_is_lost() {
    let world = World::registered().await;
    let pupils = world.pupils(40).await;
    let context = world.context();
    let begun = futures::future::join_all((0..6).map(|_| start(&world.write, &context, Reason::Drill))).await;
    let positions: BTreeSet<_> = begun.into_iter().map(|done| done.unwrap().position.unwrap()).collect();
    assert_eq!(positions.len(), 1, "all are told of the same one");
    let key = world.started(Reason::Drill).await;
    // Four phones, each over all pupils one by one.
    let phones = (0..4).map(|phone| {
        let (world, context, pupils) = (&world, &context, &pupils);
        async move {
            for student in pupils {
                let said = world.now() + TimeDelta::milliseconds(phone);
                mark(&world.write, context, key, vec![safe(*student, said)]).await.unwrap();
            }
        }
    });
    futures::future::join_all(phones).await;
    assert_eq!(world.told(key).await.len(), 41);
    end(&world.write, &context, key).await.unwrap();
    let another = world.started(Reason::Drill).await;
    assert_ne!(another, key);
    assert_eq!(another.date, key.date);
}

#[tokio::test]
async fn a_drill_that_somebody_else_begins_in_earnest_is_an_evacuation() {
    let world = World::registered().await;
    let key = world.started(Reason::Drill).await;
    assert_eq!(world.started(Reason::Evacuation).await, key);
    assert_eq!(world.started(Reason::Drill).await, key);
    assert_eq!(world.told(key).await, ["started", "turned_into_evacuation"]);
}

#[tokio::test]
async fn what_a_phone_sends_a_day_late_is_of_the_roll_calls_day_and_of_its_own_instant() {
    let world = World::registered().await;
    let pupils = world.pupils(2).await;
    let key = world.started(Reason::Evacuation).await;
    end(&world.write, &world.context(), key).await.unwrap();
    let said = world.now() + TimeDelta::minutes(7);
    world.clock.advance(TimeDelta::hours(26));
    let marks: Vec<Mark> = pupils.iter().map(|student| safe(*student, said)).collect();
    let done = mark(&world.write, &world.context_with_id(1), key, marks.clone()).await.unwrap();
    assert_eq!((done.events, done.repeated), (2, false));
    let again = mark(&world.write, &world.context_with_id(1), key, marks.clone()).await.unwrap();
    assert_eq!((again.events, again.position, again.repeated), (2, done.position, true));
    let other = mark(&world.write, &world.context_with_id(2), key, marks).await.unwrap();
    assert_eq!(other, Done::NOTHING);
    let rows: Vec<(DateTime<Utc>, NaiveDate)> =
        sqlx::query_as("select occurred_at, local_date from events where event_type = 'marked_safe'")
            .fetch_all(&world.owner)
            .await
            .unwrap();
    assert_eq!(rows, [(said, key.date), (said, key.date)]);
}

#[tokio::test]
async fn the_same_command_id_in_another_school_is_another_command() {
    let world = World::registered().await;
    let ours = start(&world.write, &world.context_with_id(1), Reason::Drill).await.unwrap();
    let other = Context { school: SchoolId(Uuid::from_u128(7)), ..world.context_with_id(1) };
    let theirs = start(&world.write, &other, Reason::Drill).await.unwrap();
    assert!(!theirs.repeated && theirs.position != ours.position, "{theirs:?}");
    assert!(start(&world.write, &other, Reason::Drill).await.unwrap().repeated);
}

#[tokio::test]
async fn nobody_is_marked_who_is_no_pupil_of_the_school_or_in_a_roll_call_that_there_is_not() {
    let world = World::registered().await;
    let pupils = world.pupils(1).await;
    let (context, key, now) = (world.context(), world.started(Reason::Drill).await, world.now());
    let stranger = StudentId(Uuid::from_u128(0xbad));
    let both = vec![safe(pupils[0], now), safe(stranger, now)];
    let refused = mark(&world.write, &context, key, both).await;
    assert!(matches!(refused, Err(UseCaseError::UnknownStudent)), "{refused:?}");
    assert_eq!(world.told(key).await, ["started"]);
    let nowhere = Key { id: RollCallId(Uuid::from_u128(0xbad)), ..key };
    let refused = mark(&world.write, &context, nowhere, vec![safe(pupils[0], now)]).await;
    assert!(matches!(refused, Err(UseCaseError::RollCall(Error::NotStarted))), "{refused:?}");
    let refused = end(&world.write, &context, nowhere).await;
    assert!(matches!(refused, Err(UseCaseError::RollCall(Error::NotStarted))), "{refused:?}");
    let position = start(&world.write, &context, Reason::Drill).await.unwrap().position.unwrap();
    assert_eq!(super::at(&world.write, world.school, position).await.unwrap(), Some(key));
    assert_eq!(super::at(&world.write, SchoolId(Uuid::from_u128(7)), position).await.unwrap(), None);
    // The same roll call, asked for in another school.
    let foreign = Context { school: SchoolId(Uuid::from_u128(7)), ..context };
    let refused = end(&world.write, &foreign, key).await;
    assert!(matches!(refused, Err(UseCaseError::RollCall(Error::NotStarted))), "{refused:?}");
}
