//! A course of one school year, its weekly schedule and its exceptions on single dates.
//!
//! Invariants: within one version of the schedule a slot id occurs once and no two slots of a day
//! overlap; after `closed` nothing changes any more.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::calendar::CourseDay;
use crate::ids::SlotId;
use chrono::{NaiveDate, NaiveTime, Weekday};
pub use decide::{Command, Error, checked_week};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// When in the day a course is at school (*jornada*).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// *Mañana*.
    Morning,
    /// *Tarde*.
    Afternoon,
    /// *Jornada escolar completa*.
    FullDay,
    /// *Vespertina*.
    Evening,
}

/// Where a course stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never opened.
    #[default]
    NotOpened,
    /// Running.
    Open(Facts),
    /// Closed from a date on.
    Closed {
        /// What it was.
        course: Facts,
        /// First local date on which nobody is expected.
        from: NaiveDate,
    },
}

/// A course's facts.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// School year.
    pub year: i32,
    /// Name as the school writes it.
    pub name: String,
    /// Grade and level.
    pub level: String,
    /// Section letter, may be empty.
    pub letter: String,
    /// Its shift, if it was said.
    pub shift: Option<Shift>,
    /// Every version of the weekly schedule, by the first date on which it is valid.
    pub schedules: BTreeMap<NaiveDate, Vec<Slot>>,
    /// What it expects on single dates.
    pub exceptions: BTreeMap<NaiveDate, CourseDay>,
}

impl State {
    fn change(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        match &mut self {
            Self::NotOpened => {}
            Self::Open(course) | Self::Closed { course, .. } => change(course),
        }
        self
    }
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
    /// Its shift was said.
    #[serde(rename = "shift_set")]
    ShiftSet {
        /// The shift.
        shift: Shift,
    },
    /// A weekly schedule was set, valid from a date until the next one.
    #[serde(rename = "weekly_schedule_set")]
    WeeklyScheduleSet {
        /// First local date on which it is valid.
        effective_from: NaiveDate,
        /// All slots of the week; empty means that nobody is expected.
        slots: Vec<Slot>,
    },
    /// The course expects something else than its week says on one date.
    #[serde(rename = "schedule_exception_set")]
    ScheduleExceptionSet {
        /// The local date.
        date: NaiveDate,
        /// What it expects, and why.
        #[serde(flatten)]
        day: CourseDay,
    },
    /// An exception was taken back.
    #[serde(rename = "schedule_exception_cleared")]
    ScheduleExceptionCleared {
        /// The local date.
        date: NaiveDate,
    },
    /// The course was closed; nobody is expected from this date on.
    #[serde(rename = "closed")]
    Closed {
        /// First local date on which nobody is expected.
        from: NaiveDate,
    },
}

crate::event::domain_event! {
    Event of "course" {
        Opened = "opened": "A course was opened for a school year.";
        Renamed = "renamed": "A course's name was changed.";
        ShiftSet = "shift_set": "A course's shift was said: morning, afternoon, full day, evening.";
        WeeklyScheduleSet = "weekly_schedule_set": "A weekly schedule was set: local wall times, valid from a date until the next version.";
        ScheduleExceptionSet = "schedule_exception_set": "A course expects nobody, or its pupils at other times, on one date; this goes before what the whole school set.";
        ScheduleExceptionCleared = "schedule_exception_cleared": "A course's exception on a date was taken back.";
        Closed = "closed": "A course was closed; nobody is expected from that date on.";
    }
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Course;

impl Aggregate for Course {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Opened { year, name, level, letter } => State::Open(Facts {
                year: *year,
                name: name.clone(),
                level: level.clone(),
                letter: letter.clone(),
                shift: None,
                schedules: BTreeMap::new(),
                exceptions: BTreeMap::new(),
            }),
            Event::Renamed { name } => state.change(|c| c.name.clone_from(name)),
            Event::ShiftSet { shift } => state.change(|c| c.shift = Some(*shift)),
            Event::WeeklyScheduleSet { effective_from, slots } => state.change(|c| {
                c.schedules.insert(*effective_from, slots.clone());
            }),
            Event::ScheduleExceptionSet { date, day } => state.change(|c| {
                c.exceptions.insert(*date, day.clone());
            }),
            Event::ScheduleExceptionCleared { date } => state.change(|c| {
                c.exceptions.remove(date);
            }),
            Event::Closed { from } => match state {
                State::NotOpened => State::NotOpened,
                State::Open(course) | State::Closed { course, .. } => State::Closed { course, from: *from },
            },
        }
    }
}
