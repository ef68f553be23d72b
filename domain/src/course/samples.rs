//! One example of every event.

use super::{Event, Shift, Slot};
use crate::calendar::{CourseDay, CourseTimes, DaySlot, Reason};
use crate::sample_values::id;
use chrono::{NaiveDate, NaiveTime, Weekday};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap_or_default();
    let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
    vec![
        Event::Opened { year: 2026, name: "1° Básico A".into(), level: "basica-1".into(), letter: "A".into() },
        Event::Renamed { name: "Primero Básico A".into() },
        Event::ShiftSet { shift: Shift::FullDay },
        Event::WeeklyScheduleSet {
            effective_from: date(2026, 3, 4),
            slots: vec![
                Slot { slot_id: id(0x61), weekday: Weekday::Mon, entry: time(8, 0), exit: time(15, 30) },
                Slot { slot_id: id(0x65), weekday: Weekday::Fri, entry: time(8, 0), exit: time(13, 0) },
            ],
        },
        Event::ScheduleExceptionSet {
            date: date(2026, 9, 15),
            day: CourseDay { times: CourseTimes::Nobody, reason: Reason::Outing },
        },
        Event::ScheduleExceptionSet {
            date: date(2026, 9, 16),
            day: CourseDay {
                times: CourseTimes::Own {
                    slots: vec![DaySlot { slot_id: id(0x67), entry: time(10, 0), exit: time(12, 0) }],
                },
                reason: Reason::Assessment,
            },
        },
        Event::ScheduleExceptionSet {
            date: date(2026, 9, 17),
            day: CourseDay { times: CourseTimes::Until { exit: time(12, 0) }, reason: Reason::Ceremony },
        },
        Event::ScheduleExceptionSet {
            date: date(2026, 9, 26),
            day: CourseDay { times: CourseTimes::Weekday { weekday: Weekday::Fri }, reason: Reason::Other },
        },
        Event::ScheduleExceptionCleared { date: date(2026, 9, 16) },
        Event::Closed { from: date(2026, 12, 19) },
    ]
}
