//! A kiosk at a gate: what it is allowed, and the facts that completeness rests on.
//!
//! Invariants: a revoked kiosk never comes back (a new one is enrolled in its place) and completes
//! nothing; a queue's `through` never goes back; the same gap or fork is told once.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::attendance_day::Direction;
use crate::ids::{QueueId, ScanId};
use chrono::{DateTime, Utc};
pub use decide::{Command, DRAINED_EVERY, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// Where a kiosk stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never set up.
    #[default]
    NotEnrolled,
    /// At work.
    Enrolled(Gate),
    /// No longer trusted.
    Revoked(Gate),
}

/// A kiosk's facts.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    /// Name of the gate.
    pub gate: String,
    /// How it learns the direction.
    pub mode: LaneMode,
    /// Since when it is silent, if it is.
    pub silent_since: Option<DateTime<Utc>>,
    /// How far each queue is drained.
    pub drained: BTreeMap<QueueId, Drained>,
    /// Gaps told so far: queue, first and last missing number.
    pub gaps: BTreeSet<(QueueId, i64, i64)>,
    /// Forks told so far, by the scan that came second.
    pub forks: BTreeSet<ScanId>,
}

/// How far a queue is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drained {
    /// All scans with this number and below are in the log.
    pub seq: i64,
    /// No scan taken before this instant is still waiting.
    pub through: DateTime<Utc>,
}

impl State {
    /// The kiosk's facts, also when it is revoked.
    pub fn gate(&self) -> Option<&Gate> {
        match self {
            Self::NotEnrolled => None,
            Self::Enrolled(gate) | Self::Revoked(gate) => Some(gate),
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Gate)) -> Self {
        match &mut self {
            Self::NotEnrolled => {}
            Self::Enrolled(gate) | Self::Revoked(gate) => change(gate),
        }
        self
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

crate::event::domain_event! {
    Event of "kiosk" {
        Enrolled = "enrolled": "A kiosk was set up at a gate.";
        ModeChanged = "mode_changed": "How a kiosk learns the direction of a scan was changed.";
        Revoked = "revoked": "A kiosk is no longer trusted; what it still sends is quarantined.";
        DrainedThrough = "drained_through": "A kiosk told that nothing taken before an instant is waiting; absence is concluded from this fact only.";
        Silent = "silent": "Nothing was heard from a kiosk for longer than the limit.";
        Returned = "returned": "A silent kiosk was heard again.";
        GapDetected = "gap_detected": "A kiosk says that it sent scans which never came; it was asked to send them again.";
        ForkDetected = "fork_detected": "Two different scans came under one number of one queue: a copied or restored kiosk.";
    }
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Kiosk;

impl Aggregate for Kiosk {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Enrolled { gate, mode } => State::Enrolled(Gate {
                gate: gate.clone(),
                mode: *mode,
                silent_since: None,
                drained: BTreeMap::new(),
                gaps: BTreeSet::new(),
                forks: BTreeSet::new(),
            }),
            Event::ModeChanged { mode } => state.change(|g| g.mode = *mode),
            Event::Revoked => match state {
                State::NotEnrolled => State::NotEnrolled,
                State::Enrolled(gate) | State::Revoked(gate) => State::Revoked(gate),
            },
            Event::DrainedThrough { queue_id, seq, through } => state.change(|g| {
                g.drained.insert(*queue_id, Drained { seq: *seq, through: *through });
            }),
            Event::Silent { last_seen } => state.change(|g| g.silent_since = Some(*last_seen)),
            Event::Returned => state.change(|g| g.silent_since = None),
            Event::GapDetected { queue_id, from, to } => state.change(|g| {
                g.gaps.insert((*queue_id, *from, *to));
            }),
            Event::ForkDetected { scan_id, .. } => state.change(|g| {
                g.forks.insert(*scan_id);
            }),
        }
    }
}
