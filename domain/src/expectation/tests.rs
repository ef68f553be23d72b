use super::*;
use crate::sample_values::id;
use chrono::{NaiveTime, Weekday};
use chrono_tz::America::{Punta_Arenas, Santiago};

fn date(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}
fn slot(n: u64, weekday: Weekday, entry: u32, exit: u32) -> Slot {
    let time = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
    Slot { slot_id: id(n), weekday, entry: time(entry), exit: time(exit) }
}
/// Monday in two stays, Friday in one, from March on; from August on Friday begins later.
fn course() -> CourseCalendar {
    let mondays = [slot(2, Weekday::Mon, 14, 17), slot(1, Weekday::Mon, 8, 13)];
    let week = |friday| mondays.iter().cloned().chain([slot(3, Weekday::Fri, friday, 13)]).collect();
    CourseCalendar { schedules: vec![(date(2026, 8, 3), week(9)), (date(2026, 3, 4), week(8))], closed_from: None }
}
fn expected(course: &CourseCalendar, date_: NaiveDate) -> Expectation {
    let pupil = PupilCalendar { enrolled_from: date(2026, 1, 1), withdrawn_from: None, course };
    expectation(&pupil, date_, Santiago)
}
fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn the_version_of_the_schedule_valid_on_that_date_decides() {
    let course = course();
    let friday = |m, d| expected(&course, date(2026, m, d));
    let winter = friday(7, 31);
    assert_eq!(winter.why, Why::WeeklySchedule { effective_from: date(2026, 3, 4) });
    assert_eq!(winter.slots[0].entry, utc("2026-07-31T12:00:00Z"));
    let later = friday(8, 7);
    assert_eq!(later.why, Why::WeeklySchedule { effective_from: date(2026, 8, 3) });
    assert_eq!(later.slots[0].entry, utc("2026-08-07T13:00:00Z"));
    assert_eq!(winter.slots[0].slot_id, later.slots[0].slot_id);
}

#[test]
fn a_schedule_is_valid_from_its_first_date_on() {
    let course = course();
    let why = |date_| expected(&course, date_).why;
    assert_eq!(why(date(2026, 8, 3)), Why::WeeklySchedule { effective_from: date(2026, 8, 3) });
    assert_eq!(why(date(2026, 3, 4)), Why::NoSlotThatDay);
    assert_eq!(why(date(2026, 3, 3)), Why::NoScheduleYet);
}

#[test]
fn the_stays_of_a_day_come_in_order() {
    let monday = expected(&course(), date(2026, 3, 9));
    let stays: Vec<_> = monday.slots.iter().map(|s| (s.slot_id, s.entry, s.exit)).collect();
    assert_eq!(
        stays,
        [
            (id(1), utc("2026-03-09T11:00:00Z"), utc("2026-03-09T16:00:00Z")),
            (id(2), utc("2026-03-09T17:00:00Z"), utc("2026-03-09T20:00:00Z")),
        ]
    );
}

#[test]
fn nobody_is_expected_without_a_slot_a_schedule_a_course_or_an_enrolment() {
    let nobody = |why| Expectation { slots: vec![], why };
    let open = course();
    assert_eq!(expected(&open, date(2026, 3, 10)), nobody(Why::NoSlotThatDay));
    assert_eq!(expected(&open, date(2026, 3, 2)), nobody(Why::NoScheduleYet));
    assert_eq!(expected(&CourseCalendar::default(), date(2026, 3, 9)), nobody(Why::NoScheduleYet));
    let closed = CourseCalendar { closed_from: Some(date(2026, 3, 9)), ..course() };
    assert_eq!(expected(&closed, date(2026, 3, 9)), nobody(Why::CourseClosed));
    assert_eq!(expected(&closed, date(2026, 3, 6)).slots.len(), 1);
    let pupil =
        PupilCalendar { enrolled_from: date(2026, 3, 9), withdrawn_from: Some(date(2026, 3, 13)), course: &open };
    let on = |m, d| expectation(&pupil, date(2026, m, d), Santiago);
    assert_eq!(on(3, 6), nobody(Why::NotEnrolledYet));
    assert_eq!(on(3, 9).slots.len(), 2);
    assert_eq!(on(3, 13), nobody(Why::Withdrawn));
}

#[test]
fn an_emptied_schedule_expects_nobody_from_its_date_on() {
    let mut course = course();
    course.schedules.push((date(2026, 11, 30), vec![]));
    assert_eq!(expected(&course, date(2026, 11, 27)).slots.len(), 1);
    assert_eq!(expected(&course, date(2026, 12, 4)).why, Why::NoSlotThatDay);
}

#[test]
fn on_the_monday_after_a_change_of_the_clock_everybody_is_expected_at_eight_on_the_wall() {
    let course = course();
    let pupil = PupilCalendar { enrolled_from: date(2026, 1, 1), withdrawn_from: None, course: &course };
    let entry = |date, zone| expectation(&pupil, date, zone).slots[0].entry;
    for (monday, santiago) in [
        (date(2026, 8, 31), "2026-08-31T12:00:00Z"),
        (date(2026, 9, 7), "2026-09-07T11:00:00Z"),
        (date(2027, 3, 29), "2027-03-29T11:00:00Z"),
        (date(2027, 4, 5), "2027-04-05T12:00:00Z"),
    ] {
        assert_eq!(entry(monday, Santiago), utc(santiago));
        assert_eq!(entry(monday, Punta_Arenas), utc(&format!("{monday}T11:00:00Z")));
    }
}
