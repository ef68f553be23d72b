//! A school: the tenant, its time zone and the settings its day is judged by.

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

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "school";
    fn name(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::SettingsChanged { .. } => "settings_changed",
        }
    }
}
