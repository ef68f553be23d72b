use super::*;
use crate::testing::World;
use crate::use_cases::course_label::{CourseLabel, Grade};
use crate::use_cases::{ChangeCourse, EnrolStudent, change_course, enrol_student};
use chrono::{NaiveDate, NaiveTime, Weekday};
use domain::course::{Facts, Shift, Slot};
use std::collections::BTreeSet;
use uuid::Uuid;

fn date(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}
fn time(hour: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
}
fn label(text: &str) -> CourseLabel {
    CourseLabel::parse(text).unwrap()
}
fn asked(repeat: &[StudentId]) -> RollOver {
    RollOver { year: 2027, from: date(2027, 3, 3), repeat: repeat.iter().copied().collect() }
}
fn pupil(n: u128) -> StudentId {
    StudentId(Uuid::from_u128(n))
}
fn course(n: u128, year: i32, name: &str, entry: Option<u32>) -> (CourseId, Facts) {
    let label = label(name);
    let slot =
        |hour| Slot { slot_id: Uuid::from_u128(9).into(), weekday: Weekday::Mon, entry: time(hour), exit: time(13) };
    let facts = Facts {
        year,
        name: label.to_string(),
        level: label.grade.level(),
        letter: label.letter,
        shift: None,
        schedules: entry.map(|hour| (date(year, 3, 2), vec![slot(hour)])).into_iter().collect(),
        exceptions: Default::default(),
    };
    (CourseId(Uuid::from_u128(n)), facts)
}

#[test]
fn every_grade_has_its_next_one_and_the_last_has_none() {
    let mut grades = vec![Grade::Transition(1)];
    while let Some(next) = grades.last().and_then(|grade| grade.next()) {
        grades.push(next);
    }
    assert_eq!(grades.len(), 14);
    for grade in grades {
        assert_eq!(Grade::of_level(&grade.level()), Some(grade));
    }
    assert_eq!(["nt-3", "basica-0", "basica-9", "media-5", "media", "taller-1"].map(Grade::of_level), [None; 6]);
}

#[test]
fn everybody_goes_into_the_next_grade_but_who_repeats_and_the_last_grade_leaves() {
    let courses = vec![course(1, 2026, "1° Básico A", Some(8)), course(2, 2026, "2° Básico A", Some(9))];
    let of = |n: u128| CourseId(Uuid::from_u128(n));
    let pupils = vec![(pupil(1), of(1)), (pupil(2), of(1)), (pupil(3), of(2)), (pupil(4), of(2)), (pupil(5), of(7))];
    let made = plan(&Existing { courses, pupils }, &asked(&[pupil(2), pupil(4)]));
    assert_eq!(
        made.courses.iter().map(|course| course.label.to_string()).collect::<Vec<_>>(),
        ["1° Básico A", "2° Básico A", "3° Básico A"]
    );
    let counts: Vec<_> = made.courses.iter().map(|course| (course.promoted, course.repeating)).collect();
    assert_eq!(counts, [(0, 1), (1, 1), (1, 0)]);
    let goes = [(pupil(1), Goes::To(1)), (pupil(2), Goes::To(0)), (pupil(3), Goes::To(2)), (pupil(4), Goes::To(1))];
    assert_eq!(made.pupils, goes, "who is in no course of the year before stays");
    // Each grade has the hours that it had; a grade that is new those of the pupils who come into it.
    let hours: Vec<_> = made.courses.iter().map(|course| course.week.as_ref().unwrap()[0].1).collect();
    assert_eq!(hours, [time(8), time(9), time(9)]);
}

#[test]
fn after_the_last_grade_of_a_school_its_pupils_leave() {
    let of = |n: u128| CourseId(Uuid::from_u128(n));
    for (names, leave) in [
        (vec!["8° Básico A"], vec![true]),
        (vec!["8° Básico A", "1° Medio A"], vec![false, false]),
        (vec!["4° Medio A", "NT2 A"], vec![true, true]),
        (vec!["NT2 A", "1° Básico A"], vec![false, false]),
    ] {
        let courses = (1..).zip(&names).map(|(n, name)| course(n, 2026, name, None)).collect();
        let pupils = (1..).zip(&names).map(|(n, _)| (pupil(n), of(n))).collect();
        let made = plan(&Existing { courses, pupils }, &asked(&[]));
        let left: Vec<_> = made.pupils.iter().map(|(_, goes)| *goes == Goes::Leaves).collect();
        assert_eq!(left, leave, "{names:?}");
    }
}

#[test]
fn what_is_open_already_keeps_its_week_and_a_course_without_a_grade_is_told() {
    let odd =
        (CourseId(Uuid::from_u128(4)), Facts { level: "taller".into(), ..course(4, 2026, "1° Básico C", None).1 });
    let courses = vec![course(1, 2026, "1° Básico A", Some(8)), course(3, 2027, "1° Básico A", Some(10)), odd];
    let pupils = vec![(pupil(9), CourseId(Uuid::from_u128(3)))];
    let made = plan(&Existing { courses, pupils }, &asked(&[]));
    assert_eq!(made.unknown, ["1° Básico C"]);
    let first = &made.courses[0];
    assert_eq!((first.course, &first.week, first.there), (Some(CourseId(Uuid::from_u128(3))), &None, 1));
    assert!(made.pupils.is_empty());
}

#[tokio::test]
async fn a_roll_over_that_was_interrupted_is_finished_by_asking_again_and_then_changes_nothing() {
    let world = World::new().await;
    let (write, context) = (&world.write, &world.context());
    let mut pupils = Vec::new();
    for (n, name) in ["7° Básico A", "8° Básico A"].into_iter().enumerate() {
        let open = OpenCourse { year: 2026, label: label(name) };
        let course_id = open_course(write, context, open).await.unwrap().course_id;
        let stays = vec![(Weekday::Mon, time(8), time(13)), (Weekday::Mon, time(14), time(16))];
        let week = SetWeeklySchedule { course_id, effective_from: date(2026, 3, 2), stays };
        set_weekly_schedule(write, context, week).await.unwrap();
        let change = ChangeCourse { course_id, name: None, shift: Some(Shift::Afternoon) };
        change_course(write, context, change).await.unwrap();
        for k in 0..15_u8 {
            let new = EnrolStudent {
                given_names: format!("Ana {}", char::from(b'A' + k)),
                family_names: ["Soto", "Rojas"][n].into(),
                national_id: None,
                course_id,
                from: date(2026, 3, 2),
            };
            pupils.push(enrol_student(write, context, new).await.unwrap().student_id);
        }
    }
    let asked = asked(&[pupils[1], pupils[16]]);
    let mut left = Vec::new();
    for _ in 0..4 {
        let progress = advance(write, context, &asked, |_| false).await.unwrap();
        assert!(progress.failed.is_empty(), "{:?}", progress.first_error);
        assert_eq!(progress.open, 2, "the year before lasts until the new one begins");
        left.push(progress.left);
    }
    assert_eq!(left, [18, 6, 0, 0]);
    let now = Existing::load(write, context.school).await.unwrap();
    let of_next = now.courses.iter().filter(|(_, facts)| facts.year == 2027);
    let shifts: Vec<_> = of_next.map(|(_, facts)| facts.shift).collect();
    assert_eq!(shifts, [Some(Shift::Afternoon); 2], "each keeps its shift");
    let name = |id: CourseId| {
        now.courses.iter().find(|(course, _)| *course == id).map(|(_, facts)| (facts.year, facts.name.clone()))
    };
    let in_course: Vec<_> = pupils
        .iter()
        .map(|pupil| now.pupils.iter().find(|(id, _)| id == pupil).and_then(|(_, course)| name(*course)))
        .collect();
    let eighth = Some((2027, "8° Básico A".to_owned()));
    let seventh = Some((2027, "7° Básico A".to_owned()));
    let wanted = (0..30).map(|n| match n {
        1 => seventh.clone(),
        0 | 2..=14 | 16 => eighth.clone(),
        _ => None,
    });
    assert_eq!(in_course, wanted.collect::<Vec<_>>(), "of the eighth all but one leave");
    let slots: BTreeSet<usize> = now
        .courses
        .iter()
        .filter(|(_, facts)| facts.year == 2027)
        .map(|(_, facts)| facts.schedules[&date(2027, 3, 3)].len())
        .collect();
    assert_eq!(slots, BTreeSet::from([2]));

    // Once the new year is there, the courses of the one before close; after that nothing is left to do.
    world.clock.advance(chrono::TimeDelta::days(365));
    assert_eq!(advance(write, context, &asked, |_| true).await.unwrap().open, 0);
    let before = world.dense_length().await;
    let progress = advance(write, context, &asked, |_| true).await.unwrap();
    assert_eq!((progress.left, progress.open), (0, 0));
    assert_eq!(world.dense_length().await, before);
}
