//! A scan that could not be placed: kept whole until a person decides.
//!
//! Invariant: one person's decision stands; another one needs a correction, not a second decision.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::attendance_day::{Direction, Method, Shown};
use crate::ids::{KioskId, QueueId, ScanId, StudentId};
use crate::sealed::Sealed;
use chrono::{DateTime, NaiveDate, Utc};
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// Why a scan could not be placed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No pupil of this school has this card.
    UnknownCredential,
    /// The kiosk had been revoked.
    RevokedKiosk,
    /// Its number was already used by another scan.
    SequenceFork,
    /// The time is in the future, before the kiosk existed, or otherwise impossible.
    ImplausibleTime,
    /// Older than the seven days that a kiosk may be offline.
    TooOld,
    /// One of its values could not be read (kept as sent, sealed).
    Malformed,
}

/// A quarantined scan. What could not be read is absent, never guessed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct QuarantinedScan {
    /// Minted by the kiosk.
    pub scan_id: ScanId,
    /// The kiosk that read it.
    pub kiosk_id: KioskId,
    /// The kiosk's queue.
    pub queue_id: QueueId,
    /// Number in that queue.
    pub seq: i64,
    /// What was read, sealed under the school's own key (`evidence`, field `read`).
    pub read: Sealed,
    /// Which way, if that could be read.
    pub direction: Option<Direction>,
    /// How it was read, if that could be read.
    pub method: Option<Method>,
    /// Best guess of when it happened: the server's time of arrival where the device's is useless.
    pub occurred_at: DateTime<Utc>,
    /// The device's wall clock at the scan, as it said, if that could be read.
    pub device_time: Option<DateTime<Utc>>,
    /// What the kiosk showed, if that could be read.
    pub shown: Option<Shown>,
}

/// Where a quarantined scan stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// It never arrived.
    #[default]
    NotReceived,
    /// It waits for a person.
    Waiting {
        /// Which scan.
        scan_id: ScanId,
    },
    /// A person said whose it was.
    Assigned {
        /// Which scan.
        scan_id: ScanId,
        /// The pupil.
        student_id: StudentId,
        /// The day.
        local_date: NaiveDate,
    },
    /// A person said that it means nothing.
    Dismissed {
        /// Which scan.
        scan_id: ScanId,
    },
}

impl State {
    /// Which scan, once it has arrived.
    pub fn scan_id(&self) -> Option<ScanId> {
        match self {
            Self::NotReceived => None,
            Self::Waiting { scan_id } | Self::Assigned { scan_id, .. } | Self::Dismissed { scan_id } => Some(*scan_id),
        }
    }
}

/// What can have happened to a quarantined scan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// It arrived and could not be placed.
    #[serde(rename = "received")]
    Received {
        /// The scan.
        #[serde(flatten)]
        scan: QuarantinedScan,
        /// Why, sorted, at least one.
        reasons: Vec<Reason>,
    },
    /// A person said whose it was.
    #[serde(rename = "assigned")]
    Assigned {
        /// The pupil.
        student_id: StudentId,
        /// The day it belongs to.
        local_date: NaiveDate,
    },
    /// A person said that it means nothing.
    #[serde(rename = "dismissed")]
    Dismissed,
}

crate::event::domain_event! {
    Event of "quarantine" {
        Received = "received": "A scan arrived that could not be placed; it is kept whole, what could not be read is absent.";
        Assigned = "assigned": "A person said whose quarantined scan it was.";
        Dismissed = "dismissed": "A person said that a quarantined scan means nothing.";
    }
}

/// The aggregate: one scan, under its own id.
#[derive(Clone, Copy, Debug)]
pub struct Quarantine;

impl Aggregate for Quarantine {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Received { scan, .. } => State::Waiting { scan_id: scan.scan_id },
            Event::Assigned { student_id, local_date } => match state.scan_id() {
                None => State::NotReceived,
                Some(scan_id) => State::Assigned { scan_id, student_id: *student_id, local_date: *local_date },
            },
            Event::Dismissed => match state.scan_id() {
                None => State::NotReceived,
                Some(scan_id) => State::Dismissed { scan_id },
            },
        }
    }
}
