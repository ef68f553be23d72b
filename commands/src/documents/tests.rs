use super::*;
use crate::batcher::{Batcher, BatcherConfig};
use crate::testing::World;
use crate::use_cases::{
    CourseLabel, EnrolStudent, Grade, JustifyDay, OpenCourse, RegisterSchool, enrol_student, erase_student,
    justify_day, open_course, register_school,
};
use domain::attendance_day::{Document, DocumentKind};
use domain::{JustificationId, no_show};
use uuid::Uuid;

const DAY: &str = "2026-03-09";

struct Stage {
    world: World,
    batcher: Batcher,
    student: StudentId,
    date: NaiveDate,
}

impl Stage {
    async fn set() -> Self {
        let world = World::new().await;
        let school = RegisterSchool { name: "Liceo".into(), rbd: None, settings: crate::testing::settings(5) };
        register_school(&world.write, &world.context(), school).await.unwrap();
        let (context, label) = (world.context(), CourseLabel::new(Grade::Basic(1), "A"));
        let course = open_course(&world.write, &context, OpenCourse { year: 2026, label }).await.unwrap();
        let input = EnrolStudent {
            given_names: "Ana".to_owned(),
            family_names: "Pérez".to_owned(),
            national_id: None,
            course_id: course.course_id,
            from: NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        };
        let student = enrol_student(&world.write, &context, input).await.unwrap().student_id;
        let batcher = Batcher::start_on(world.write.clone(), BatcherConfig::default());
        Self { world, batcher, student, date: DAY.parse().unwrap() }
    }

    fn handed(&self, n: u128) -> Handed {
        Handed { school: self.world.school, student: self.student, document: DocumentId(Uuid::from_u128(n)) }
    }

    async fn hand_in(&self, n: u128) -> Vec<u8> {
        let (write, context) = (&self.world.write, self.world.context());
        hand_in(write, &context, self.handed(n), self.date, b"%PDF-1.7 a certificate").await.unwrap()
    }

    async fn settle(&self) -> Vec<Handed> {
        settle(&self.world.write, self.world.write.clock().of_people()).await.unwrap()
    }

    /// Puts the event on record that speaks of it.
    async fn justify(&self, n: u128) {
        let document = Document { document_id: DocumentId(Uuid::from_u128(n)), kind: DocumentKind::Pdf, bytes: 22 };
        let input = JustifyDay {
            student_id: self.student,
            date: self.date,
            justification_id: JustificationId(Uuid::from_u128(n)),
            reason: no_show::Justification::Illness,
            guardian_id: None,
            note: None,
            document: Some(document),
            accepted: true,
        };
        justify_day(&self.world.write, &self.batcher, &self.world.context(), input).await.unwrap();
    }
}

#[tokio::test]
async fn a_document_is_sealed_for_its_pupil_and_its_name_and_opens_nowhere_else() {
    let stage = Stage::set().await;
    let (write, sealed) = (&stage.world.write, stage.hand_in(1).await);
    assert!(!sealed.windows(4).any(|four| four == b"%PDF" || four == b"cert"), "in clear");
    assert_eq!(open(write, stage.handed(1), &sealed).await.unwrap().unwrap(), b"%PDF-1.7 a certificate");
    assert!(open(write, stage.handed(2), &sealed).await.is_err(), "under another name");
    let other = Handed { student: StudentId(Uuid::from_u128(99)), ..stage.handed(1) };
    assert!(!matches!(open(write, other, &sealed).await, Ok(Some(_))), "of another pupil");
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(open(write, stage.handed(1), &changed).await.is_err(), "changed by a bit");
    for short in [&[][..], &sealed[..1], &sealed[..17], &sealed[..30]] {
        assert!(open(write, stage.handed(1), short).await.is_err(), "{} bytes", short.len());
    }
}

#[tokio::test]
async fn what_no_event_speaks_of_a_day_later_is_thrown_away_and_the_rest_stays() {
    let stage = Stage::set().await;
    stage.hand_in(1).await;
    stage.hand_in(2).await;
    stage.justify(2).await;
    assert_eq!(stage.settle().await, []);
    stage.world.clock.advance(TimeDelta::hours(23));
    assert_eq!(stage.settle().await, [], "its event may come yet");
    stage.world.clock.advance(TimeDelta::hours(2));
    assert_eq!(stage.settle().await, [stage.handed(1)]);
    forget(&stage.world.write, stage.handed(1)).await.unwrap();
    stage.world.clock.advance(TimeDelta::days(400));
    assert_eq!(stage.settle().await, [], "what an event speaks of stays");
}

#[tokio::test]
async fn after_a_long_stop_none_of_many_that_events_speak_of_is_thrown_away() {
    let stage = Stage::set().await;
    let many = u128::try_from(AT_ONCE).unwrap() + 20;
    stage.hand_in(1).await;
    stage.justify(1).await;
    // All of one day's event: what is asked is whether the sweep looks at all of them.
    let copies = "insert into documents (school_id, document_id, student_id, local_date, noted_at)
                  select school_id, gen_random_uuid(), student_id, local_date, noted_at - interval '1 minute' from documents,
                    generate_series(1, $1)";
    sqlx::query(copies).bind(i64::try_from(many).unwrap()).execute(&stage.world.owner).await.unwrap();
    stage.world.clock.advance(TimeDelta::days(3));
    let (mut rounds, mut gone) = (0, 0);
    loop {
        let some = stage.settle().await;
        assert!(!some.contains(&stage.handed(1)), "an event speaks of it");
        for handed in &some {
            forget(&stage.world.write, *handed).await.unwrap();
        }
        (rounds, gone) = (rounds + 1, gone + some.len());
        if some.is_empty() {
            break;
        }
    }
    assert_eq!((rounds, gone), (3, usize::try_from(many).unwrap()));
}

#[tokio::test]
async fn what_is_sent_again_late_is_not_thrown_away_under_its_event() {
    let stage = Stage::set().await;
    stage.hand_in(1).await;
    stage.world.clock.advance(TimeDelta::hours(30));
    stage.hand_in(1).await;
    assert_eq!(stage.settle().await, [], "its time begins anew");
    stage.world.clock.advance(TimeDelta::hours(30));
    assert_eq!(stage.settle().await, [stage.handed(1)]);
    // It is being thrown away: whoever comes now comes again later.
    let again = hand_in(&stage.world.write, &stage.world.context(), stage.handed(1), stage.date, b"%PDF-").await;
    assert!(matches!(again, Err(UseCaseError::Conflict)), "{again:?}");
    assert_eq!(stage.settle().await, [stage.handed(1)], "until it is gone");
    forget(&stage.world.write, stage.handed(1)).await.unwrap();
    stage.hand_in(1).await;
}

#[tokio::test]
async fn an_erased_pupils_documents_open_for_nobody_and_are_thrown_away() {
    let stage = Stage::set().await;
    let (write, context) = (&stage.world.write, stage.world.context());
    let sealed = stage.hand_in(1).await;
    stage.justify(1).await;
    stage.world.clock.advance(TimeDelta::hours(2));
    assert_eq!(stage.settle().await, []);
    erase_student(write, &context, stage.student).await.unwrap();
    assert_eq!(open(write, stage.handed(1), &sealed).await.unwrap(), None);
    stage.world.clock.advance(TimeDelta::hours(2));
    assert_eq!(stage.settle().await, [stage.handed(1)], "once nothing of it can be on its way");
    let again = hand_in(write, &context, stage.handed(2), stage.date, b"%PDF-").await;
    assert!(matches!(again, Err(UseCaseError::UnknownStudent)), "{again:?}");
    let keys = write.vault().keys_of(context.school, &[stage.student.0]).await.unwrap();
    assert!(!keys.holds(stage.student.0, SealingClass::Evidence), "no new key is made");
}
