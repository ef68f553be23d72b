//! What may be asked of a course, and what follows.

use super::{Event, Shift, Slot, State};
use crate::calendar::{CourseDay, DayError};
use crate::values::name::{self, NameError};
use crate::values::school_date::{self, NotASchoolDate, YEARS};
use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use std::collections::BTreeSet;

/// What may be asked of a course.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Open it for a school year.
    Open {
        /// School year.
        year: i32,
        /// Name as the school writes it.
        name: String,
        /// Grade and level, such as `basica-1`.
        level: String,
        /// Section letter, may be empty.
        letter: String,
    },
    /// Change its name.
    Rename {
        /// The new name.
        name: String,
    },
    /// Say its shift.
    SetShift {
        /// The shift.
        shift: Shift,
    },
    /// Set the weekly schedule that is valid from a date until the next one.
    SetWeeklySchedule {
        /// First local date on which it is valid.
        effective_from: NaiveDate,
        /// All slots of the week, in any order.
        slots: Vec<Slot>,
    },
    /// Say what it expects on one date.
    SetException {
        /// The local date.
        date: NaiveDate,
        /// What it expects, and why.
        day: CourseDay,
    },
    /// Take an exception back.
    ClearException {
        /// The local date.
        date: NaiveDate,
    },
    /// Close it.
    Close {
        /// First local date on which nobody is expected.
        from: NaiveDate,
    },
}

/// Why a command to a course is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It was never opened.
    #[error("the course is not open")]
    NotOpened,
    /// It was opened before, otherwise.
    #[error("the course is already open with other data")]
    AlreadyOpened,
    /// It is closed.
    #[error("the course is closed")]
    Closed,
    /// Its name is not usable.
    #[error("the course's name: {0}")]
    Name(NameError),
    /// Not 1 to 20 of `a-z`, `0-9` and `-`.
    #[error("not a level code")]
    Level,
    /// Longer than eight characters, or with a control character.
    #[error("not a section letter")]
    Letter,
    /// Not between 1900 and 2200.
    #[error("not a school year")]
    Year,
    /// A slot ends before it begins.
    #[error("a slot on {0} ends before it begins")]
    SlotEndsBeforeItBegins(Weekday),
    /// Two slots of one day overlap.
    #[error("two slots on {0} overlap")]
    SlotsOverlap(Weekday),
    /// A slot id occurs twice.
    #[error("a slot id occurs twice")]
    SlotIdTwice,
    /// The date from which it shall hold is none that a school can mean.
    #[error("the date is {0}")]
    Date(NotASchoolDate),
    /// The exception cannot be set.
    #[error(transparent)]
    Day(#[from] DayError),
    /// The exception is on a date more than a year away from the course's school year.
    #[error("the date is not of the course's school year")]
    OtherYear,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Open { year, name, level, letter } => {
            let name = name::clean(&name).map_err(Error::Name)?;
            let (level, letter) = (level_code(&level)?, section(&letter)?);
            if !YEARS.contains(&year) {
                return Err(Error::Year);
            }
            match state {
                State::NotOpened => Ok(vec![Event::Opened { year, name, level, letter }]),
                State::Open(c) if (c.year, &c.name, &c.level, &c.letter) == (year, &name, &level, &letter) => {
                    Ok(vec![])
                }
                State::Open(_) => Err(Error::AlreadyOpened),
                State::Closed { .. } => Err(Error::Closed),
            }
        }
        Command::Rename { name } => {
            let name = name::clean(&name).map_err(Error::Name)?;
            match state {
                State::NotOpened => Err(Error::NotOpened),
                State::Open(c) if c.name == name => Ok(vec![]),
                State::Open(_) => Ok(vec![Event::Renamed { name }]),
                State::Closed { .. } => Err(Error::Closed),
            }
        }
        Command::SetShift { shift } => match state {
            State::NotOpened => Err(Error::NotOpened),
            State::Open(c) if c.shift == Some(shift) => Ok(vec![]),
            State::Open(_) => Ok(vec![Event::ShiftSet { shift }]),
            State::Closed { .. } => Err(Error::Closed),
        },
        Command::SetWeeklySchedule { effective_from, slots } => {
            let effective_from = school_date::date(effective_from).map_err(Error::Date)?;
            let slots = checked_week(slots)?;
            match state {
                State::NotOpened => Err(Error::NotOpened),
                State::Open(c) if c.schedules.get(&effective_from) == Some(&slots) => Ok(vec![]),
                State::Open(_) => Ok(vec![Event::WeeklyScheduleSet { effective_from, slots }]),
                State::Closed { .. } => Err(Error::Closed),
            }
        }
        Command::SetException { date, day } => {
            let (date, day) = (school_date::date(date).map_err(DayError::Date)?, day.checked()?);
            match state {
                State::NotOpened => Err(Error::NotOpened),
                // A school year may end in the next calendar year, never in the one after.
                State::Open(c) if date.year().abs_diff(c.year) > 1 => Err(Error::OtherYear),
                State::Open(c) if c.exceptions.get(&date) == Some(&day) => Ok(vec![]),
                State::Open(_) => Ok(vec![Event::ScheduleExceptionSet { date, day }]),
                State::Closed { .. } => Err(Error::Closed),
            }
        }
        Command::ClearException { date } => match state {
            State::NotOpened => Err(Error::NotOpened),
            State::Open(c) if !c.exceptions.contains_key(&date) => Ok(vec![]),
            State::Open(_) => Ok(vec![Event::ScheduleExceptionCleared { date }]),
            State::Closed { .. } => Err(Error::Closed),
        },
        Command::Close { from } => match state {
            State::NotOpened => Err(Error::NotOpened),
            State::Open(_) => Ok(vec![Event::Closed { from: school_date::date(from).map_err(Error::Date)? }]),
            State::Closed { from: since, .. } if *since == from => Ok(vec![]),
            State::Closed { .. } => Err(Error::Closed),
        },
    }
}

/// The slots in the order of the week, if a course may have them.
pub fn checked_week(mut slots: Vec<Slot>) -> Result<Vec<Slot>, Error> {
    let mut ids = BTreeSet::new();
    for slot in &slots {
        if slot.exit <= slot.entry {
            return Err(Error::SlotEndsBeforeItBegins(slot.weekday));
        }
        if !ids.insert(slot.slot_id) {
            return Err(Error::SlotIdTwice);
        }
    }
    let key = |s: &Slot| -> (u32, NaiveTime) { (s.weekday.num_days_from_monday(), s.entry) };
    slots.sort_by_key(key);
    for pair in slots.windows(2) {
        if let [a, b] = pair
            && a.weekday == b.weekday
            && b.entry < a.exit
        {
            return Err(Error::SlotsOverlap(a.weekday));
        }
    }
    Ok(slots)
}

fn level_code(level: &str) -> Result<String, Error> {
    let level = level.trim();
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=20).contains(&level.len()) && level.bytes().all(good) { Ok(level.to_owned()) } else { Err(Error::Level) }
}

fn section(letter: &str) -> Result<String, Error> {
    match name::clean_up_to(letter, 8) {
        Ok(letter) => Ok(letter),
        Err(NameError::Empty) => Ok(String::new()),
        Err(NameError::TooLong | NameError::Unprintable) => Err(Error::Letter),
    }
}
