//! When a pupil is expected on a date, and why.
//!
//! Schedules are local wall times, resolved on the day itself in the school's own zone, never ahead:
//! the offset of a Monday is not that of the Friday before a change of the clock.

use crate::course::Slot;
use crate::ids::SlotId;
use crate::values::zone::resolve_local;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What is known of a course's days.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CourseCalendar {
    /// Every version of the weekly schedule with the first date on which it is valid, in any order.
    pub schedules: Vec<(NaiveDate, Vec<Slot>)>,
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

/// What is expected of the pupil on the date, in the school's zone.
pub fn expectation(pupil: &PupilCalendar<'_>, date: NaiveDate, zone: Tz) -> Expectation {
    let nobody = |why| Expectation { slots: vec![], why };
    if date < pupil.enrolled_from {
        return nobody(Why::NotEnrolledYet);
    }
    if pupil.withdrawn_from.is_some_and(|from| date >= from) {
        return nobody(Why::Withdrawn);
    }
    if pupil.course.closed_from.is_some_and(|from| date >= from) {
        return nobody(Why::CourseClosed);
    }
    let valid = pupil.course.schedules.iter().filter(|(from, _)| *from <= date).max_by_key(|(from, _)| *from);
    let Some((effective_from, week)) = valid else { return nobody(Why::NoScheduleYet) };
    let mut slots: Vec<ExpectedSlot> = week
        .iter()
        .filter(|slot| slot.weekday == date.weekday())
        .map(|slot| ExpectedSlot {
            slot_id: slot.slot_id,
            entry: resolve_local(date, slot.entry, zone),
            exit: resolve_local(date, slot.exit, zone),
        })
        .collect();
    if slots.is_empty() {
        return nobody(Why::NoSlotThatDay);
    }
    slots.sort_by_key(|slot| (slot.entry, slot.slot_id));
    Expectation { slots, why: Why::WeeklySchedule { effective_from: *effective_from } }
}

#[cfg(test)]
mod tests;
