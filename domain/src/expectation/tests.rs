use super::*;
use crate::sample_values::id;
use chrono_tz::America::{Coyhaique, Punta_Arenas, Santiago};
use chrono_tz::Pacific::Easter;

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
    let schedules = vec![(date(2026, 8, 3), week(9)), (date(2026, 3, 4), week(8))];
    CourseCalendar { schedules, ..CourseCalendar::default() }
}
fn expected(course: &CourseCalendar, date_: NaiveDate) -> Expectation {
    expected_at(course, &SchoolCalendar::default(), date_)
}
fn expected_at(course: &CourseCalendar, school: &SchoolCalendar, date_: NaiveDate) -> Expectation {
    let pupil = PupilCalendar { enrolled_from: date(2026, 1, 1), withdrawn_from: None, course, school };
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
    let pupil = PupilCalendar {
        enrolled_from: date(2026, 3, 9),
        withdrawn_from: Some(date(2026, 3, 13)),
        course: &open,
        school: &SchoolCalendar::default(),
    };
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
    let school = SchoolCalendar::default();
    let pupil =
        PupilCalendar { enrolled_from: date(2026, 1, 1), withdrawn_from: None, course: &course, school: &school };
    let entry = |date, zone| expectation(&pupil, date, zone).slots[0].entry;
    for (monday, santiago, easter) in [
        (date(2026, 8, 31), "2026-08-31T12:00:00Z", "2026-08-31T14:00:00Z"),
        (date(2026, 9, 7), "2026-09-07T11:00:00Z", "2026-09-07T13:00:00Z"),
        (date(2027, 3, 29), "2027-03-29T11:00:00Z", "2027-03-29T13:00:00Z"),
        (date(2027, 4, 5), "2027-04-05T12:00:00Z", "2027-04-05T14:00:00Z"),
    ] {
        assert_eq!(entry(monday, Santiago), utc(santiago));
        assert_eq!(entry(monday, Easter), utc(easter));
        for never in [Punta_Arenas, Coyhaique] {
            assert_eq!(entry(monday, never), utc(&format!("{monday}T11:00:00Z")));
        }
    }
}

fn time(h: u32, m: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(h, m, 0).unwrap()
}
fn stay(n: u64, entry: u32, exit: u32) -> DaySlot {
    DaySlot { slot_id: id(n), entry: time(entry, 0), exit: time(exit, 0) }
}
fn days(set: &[(NaiveDate, SchoolDay)]) -> SchoolCalendar {
    let mut school = SchoolCalendar::default();
    set.iter().for_each(|(date, day)| school.set(*date, day.clone()));
    school
}
fn holiday() -> SchoolDay {
    SchoolDay::Holiday { name: "Feriado".into() }
}
fn suspended() -> SchoolDay {
    SchoolDay::NoClasses { reason: Reason::Weather, resolution: None }
}
/// Slot, entry and exit on the wall.
fn on_the_wall(expected: &Expectation, zone: Tz) -> Vec<(SlotId, String, String)> {
    let wall = |at: DateTime<Utc>| at.with_timezone(&zone).format("%m-%d %H:%M").to_string();
    expected.slots.iter().map(|s| (s.slot_id, wall(s.entry), wall(s.exit))).collect()
}

/// Every set of rules that can meet on one Monday, and which of them decides.
#[test]
fn the_most_particular_rule_decides() {
    let monday = date(2026, 3, 9);
    let nobody = CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing };
    let own = CourseDay { times: CourseTimes::Own { slots: vec![stay(9, 10, 12)] }, reason: Reason::Assessment };
    let (of_course, of_nobody) =
        (Why::CourseOwnTimes { reason: Reason::Assessment }, Why::CourseNobody { reason: Reason::Outing });
    let half = SchoolDay::HalfDay { exit: time(12, 0), reason: Reason::Ceremony };
    let recovery = SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday: Weekday::Fri } };
    let no_classes = Why::NoClasses { reason: Reason::Weather };
    let cut = Why::HalfDay { exit: time(12, 0), reason: Reason::Ceremony };
    let weekly = Why::WeeklySchedule { effective_from: date(2026, 3, 4) };
    let as_friday = Why::Recovery { weekday: Some(Weekday::Fri) };
    // Exception of the course, what the school set, whether it is a holiday; the rule and how many stays.
    let table = [
        (None, None, false, weekly, 2),
        (None, None, true, Why::Holiday, 0),
        (None, Some(suspended()), false, no_classes, 0),
        (None, Some(suspended()), true, no_classes, 0),
        (None, Some(SchoolDay::Outing), true, Why::Outing, 0),
        (None, Some(half.clone()), false, cut, 1),
        (None, Some(half.clone()), true, cut, 1),
        (None, Some(recovery.clone()), true, as_friday, 1),
        (Some(&own), None, false, of_course, 1),
        (Some(&own), None, true, of_course, 1),
        (Some(&own), Some(suspended()), true, of_course, 1),
        (Some(&nobody), None, false, of_nobody, 0),
        (Some(&nobody), Some(recovery), true, of_nobody, 0),
        (Some(&nobody), Some(half), false, of_nobody, 0),
    ];
    for (exception, set, is_holiday, why, stays) in table {
        let mut course = course();
        course.exceptions.extend(exception.map(|day| (monday, day.clone())));
        let mut school = days(&[]);
        if let Some(day) = &set {
            school.set(monday, day.clone());
        }
        if is_holiday {
            school.set(monday, holiday());
        }
        let told = expected_at(&course, &school, monday);
        assert_eq!((told.why, told.slots.len()), (why, stays), "{exception:?} {set:?} {is_holiday}");
        // The next Monday is as the week says, and who is gone is gone whatever was set.
        assert_eq!(expected_at(&course, &school, date(2026, 3, 16)).why, weekly);
        let closed = CourseCalendar { closed_from: Some(monday), ..course };
        assert_eq!(expected_at(&closed, &school, monday).why, Why::CourseClosed);
    }
}

#[test]
fn a_recovery_saturday_is_held_as_the_weekday_it_follows_in_the_version_valid_that_day() {
    let course = course();
    let like = |weekday| SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday } };
    let saturday = date(2026, 9, 5);
    let told = expected_at(&course, &days(&[(saturday, like(Weekday::Fri))]), saturday);
    assert_eq!(told.why, Why::Recovery { weekday: Some(Weekday::Fri) });
    assert_eq!(on_the_wall(&told, Santiago), [(id(3), "09-05 09:00".into(), "09-05 13:00".into())]);
    let two = expected_at(&course, &days(&[(saturday, like(Weekday::Mon))]), saturday);
    assert_eq!(two.slots.iter().map(|s| s.slot_id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(expected_at(&course, &days(&[(saturday, like(Weekday::Tue))]), saturday).why, Why::NoSlotThatDay);
    let bare = CourseCalendar::default();
    assert_eq!(expected_at(&bare, &days(&[(saturday, like(Weekday::Fri))]), saturday).why, Why::NoScheduleYet);
    let own = SchoolDay::Recovery { times: RecoveryTimes::Own { slots: vec![stay(8, 9, 13)] } };
    for course in [&course, &bare] {
        let told = expected_at(course, &days(&[(saturday, own.clone())]), saturday);
        assert_eq!((told.why, told.slots.len()), (Why::Recovery { weekday: None }, 1));
    }
}

#[test]
fn a_half_day_cuts_the_exits_and_drops_the_stays_after_its_end() {
    let course = course();
    let monday = date(2026, 3, 9);
    let cut = |exit| {
        let half = SchoolDay::HalfDay { exit, reason: Reason::Ceremony };
        on_the_wall(&expected_at(&course, &days(&[(monday, half)]), monday), Santiago)
    };
    let morning = |exit: &str| (id(1), "03-09 08:00".to_owned(), format!("03-09 {exit}"));
    let afternoon = |exit: &str| (id(2), "03-09 14:00".to_owned(), format!("03-09 {exit}"));
    assert_eq!(cut(time(12, 30)), [morning("12:30")]);
    assert_eq!(cut(time(13, 30)), [morning("13:00")]);
    assert_eq!(cut(time(14, 0)), [morning("13:00")]);
    assert_eq!(cut(time(14, 1)), [morning("13:00"), afternoon("14:01")]);
    assert_eq!(cut(time(18, 0)), [morning("13:00"), afternoon("17:00")]);
    let early = SchoolDay::HalfDay { exit: time(8, 0), reason: Reason::Services };
    let none = expected_at(&course, &days(&[(monday, early)]), monday);
    assert_eq!(none, nobody(Why::HalfDay { exit: time(8, 0), reason: Reason::Services }));
    let tuesday = date(2026, 3, 10);
    let half = SchoolDay::HalfDay { exit: time(12, 0), reason: Reason::Ceremony };
    assert_eq!(expected_at(&course, &days(&[(tuesday, half)]), tuesday).why, Why::NoSlotThatDay);
}

#[test]
fn a_course_has_a_half_day_or_another_weekday_s_times_alone() {
    let monday = date(2026, 3, 9);
    let told = |times| {
        let day = CourseDay { times, reason: Reason::Ceremony };
        let course = CourseCalendar { exceptions: [(monday, day)].into(), ..course() };
        let told = expected_at(&course, &days(&[(monday, SchoolDay::Outing)]), monday);
        (told.why, on_the_wall(&told, Santiago))
    };
    let stay = |n, entry: &str, exit: &str| (id::<SlotId>(n), format!("03-09 {entry}"), format!("03-09 {exit}"));
    let cut = Why::CourseHalfDay { exit: time(12, 0), reason: Reason::Ceremony };
    assert_eq!(told(CourseTimes::Until { exit: time(12, 0) }), (cut, vec![stay(1, "08:00", "12:00")]));
    let own = Why::CourseOwnTimes { reason: Reason::Ceremony };
    assert_eq!(told(CourseTimes::Weekday { weekday: Weekday::Fri }), (own, vec![stay(3, "08:00", "13:00")]));
    assert_eq!(told(CourseTimes::Weekday { weekday: Weekday::Tue }), (Why::NoSlotThatDay, vec![]));
    let tuesday = date(2026, 3, 10);
    let day = CourseDay { times: CourseTimes::Until { exit: time(12, 0) }, reason: Reason::Ceremony };
    let course = CourseCalendar { exceptions: [(tuesday, day)].into(), ..course() };
    assert_eq!(expected_at(&course, &days(&[]), tuesday).why, Why::NoSlotThatDay);
}

/// On the night of a change of the clock and on the Monday after, in all zones of the country, whichever rule
/// gives the times.
#[test]
fn times_of_a_set_day_are_wall_times_of_that_day_in_every_zone() {
    for (saturday, sunday, monday) in
        [(date(2026, 9, 5), date(2026, 9, 6), date(2026, 9, 7)), (date(2027, 4, 3), date(2027, 4, 4), date(2027, 4, 5))]
    {
        for zone in [Santiago, Punta_Arenas, Coyhaique, Easter] {
            let own = |date| (date, SchoolDay::Recovery { times: RecoveryTimes::Own { slots: vec![stay(8, 7, 23)] } });
            let half = (monday, SchoolDay::HalfDay { exit: time(12, 0), reason: Reason::Other });
            let school = days(&[own(saturday), own(sunday), half]);
            let course = course();
            let pupil = PupilCalendar {
                enrolled_from: date(2026, 1, 1),
                withdrawn_from: None,
                course: &course,
                school: &school,
            };
            let wall = |date| on_the_wall(&expectation(&pupil, date, zone), zone);
            let day = |date: NaiveDate| date.format("%m-%d").to_string();
            // From 22:00 on the Saturday of autumn is there twice on the island: its exit is the first 23:00.
            for date in [saturday, sunday] {
                assert_eq!(wall(date), [(id(8), format!("{} 07:00", day(date)), format!("{} 23:00", day(date)))]);
            }
            let on = day(monday);
            assert_eq!(wall(monday), [(id(1), format!("{on} 08:00"), format!("{on} 12:00"))]);
        }
    }
}
