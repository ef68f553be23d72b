//! What may be asked of a school, and what follows.

use super::{Event, Settings, SettingsChange, SettingsError, State};
use crate::calendar::{DayError, Layer, SchoolDay};
use crate::values::name::{self, NameError};
use crate::values::school_date;
use chrono::NaiveDate;

/// What may be asked of a school.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Enter it.
    Register {
        /// Public name.
        name: String,
        /// RBD with check digit (`12345-6`), where it has one.
        rbd: Option<String>,
        /// Its first settings.
        settings: Settings,
    },
    /// Replace its settings.
    ChangeSettings {
        /// All settings, not a difference.
        settings: Settings,
    },
    /// Replace some of them, whatever the others are by then.
    AdjustSettings {
        /// Which.
        change: SettingsChange,
    },
    /// Say what a date is for the whole school.
    SetDay {
        /// The local date.
        date: NaiveDate,
        /// What it is.
        day: SchoolDay,
    },
    /// Take back what a date was set to.
    ClearDay {
        /// The local date.
        date: NaiveDate,
        /// The holiday, or what else was set.
        layer: Layer,
    },
}

/// Why a command to a school is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It was never entered.
    #[error("the school is not registered")]
    NotRegistered,
    /// It was entered before, otherwise.
    #[error("the school is already registered with other data")]
    AlreadyRegistered,
    /// Its name is not usable.
    #[error("the school's name: {0}")]
    Name(NameError),
    /// Not one to six digits, a hyphen and a check digit.
    #[error("not an RBD")]
    Rbd,
    /// A setting is beyond its limit.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The day cannot be set.
    #[error(transparent)]
    Day(#[from] DayError),
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Register { name, rbd, settings } => {
            let name = name::clean(&name).map_err(Error::Name)?;
            let rbd = rbd.map(|rbd| normal_rbd(&rbd)).transpose()?;
            settings.check()?;
            match state {
                State::NotRegistered => Ok(vec![Event::Registered { name, rbd, settings }]),
                State::Registered { name: n, rbd: r, settings: s, .. } if (n, r, s) == (&name, &rbd, &settings) => {
                    Ok(vec![])
                }
                State::Registered { .. } => Err(Error::AlreadyRegistered),
            }
        }
        Command::ChangeSettings { settings } => {
            settings.check()?;
            match state {
                State::NotRegistered => Err(Error::NotRegistered),
                State::Registered { settings: now, .. } if *now == settings => Ok(vec![]),
                State::Registered { .. } => Ok(vec![Event::SettingsChanged { settings }]),
            }
        }
        Command::AdjustSettings { change } => match state {
            State::NotRegistered => Err(Error::NotRegistered),
            State::Registered { settings: now, .. } => {
                decide(state, Command::ChangeSettings { settings: change.over(now) })
            }
        },
        Command::SetDay { date, day } => {
            let (date, day) = (school_date::date(date).map_err(DayError::Date)?, day.checked()?);
            match state {
                State::NotRegistered => Err(Error::NotRegistered),
                State::Registered { calendar, .. } if calendar.get(date, day.layer()).as_ref() == Some(&day) => {
                    Ok(vec![])
                }
                State::Registered { .. } => Ok(vec![Event::CalendarDaySet { date, day }]),
            }
        }
        Command::ClearDay { date, layer } => match state {
            State::NotRegistered => Err(Error::NotRegistered),
            State::Registered { calendar, .. } if calendar.get(date, layer).is_none() => Ok(vec![]),
            State::Registered { .. } => Ok(vec![Event::CalendarDayCleared { date, layer }]),
        },
    }
}

/// Only the form is checked: no source for the RBD's check digit rule could be read.
fn normal_rbd(rbd: &str) -> Result<String, Error> {
    let rbd = rbd.trim().to_ascii_uppercase();
    let (number, digit) = rbd.split_once('-').ok_or(Error::Rbd)?;
    let number_ok = (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let digit_ok = matches!(digit.as_bytes(), [b'0'..=b'9' | b'K']);
    if number_ok && digit_ok { Ok(rbd) } else { Err(Error::Rbd) }
}
