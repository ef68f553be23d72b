//! When a pupil is expected on a date, and why.
//!
//! Schedules are local wall times, resolved on the day itself in the school's own zone, never ahead:
//! the offset of a Monday is not that of the Friday before a change of the clock.

use crate::calendar::{CourseDay, CourseTimes, DaySlot, Reason, RecoveryTimes, SchoolCalendar, SchoolDay};
use crate::course::Slot;
use crate::ids::SlotId;
use crate::values::zone::resolve_local;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a course's days.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CourseCalendar {
    /// Every version of the weekly schedule with the first date on which it is valid, in any order.
    pub schedules: Vec<(NaiveDate, Vec<Slot>)>,
    /// Its exceptions on single dates.
    pub exceptions: BTreeMap<NaiveDate, CourseDay>,
    /// First date on which nobody is expected any more.
    pub closed_from: Option<NaiveDate>,
}

/// What is known of a pupil's days.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PupilCalendar<'a> {
    /// First date of the enrolment.
    pub enrolled_from: NaiveDate,
    /// First date on which the pupil is no longer expected.
    pub withdrawn_from: Option<NaiveDate>,
    /// The pupil's course.
    pub course: &'a CourseCalendar,
    /// The days that the school set.
    pub school: &'a SchoolCalendar,
}

/// One expected stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExpectedSlot {
    /// The slot of the schedule, stable over edits of its times.
    pub slot_id: SlotId,
    /// Expected entry.
    pub entry: DateTime<Utc>,
    /// Expected exit.
    pub exit: DateTime<Utc>,
}

/// What is expected of a pupil on a date.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Expectation {
    /// The stays, in order of entry; empty if nobody is expected.
    pub slots: Vec<ExpectedSlot>,
    /// Which rule decided.
    pub why: Why,
}

/// Which rule decided what is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Why {
    /// The weekly schedule has slots on that weekday.
    WeeklySchedule {
        /// Since when that version is valid.
        effective_from: NaiveDate,
    },
    /// The course expects its pupils at other times on that date.
    CourseOwnTimes {
        /// Why.
        reason: Reason,
    },
    /// The course's day ends early. As [`Self::HalfDay`].
    CourseHalfDay {
        /// When, local wall time.
        exit: NaiveTime,
        /// Why.
        reason: Reason,
    },
    /// The course expects nobody on that date.
    CourseNobody {
        /// Why.
        reason: Reason,
    },
    /// Classes of the whole school are suspended.
    NoClasses {
        /// Why.
        reason: Reason,
    },
    /// Classes are made up for.
    Recovery {
        /// As on which weekday; none: at times of its own.
        weekday: Option<Weekday>,
    },
    /// The day ends early. With a stay, its exit is cut; without one, all begin after the end.
    HalfDay {
        /// When, local wall time.
        exit: NaiveTime,
        /// Why.
        reason: Reason,
    },
    /// The whole school is elsewhere.
    Outing,
    /// A holiday.
    Holiday,
    /// The weekly schedule has none on that weekday.
    NoSlotThatDay,
    /// No weekly schedule is valid yet: nobody is expected, so nobody is missed.
    NoScheduleYet,
    /// The course is closed.
    CourseClosed,
    /// Before the enrolment.
    NotEnrolledYet,
    /// After the withdrawal.
    Withdrawn,
}

/// What is expected of the pupil on the date, in the school's zone. The most particular rule decides: whether the
/// pupil and the course are there at all, then the course's exception, then the day that the school set, then the
/// holiday under it, then the week.
pub fn expectation(pupil: &PupilCalendar<'_>, date: NaiveDate, zone: Tz) -> Expectation {
    if date < pupil.enrolled_from {
        return nobody(Why::NotEnrolledYet);
    }
    if pupil.withdrawn_from.is_some_and(|from| date >= from) {
        return nobody(Why::Withdrawn);
    }
    let (course, school) = (pupil.course, pupil.school);
    if course.closed_from.is_some_and(|from| date >= from) {
        return nobody(Why::CourseClosed);
    }
    if let Some(CourseDay { times, reason }) = course.exceptions.get(&date) {
        let reason = *reason;
        return match times {
            CourseTimes::Nobody => nobody(Why::CourseNobody { reason }),
            CourseTimes::Weekday { weekday } => match course.week(date, *weekday) {
                Ok((_, times)) => at(&times, Why::CourseOwnTimes { reason }, date, zone),
                Err(why) => nobody(why),
            },
            CourseTimes::Until { exit } => match course.week(date, date.weekday()) {
                Ok((_, times)) => at(&until(*exit, times), Why::CourseHalfDay { exit: *exit, reason }, date, zone),
                Err(why) => nobody(why),
            },
            CourseTimes::Own { slots } => at(&times_of(slots), Why::CourseOwnTimes { reason }, date, zone),
        };
    }
    match school.days.get(&date) {
        Some(SchoolDay::NoClasses { reason, .. }) => nobody(Why::NoClasses { reason: *reason }),
        Some(SchoolDay::Outing) => nobody(Why::Outing),
        Some(SchoolDay::Recovery { times: RecoveryTimes::Own { slots } }) => {
            at(&times_of(slots), Why::Recovery { weekday: None }, date, zone)
        }
        Some(SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday } }) => match course.week(date, *weekday) {
            Ok((_, times)) => at(&times, Why::Recovery { weekday: Some(*weekday) }, date, zone),
            Err(why) => nobody(why),
        },
        Some(SchoolDay::HalfDay { exit, reason }) => match course.week(date, date.weekday()) {
            Ok((_, times)) => at(&until(*exit, times), Why::HalfDay { exit: *exit, reason: *reason }, date, zone),
            Err(why) => nobody(why),
        },
        Some(SchoolDay::Holiday { .. }) => nobody(Why::Holiday),
        None if school.holidays.contains_key(&date) => nobody(Why::Holiday),
        None => match course.week(date, date.weekday()) {
            Ok((effective_from, times)) => at(&times, Why::WeeklySchedule { effective_from }, date, zone),
            Err(why) => nobody(why),
        },
    }
}

/// A stay before it is resolved on its date.
#[derive(Clone, Copy)]
struct WallTimes {
    slot_id: SlotId,
    entry: NaiveTime,
    exit: NaiveTime,
}

impl CourseCalendar {
    /// The stays of a weekday by the version of the schedule valid on the date, with the first date of that version;
    /// or why there are none.
    fn week(&self, date: NaiveDate, weekday: Weekday) -> Result<(NaiveDate, Vec<WallTimes>), Why> {
        let valid = self.schedules.iter().filter(|(from, _)| *from <= date).max_by_key(|(from, _)| *from);
        let (effective_from, week) = valid.ok_or(Why::NoScheduleYet)?;
        let on_that_day = week.iter().filter(|slot| slot.weekday == weekday);
        let times: Vec<_> =
            on_that_day.map(|s| WallTimes { slot_id: s.slot_id, entry: s.entry, exit: s.exit }).collect();
        if times.is_empty() { Err(Why::NoSlotThatDay) } else { Ok((*effective_from, times)) }
    }
}

fn times_of(slots: &[DaySlot]) -> Vec<WallTimes> {
    slots.iter().map(|s| WallTimes { slot_id: s.slot_id, entry: s.entry, exit: s.exit }).collect()
}

/// Cut at the end of a half day. Who would come only after it does not come.
fn until(end: NaiveTime, mut times: Vec<WallTimes>) -> Vec<WallTimes> {
    times.retain(|slot| slot.entry < end);
    times.iter_mut().for_each(|slot| slot.exit = slot.exit.min(end));
    times
}

fn nobody(why: Why) -> Expectation {
    Expectation { slots: vec![], why }
}

/// Expected at these times, resolved on the date.
fn at(times: &[WallTimes], why: Why, date: NaiveDate, zone: Tz) -> Expectation {
    let mut slots: Vec<ExpectedSlot> = times
        .iter()
        .map(|slot| ExpectedSlot {
            slot_id: slot.slot_id,
            entry: resolve_local(date, slot.entry, zone),
            exit: resolve_local(date, slot.exit, zone),
        })
        .collect();
    slots.sort_by_key(|slot| (slot.entry, slot.slot_id));
    Expectation { slots, why }
}

#[cfg(test)]
mod tests;
