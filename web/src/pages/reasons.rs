//! Why a day is as it is, in words: of the school, of a course, of a pupil.

use crate::i18n::{Lang, key, times};
use chrono::{NaiveDate, NaiveTime};
use domain::calendar::{DaySlot, Layer, Reason, RecoveryTimes, SchoolCalendar, SchoolDay};
use domain::expectation::Why;

/// `temporal o emergencia climática`
pub(super) fn reason(reason: Reason, lang: Lang) -> String {
    lang.t(match reason {
        Reason::Weather => key("reason-weather"),
        Reason::Services => key("reason-services"),
        Reason::Emergency => key("reason-emergency"),
        Reason::Health => key("reason-health"),
        Reason::Strike => key("reason-strike"),
        Reason::BridgeDay => key("reason-bridge-day"),
        Reason::PollingPlace => key("reason-polling-place"),
        Reason::StaffMeeting => key("reason-staff-meeting"),
        Reason::Ceremony => key("reason-ceremony"),
        Reason::Assessment => key("reason-assessment"),
        Reason::Outing => key("reason-outing"),
        Reason::Vacation => key("reason-vacation"),
        Reason::Other => key("reason-other"),
    })
}

/// `12:30`
pub(super) fn wall(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// `09:00–13:00, 14:00–16:00`
pub(super) fn stays(slots: &[DaySlot]) -> String {
    let stays = slots.iter().map(|slot| format!("{}–{}", wall(slot.entry), wall(slot.exit)));
    stays.collect::<Vec<_>>().join(", ")
}

/// Which rule says whether somebody is expected, as a sentence.
pub(super) fn why(why: Why, lang: Lang) -> String {
    let because = |text: &'static str, code| lang.f(text, &[("reason", (&reason(code, lang)).into())]);
    let until = |text: &'static str, exit, code| {
        lang.f(text, &[("time", (&wall(exit)).into()), ("reason", (&reason(code, lang)).into())])
    };
    match why {
        Why::WeeklySchedule { effective_from } => {
            lang.f("why-schedule", &[("since", (&times::long_date(effective_from, lang)).into())])
        }
        Why::CourseOwnTimes { reason } => because(key("why-course-own-times"), reason),
        Why::CourseHalfDay { exit, reason } => until(key("why-course-half-day"), exit, reason),
        Why::CourseNobody { reason } => because(key("why-course-nobody"), reason),
        Why::NoClasses { reason } => because(key("why-no-classes"), reason),
        Why::Recovery { weekday: None } => lang.t("why-recovery"),
        Why::Recovery { weekday: Some(day) } => {
            lang.f("why-recovery-as", &[("weekday", (&times::weekday(day, lang)).into())])
        }
        Why::HalfDay { exit, reason } => until(key("why-half-day"), exit, reason),
        Why::Outing => lang.t("why-outing"),
        Why::Holiday => lang.t("why-holiday"),
        Why::NoSlotThatDay => lang.t("why-no-slot"),
        Why::NoScheduleYet => lang.t("why-no-schedule"),
        Why::CourseClosed => lang.t("why-course-closed"),
        Why::NotEnrolledYet => lang.t("why-not-enrolled"),
        Why::Withdrawn => lang.t("why-withdrawn"),
    }
}

/// What a day is for the whole school: `Sin clases: temporal o emergencia climática (resolución 1234)`.
pub(super) fn school_day(day: &SchoolDay, lang: Lang) -> String {
    match day {
        SchoolDay::Holiday { name } => lang.f("day-holiday", &[("name", name.into())]),
        SchoolDay::NoClasses { reason: code, resolution: None } => {
            lang.f("day-no-classes", &[("reason", (&reason(*code, lang)).into())])
        }
        SchoolDay::NoClasses { reason: code, resolution: Some(resolution) } => lang.f(
            "day-no-classes-by",
            &[("reason", (&reason(*code, lang)).into()), ("number", (&resolution.number).into())],
        ),
        SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday: day } } => {
            lang.f("day-recovery-as", &[("weekday", (&times::weekday(*day, lang)).into())])
        }
        SchoolDay::Recovery { times: RecoveryTimes::Own { slots } } => {
            lang.f("day-recovery-at", &[("stays", (&stays(slots)).into())])
        }
        SchoolDay::HalfDay { exit, reason: code } => {
            lang.f("day-half", &[("time", (&wall(*exit)).into()), ("reason", (&reason(*code, lang)).into())])
        }
        SchoolDay::Outing => lang.t("day-outing"),
    }
}

/// What a date is for the whole school, if it was set: what the school set, else the holiday.
pub(super) fn of_date(calendar: &SchoolCalendar, date: NaiveDate) -> Option<SchoolDay> {
    calendar.get(date, Layer::Day).or_else(|| calendar.get(date, Layer::Holiday))
}
