//! Hard mornings that anybody can play: `attendance demo --headless --scenario NAME --json`.
//!
//! A scenario is a script ([`script`]): who taps when at which gate, which gate is cut off, when the server is away,
//! what the director changes. It is played ([`play`]) minute by minute through the real API of a server of its own,
//! with a clock of its own that stands still between two minutes, so that the same script gives the same outcome.

pub mod notices;
mod play;
mod script;

pub use play::{play, play_notices};

use serde::Serialize;
use std::str::FromStr;

/// A hard morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A gate is cut off from half past seven to nine; everybody came.
    SilentGate,
    /// A bus with forty pupils of two courses is late.
    BusOf40,
    /// A holiday on which one course has classes all the same.
    HolidayException,
    /// The server was away all morning.
    ServerStartedAt14,
    /// Two gates send what they held back in reverse order.
    ReversedSync,
    /// Everybody taps twice.
    DoubleTap,
    /// A course's entry is moved after its families were told.
    ScheduleEditedAfterAlert,
    /// The Monday after the clocks were changed.
    DstMonday,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SilentGate,
        Self::BusOf40,
        Self::HolidayException,
        Self::ServerStartedAt14,
        Self::ReversedSync,
        Self::DoubleTap,
        Self::ScheduleEditedAfterAlert,
        Self::DstMonday,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SilentGate => "silent-gate",
            Self::BusOf40 => "bus-of-40",
            Self::HolidayException => "holiday-exception",
            Self::ServerStartedAt14 => "server-started-at-14",
            Self::ReversedSync => "reversed-sync",
            Self::DoubleTap => "double-tap",
            Self::ScheduleEditedAfterAlert => "schedule-edited-after-alert",
            Self::DstMonday => "dst-monday",
        }
    }

    /// What happens in it.
    pub fn about(self) -> &'static str {
        match self {
            Self::SilentGate => "a gate is cut off from 07:30 to 09:00; everybody came",
            Self::BusOf40 => "a bus with forty pupils of two courses arrives at 08:40",
            Self::HolidayException => "a holiday on which one course has classes all the same",
            Self::ServerStartedAt14 => "the server was away until 14:00, and twelve pupils did not come",
            Self::ReversedSync => "two gates send what they held back in reverse order, at 08:10",
            Self::DoubleTap => "everybody taps twice, thirty of them at another gate",
            Self::ScheduleEditedAfterAlert => "a course's entry is moved to 09:30 after three families were told",
            Self::DstMonday => "the Monday after the clocks were changed, on which five pupils do not come",
        }
    }
}

impl FromStr for Scenario {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
            .ok_or_else(|| format!("no such scenario; there are {}", names()))
    }
}

/// What came of a scenario, by the board and the log when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The scenario's name.
    pub scenario: &'static str,
    /// Pupils who were expected.
    pub expected: i64,
    /// Came in time.
    pub present: i64,
    /// Came late.
    pub late: i64,
    /// No entry on record, and every gate says that none is waiting.
    pub missing: i64,
    /// No entry on record, but a gate may hold one back.
    pub unknown: i64,
    /// The most that were unknown at once while it was played.
    pub most_unknown: i64,
    /// Cases that were opened.
    pub cases_opened: i64,
    /// Cases that were held back for the inspector.
    pub cases_held: i64,
    /// Cases that should not have been.
    pub cases_retracted: i64,
    /// Cases that ended because the pupil came.
    pub cases_resolved: i64,
    /// Pupils whose families were to be told.
    pub parents_to_notify: i64,
    /// Whether the inspector was told anything: of a case, or of a gate that fell silent.
    pub inspector_told: bool,
}
