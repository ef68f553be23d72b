//! A scan that could not be placed: kept whole until a person decides.

use crate::attendance_day::{Direction, Method, Shown};
use crate::ids::{KioskId, QueueId, ScanId, StudentId};
use crate::sealed::Sealed;
use chrono::{DateTime, NaiveDate, Utc};
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

/// A quarantined scan.
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
    /// Which way.
    pub direction: Direction,
    /// How it was read.
    pub method: Method,
    /// Best guess of when it happened.
    pub occurred_at: DateTime<Utc>,
    /// The device's wall clock at the scan, as it said.
    pub device_time: DateTime<Utc>,
    /// What the kiosk showed.
    pub shown: Shown,
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

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "quarantine";
    fn name(&self) -> &'static str {
        match self {
            Self::Received { .. } => "received",
            Self::Assigned { .. } => "assigned",
            Self::Dismissed => "dismissed",
        }
    }
}
