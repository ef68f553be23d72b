//! A course of one school year and its weekly schedule.

use crate::ids::SlotId;
use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

/// One expected stay: an entry and an exit on one weekday, in the school's local wall time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Slot {
    /// Stable over edits of the times, so that a case stays tied to its slot.
    pub slot_id: SlotId,
    /// Day of the week.
    pub weekday: Weekday,
    /// Expected entry, local wall time.
    pub entry: NaiveTime,
    /// Expected exit, local wall time; after `entry`.
    pub exit: NaiveTime,
}

/// What can have happened to a course.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// The course was opened for a school year.
    #[serde(rename = "opened")]
    Opened {
        /// School year.
        year: i32,
        /// Name as the school writes it: `1° Básico A`.
        name: String,
        /// Grade and level, such as `basica-1`, `media-4`, `nt-2`; for sorting and grouping.
        level: String,
        /// Section letter, may be empty.
        letter: String,
    },
    /// Its name was changed.
    #[serde(rename = "renamed")]
    Renamed {
        /// New name.
        name: String,
    },
    /// A weekly schedule was set, valid from a date until the next one.
    #[serde(rename = "weekly_schedule_set")]
    WeeklyScheduleSet {
        /// First local date on which it is valid.
        effective_from: NaiveDate,
        /// All slots of the week; empty means that nobody is expected.
        slots: Vec<Slot>,
    },
    /// The course was closed; nobody is expected from this date on.
    #[serde(rename = "closed")]
    Closed {
        /// First local date on which nobody is expected.
        from: NaiveDate,
    },
}

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "course";
    fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Renamed { .. } => "renamed",
            Self::WeeklyScheduleSet { .. } => "weekly_schedule_set",
            Self::Closed { .. } => "closed",
        }
    }
}
