//! What may be asked of a kiosk, and what follows.

use super::{Event, Gate, LaneMode, State};
use crate::ids::{QueueId, ScanId};
use crate::values::name::{self, NameError};
use chrono::{DateTime, TimeDelta, Utc};

/// A queue's progress is told at most this often: completeness is judged in minutes, and a kiosk
/// reports every few seconds.
pub const DRAINED_EVERY: TimeDelta = TimeDelta::seconds(60);

/// What may be asked of a kiosk.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Set it up at a gate.
    Enrol {
        /// Name of the gate.
        gate: String,
        /// How it learns the direction.
        mode: LaneMode,
    },
    /// Change how it learns the direction.
    ChangeMode {
        /// The mode that it has, as far as whoever asks knows.
        from: LaneMode,
        /// The new mode.
        mode: LaneMode,
    },
    /// Stop trusting it.
    Revoke,
    /// It has nothing waiting.
    ReportDrained {
        /// The queue.
        queue_id: QueueId,
        /// Everything with this number and below is in the log; 0 when nothing was ever scanned.
        seq: i64,
        /// No scan taken before it is still waiting.
        through: DateTime<Utc>,
    },
    /// Nothing was heard from it for longer than the limit.
    ReportSilent {
        /// When it was last heard.
        last_seen: DateTime<Utc>,
    },
    /// It was heard.
    ReportSeen,
    /// It says that it sent scans that never came.
    ReportGap {
        /// The queue.
        queue_id: QueueId,
        /// First missing number.
        from: i64,
        /// Last missing number.
        to: i64,
    },
    /// A second scan came under a number already used.
    ReportFork {
        /// The queue.
        queue_id: QueueId,
        /// The number used twice.
        seq: i64,
        /// The scan that came second.
        scan_id: ScanId,
    },
}

/// Why a command to a kiosk is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It was never set up.
    #[error("the kiosk is not enrolled")]
    NotEnrolled,
    /// It was set up before, otherwise.
    #[error("the kiosk is already enrolled with another gate or mode")]
    AlreadyEnrolled,
    /// It is no longer trusted.
    #[error("the kiosk is revoked")]
    Revoked,
    /// Its lane mode is neither the one that was to be changed nor the wanted one: somebody changed it meanwhile.
    #[error("the kiosk has another lane mode by now")]
    AnotherMode,
    /// The gate's name is not usable.
    #[error("the name of the gate: {0}")]
    GateName(NameError),
    /// A number below zero, or a range that ends before it begins.
    #[error("not a sequence number or range")]
    Sequence,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Enrol { gate, mode } => {
            let gate = name::clean(&gate).map_err(Error::GateName)?;
            match state {
                State::NotEnrolled => Ok(vec![Event::Enrolled { gate, mode }]),
                State::Enrolled(now) if now.gate == gate && now.mode == mode => Ok(vec![]),
                State::Enrolled(_) => Err(Error::AlreadyEnrolled),
                State::Revoked(_) => Err(Error::Revoked),
            }
        }
        Command::ChangeMode { from, mode } => {
            let gate = at_work(state)?;
            match gate.mode {
                now if now == mode => Ok(vec![]),
                now if now == from => Ok(vec![Event::ModeChanged { mode }]),
                _ => Err(Error::AnotherMode),
            }
        }
        Command::Revoke => match state {
            State::NotEnrolled => Err(Error::NotEnrolled),
            State::Enrolled(_) => Ok(vec![Event::Revoked]),
            State::Revoked(_) => Ok(vec![]),
        },
        Command::ReportDrained { queue_id, seq, through } => {
            if seq < 0 {
                return Err(Error::Sequence);
            }
            let gate = at_work(state)?;
            let due = gate
                .drained
                .get(&queue_id)
                .is_none_or(|last| through.signed_duration_since(last.through) >= DRAINED_EVERY);
            let drained = Event::DrainedThrough { queue_id, seq, through };
            Ok(match (gate.silent_since.is_some(), due) {
                (false, false) => vec![],
                (false, true) => vec![drained],
                // A report from before the last one may arrive late; it proves life, not progress.
                (true, false) if gate.drained.get(&queue_id).is_some_and(|last| through < last.through) => {
                    vec![Event::Returned]
                }
                (true, true | false) => vec![Event::Returned, drained],
            })
        }
        Command::ReportSilent { last_seen } => {
            let gate = at_work(state)?;
            Ok(if gate.silent_since.is_some() { vec![] } else { vec![Event::Silent { last_seen }] })
        }
        Command::ReportSeen => {
            let gate = at_work(state)?;
            Ok(if gate.silent_since.is_some() { vec![Event::Returned] } else { vec![] })
        }
        // Gaps and forks of a revoked kiosk are still evidence.
        Command::ReportGap { queue_id, from, to } => {
            if from < 1 || to < from {
                return Err(Error::Sequence);
            }
            let gate = state.gate().ok_or(Error::NotEnrolled)?;
            Ok(if gate.gaps.contains(&(queue_id, from, to)) {
                vec![]
            } else {
                vec![Event::GapDetected { queue_id, from, to }]
            })
        }
        Command::ReportFork { queue_id, seq, scan_id } => {
            if seq < 0 {
                return Err(Error::Sequence);
            }
            let gate = state.gate().ok_or(Error::NotEnrolled)?;
            Ok(if gate.forks.contains(&scan_id) {
                vec![]
            } else {
                vec![Event::ForkDetected { queue_id, seq, scan_id }]
            })
        }
    }
}

fn at_work(state: &State) -> Result<&Gate, Error> {
    match state {
        State::NotEnrolled => Err(Error::NotEnrolled),
        State::Enrolled(gate) => Ok(gate),
        State::Revoked(_) => Err(Error::Revoked),
    }
}
