//! A kiosk at a gate: what it is allowed, and the facts that completeness rests on.

use crate::attendance_day::Direction;
use crate::ids::{QueueId, ScanId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a kiosk learns a scan's direction. Never by toggling.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneMode {
    /// Everybody who scans here enters.
    EntryLane,
    /// Everybody who scans here leaves.
    ExitLane,
    /// The pupil or the inspector chooses at the kiosk.
    Choice,
}

impl LaneMode {
    /// The direction that the lane fixes, if it does.
    pub fn fixed_direction(self) -> Option<Direction> {
        match self {
            Self::EntryLane => Some(Direction::Entry),
            Self::ExitLane => Some(Direction::Exit),
            Self::Choice => None,
        }
    }
}

/// What can have happened to a kiosk.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// Set up at a gate.
    #[serde(rename = "enrolled")]
    Enrolled {
        /// Name of the gate as people say it: `Portón Norte`.
        gate: String,
        /// How it learns the direction.
        mode: LaneMode,
    },
    /// Its lane mode was changed.
    #[serde(rename = "mode_changed")]
    ModeChanged {
        /// The new mode.
        mode: LaneMode,
    },
    /// No longer trusted; what it still sends is quarantined.
    #[serde(rename = "revoked")]
    Revoked,
    /// Its queue is empty up to a scan and an instant: no earlier scan is still to come.
    #[serde(rename = "drained_through")]
    DrainedThrough {
        /// The queue.
        queue_id: QueueId,
        /// All scans with this number and below are in the log.
        seq: i64,
        /// No scan taken before this instant is still waiting.
        through: DateTime<Utc>,
    },
    /// Nothing was heard from it for longer than the limit.
    #[serde(rename = "silent")]
    Silent {
        /// When it was last heard.
        last_seen: DateTime<Utc>,
    },
    /// It was heard again.
    #[serde(rename = "returned")]
    Returned,
    /// It says that it sent everything up to `to`, but `from..=to` never came.
    #[serde(rename = "gap_detected")]
    GapDetected {
        /// The queue.
        queue_id: QueueId,
        /// First missing number.
        from: i64,
        /// Last missing number.
        to: i64,
    },
    /// Two different scans came under one number: a copied or restored kiosk.
    #[serde(rename = "fork_detected")]
    ForkDetected {
        /// The queue.
        queue_id: QueueId,
        /// The number used twice.
        seq: i64,
        /// The scan that came second.
        scan_id: ScanId,
    },
}

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "kiosk";
    fn name(&self) -> &'static str {
        match self {
            Self::Enrolled { .. } => "enrolled",
            Self::ModeChanged { .. } => "mode_changed",
            Self::Revoked => "revoked",
            Self::DrainedThrough { .. } => "drained_through",
            Self::Silent { .. } => "silent",
            Self::Returned => "returned",
            Self::GapDetected { .. } => "gap_detected",
            Self::ForkDetected { .. } => "fork_detected",
        }
    }
}
