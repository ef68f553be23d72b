//! A school: the tenant, its time zone, the settings its day is judged by, and the days that it sets.
//!
//! Invariants: settings are always within the limits of [`Settings::check`]; a date is at most one holiday and,
//! over it, at most one day that the school sets.

mod decide;
mod history;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::calendar::{Layer, SchoolCalendar, SchoolDay};
use chrono::NaiveDate;
pub use decide::{Command, Error};
pub use history::SettingsHistory;
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// What a school day is judged by.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// IANA time zone, such as `America/Santiago` or `America/Punta_Arenas`.
    pub zone: chrono_tz::Tz,
    /// Minutes after the entry time from which an entry is late.
    pub late_after_minutes: u16,
    /// Minutes after the entry time from which a pupil without entry is missing.
    pub missing_after_minutes: u16,
    /// A second tap in the same direction within this many seconds is an echo.
    pub echo_seconds: u16,
    /// If more than this many of a hundred pupils of a course, or of the school, are missing at once, an inspector
    /// looks before any family is told. 100: never.
    #[serde(default = "Settings::mass_alarm_percent")]
    pub mass_alarm_percent: u8,
    /// A pupil found missing this many minutes after the entry was due, or later, is no news to the family by itself.
    #[serde(default = "Settings::stale_after_minutes")]
    pub stale_after_minutes: u16,
}

impl Settings {
    /// What a school begins with that says nothing but where it is.
    pub const fn of(zone: chrono_tz::Tz) -> Self {
        Self {
            zone,
            late_after_minutes: 5,
            missing_after_minutes: 15,
            echo_seconds: 60,
            mass_alarm_percent: Self::mass_alarm_percent(),
            stale_after_minutes: Self::stale_after_minutes(),
        }
    }

    const fn mass_alarm_percent() -> u8 {
        25
    }

    const fn stale_after_minutes() -> u16 {
        90
    }

    /// A day with a limit beyond four hours, or an echo window beyond ten minutes, is a typing
    /// error: the second would swallow real passages.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.late_after_minutes > 240 {
            return Err(SettingsError::LateAfter);
        }
        if self.missing_after_minutes > 240 {
            return Err(SettingsError::MissingAfter);
        }
        if self.echo_seconds > 600 {
            return Err(SettingsError::Echo);
        }
        if !(1..=100).contains(&self.mass_alarm_percent) {
            return Err(SettingsError::MassAlarm);
        }
        if !(1..=600).contains(&self.stale_after_minutes) {
            return Err(SettingsError::StaleAfter);
        }
        Ok(())
    }
}

/// Some settings anew; what is none stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SettingsChange {
    /// [`Settings::late_after_minutes`].
    pub late_after_minutes: Option<u16>,
    /// [`Settings::missing_after_minutes`].
    pub missing_after_minutes: Option<u16>,
    /// [`Settings::mass_alarm_percent`].
    pub mass_alarm_percent: Option<u8>,
    /// [`Settings::stale_after_minutes`].
    pub stale_after_minutes: Option<u16>,
}

impl SettingsChange {
    /// The settings that would hold in the place of these.
    pub fn over(&self, now: &Settings) -> Settings {
        Settings {
            late_after_minutes: self.late_after_minutes.unwrap_or(now.late_after_minutes),
            missing_after_minutes: self.missing_after_minutes.unwrap_or(now.missing_after_minutes),
            mass_alarm_percent: self.mass_alarm_percent.unwrap_or(now.mass_alarm_percent),
            stale_after_minutes: self.stale_after_minutes.unwrap_or(now.stale_after_minutes),
            zone: now.zone,
            echo_seconds: now.echo_seconds,
        }
    }
}

/// Which setting is beyond its limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// `late_after_minutes` is more than 240.
    #[error("late_after_minutes is more than 240")]
    LateAfter,
    /// `missing_after_minutes` is more than 240.
    #[error("missing_after_minutes is more than 240")]
    MissingAfter,
    /// `echo_seconds` is more than 600.
    #[error("echo_seconds is more than 600")]
    Echo,
    /// `mass_alarm_percent` is not from 1 to 100.
    #[error("mass_alarm_percent is not from 1 to 100")]
    MassAlarm,
    /// `stale_after_minutes` is not from 1 to 600.
    #[error("stale_after_minutes is not from 1 to 600")]
    StaleAfter,
}

/// Where a school stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never entered.
    #[default]
    NotRegistered,
    /// On this installation.
    Registered {
        /// Public name.
        name: String,
        /// RBD with check digit.
        rbd: Option<String>,
        /// What its day is judged by.
        settings: Settings,
        /// The days that it set.
        calendar: SchoolCalendar,
    },
}

impl State {
    fn change(mut self, change: impl FnOnce(&mut Settings, &mut SchoolCalendar)) -> Self {
        match &mut self {
            Self::NotRegistered => {}
            Self::Registered { name: _, rbd: _, settings, calendar } => change(settings, calendar),
        }
        self
    }
}

/// What can have happened to a school.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// The school was entered.
    #[serde(rename = "registered")]
    Registered {
        /// Public name of the school.
        name: String,
        /// Chile's RBD with check digit (`12345-6`), where it has one.
        rbd: Option<String>,
        /// Its first settings.
        settings: Settings,
    },
    /// Its settings were replaced.
    #[serde(rename = "settings_changed")]
    SettingsChanged {
        /// All settings, not a difference.
        settings: Settings,
    },
    /// A date is a holiday, or not as the week says.
    #[serde(rename = "calendar_day_set")]
    CalendarDaySet {
        /// The local date.
        date: NaiveDate,
        /// What it is now; a holiday lies under what else is set on the date.
        day: SchoolDay,
    },
    /// What was set on a date was taken back.
    #[serde(rename = "calendar_day_cleared")]
    CalendarDayCleared {
        /// The local date.
        date: NaiveDate,
        /// Whether the holiday or the day that the school set.
        layer: Layer,
    },
}

crate::event::domain_event! {
    Event of "school" {
        Registered = "registered": "A school was entered, with its first settings.";
        SettingsChanged = "settings_changed": "The settings that its day is judged by were replaced; all of them, not a difference.";
        CalendarDaySet = "calendar_day_set": "A date was set for the whole school: a holiday, no classes, a recovery day, a half day or an outing; a holiday lies under what else is set on the date.";
        CalendarDayCleared = "calendar_day_cleared": "The holiday of a date, or what else was set on it, was taken back.";
    }
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct School;

impl Aggregate for School {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Registered { name, rbd, settings } => State::Registered {
                name: name.clone(),
                rbd: rbd.clone(),
                settings: settings.clone(),
                calendar: SchoolCalendar::default(),
            },
            Event::SettingsChanged { settings } => state.change(|now, _| now.clone_from(settings)),
            Event::CalendarDaySet { date, day } => state.change(|_, calendar| calendar.set(*date, day.clone())),
            Event::CalendarDayCleared { date, layer } => state.change(|_, calendar| calendar.clear(*date, *layer)),
        }
    }
}
