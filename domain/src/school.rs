//! A school: the tenant, its time zone and the settings its day is judged by.
//!
//! Invariant: settings are always within the limits of [`Settings::check`].

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
pub use decide::{Command, Error};
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
}

impl Settings {
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
        Ok(())
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
    },
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
}

crate::event::domain_event! {
    Event of "school" {
        Registered = "registered": "A school was entered, with its first settings.";
        SettingsChanged = "settings_changed": "The settings that its day is judged by were replaced; all of them, not a difference.";
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
            Event::Registered { name, rbd, settings } => {
                State::Registered { name: name.clone(), rbd: rbd.clone(), settings: settings.clone() }
            }
            Event::SettingsChanged { settings } => match state {
                State::NotRegistered => State::NotRegistered,
                State::Registered { name, rbd, settings: _ } => {
                    State::Registered { name, rbd, settings: settings.clone() }
                }
            },
        }
    }
}
