//! What a school's day is judged by.

pub mod read;
pub mod set;

use crate::problem::{Code, Problem};
use crate::simulation::field;
use commands::use_cases::UseCaseError;
use domain::school::{self, Settings, SettingsError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A school's settings.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SettingsView {
    /// IANA time zone.
    pub zone: String,
    /// More whole minutes than this after the expected entry are late.
    pub late_after_minutes: u16,
    /// From this many minutes after the expected entry on, a pupil without an entry is missing.
    pub missing_after_minutes: u16,
    /// A second tap in the same direction within this many seconds is an echo.
    pub echo_seconds: u16,
    /// If more than this many of a hundred pupils of a course, or of the school, are missing at once, an inspector looks
    /// before any family is told. 100: never.
    pub mass_alarm_percent: u8,
    /// A pupil found missing this many minutes after the entry was due, or later, is no news to the family by itself.
    pub stale_after_minutes: u16,
}

impl From<&Settings> for SettingsView {
    fn from(settings: &Settings) -> Self {
        Self {
            zone: settings.zone.name().to_owned(),
            late_after_minutes: settings.late_after_minutes,
            missing_after_minutes: settings.missing_after_minutes,
            echo_seconds: settings.echo_seconds,
            mass_alarm_percent: settings.mass_alarm_percent,
            stale_after_minutes: settings.stale_after_minutes,
        }
    }
}

pub(super) fn out_of_range(error: SettingsError) -> Problem {
    Problem::new(Code::SettingOutOfRange).at(field(error))
}

fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::School(school::Error::Settings(error)) => out_of_range(error),
        other => other.into(),
    }
}
