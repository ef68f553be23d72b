//! What may be asked of a pupil's day, and what follows.

use super::by_hand::{self, ONE_COMING};
use super::{
    Approval, Asked, Bounds, Correction, CorrectionError, Direction, EarlyLeave, Event, Flag, Justification,
    JustificationError, LeaveError, ManualEntry, Passage, Scan, State, Undo, Verdict,
};
use super::{correction, early_leave, justification};
use crate::ids::{JustificationId, LeaveId};
use crate::student::GuardianRights;
use chrono::{DateTime, TimeDelta, Utc};

/// What may be asked of a pupil's day.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Put a scan on record.
    RecordScan {
        /// The scan, its time already corrected.
        scan: Scan,
        /// Doubts that the caller knows already (about the time, the credential, the pupil).
        flags: Vec<Flag>,
        /// The school's echo window, in seconds.
        echo_seconds: u16,
    },
    /// Put on record what a person says.
    RecordManualEntry {
        /// The entry.
        entry: ManualEntry,
        /// What it is judged by.
        bounds: Bounds,
    },
    /// Take an entry by hand back.
    WithdrawManualEntry(Undo),
    /// Let an adult take the pupil.
    AuthoriseEarlyLeave {
        /// Who, and why.
        leave: EarlyLeave,
        /// What the adult may do for the pupil; none of whoever is not linked.
        rights: Option<GuardianRights>,
        /// What it is judged by.
        bounds: Bounds,
    },
    /// Hand the pupil over.
    RecordEarlyLeave {
        /// Which leave.
        leave_id: LeaveId,
        /// When the pupil went.
        occurred_at: DateTime<Utc>,
        /// What its adult may do for the pupil now.
        rights: Option<GuardianRights>,
        /// What it is judged by.
        bounds: Bounds,
    },
    /// Let the pupil stay after all.
    CancelEarlyLeave {
        /// Which leave.
        leave_id: LeaveId,
    },
    /// Say why the pupil does not come, or came late.
    SubmitJustification {
        /// What is said.
        justification: Justification,
        /// Whoever says it may accept it, and does.
        accepted: bool,
        /// What it is judged by.
        asked: Asked,
    },
    /// Accept or reject what was said.
    DecideJustification {
        /// Which.
        justification_id: JustificationId,
        /// What is said to it.
        verdict: Verdict,
    },
    /// Ask that the day be set right.
    RequestCorrection {
        /// How.
        correction: Correction,
        /// Whoever asks may set right what others recorded: it counts at once.
        alone: bool,
        /// What it is judged by.
        bounds: Bounds,
    },
    /// Set it right.
    ApproveCorrection(Approval),
    /// Leave it as it is.
    RejectCorrection(Approval),
}

/// Why what a person asks is refused. Nothing can be wrong enough to refuse a scan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The pupil is not enrolled on that day.
    #[error("the pupil is not enrolled on that day")]
    NotEnrolled,
    /// It has not happened yet.
    #[error("the time is in the future")]
    InTheFuture,
    /// The time is not of the day that it is for.
    #[error("the time belongs to another day")]
    AnotherDay,
    /// The time is of the night before the school's day.
    #[error("the time is before the school's day")]
    BeforeTheDay,
    /// No such entry by hand is on record.
    #[error("no such entry")]
    UnknownEntry,
    /// Somebody else recorded it.
    #[error("somebody else recorded it")]
    NotItsAuthor,
    /// It was recorded too long ago to be taken back.
    #[error("it is too late to take it back")]
    TooLateToUndo,
    /// It was recorded and taken back.
    #[error("it was taken back")]
    Withdrawn,
    /// Of an early leave.
    #[error(transparent)]
    Leave(#[from] LeaveError),
    /// Of a justification.
    #[error(transparent)]
    Justification(#[from] JustificationError),
    /// Of a correction.
    #[error(transparent)]
    Correction(#[from] CorrectionError),
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::RecordScan { scan, flags, echo_seconds } => {
            if state.knows(scan.scan_id) {
                return Ok(vec![]);
            }
            let flags = doubts(state, &scan, flags, TimeDelta::seconds(echo_seconds.into()));
            let scan_id = scan.scan_id;
            let mut events = vec![Event::ScanRecorded { scan }];
            if !flags.is_empty() {
                events.push(Event::ScanFlagged { scan_id, flags });
            }
            Ok(events)
        }
        Command::RecordManualEntry { entry, bounds } => by_hand::record(state, entry, bounds),
        Command::WithdrawManualEntry(undo) => by_hand::withdraw(state, &undo),
        Command::AuthoriseEarlyLeave { leave, rights, bounds } => early_leave::authorise(state, leave, rights, &bounds),
        Command::RecordEarlyLeave { leave_id, occurred_at, rights, bounds } => {
            early_leave::record(state, leave_id, occurred_at, rights, &bounds)
        }
        Command::CancelEarlyLeave { leave_id } => early_leave::cancel(state, leave_id),
        Command::SubmitJustification { justification, accepted, asked } => {
            justification::submit(state, justification, accepted, asked)
        }
        Command::DecideJustification { justification_id, verdict } => {
            justification::decide(state, justification_id, verdict)
        }
        Command::RequestCorrection { correction, alone, bounds } => {
            correction::request(state, correction, alone, &bounds)
        }
        Command::ApproveCorrection(approval) => correction::approve(state, &approval),
        Command::RejectCorrection(approval) => correction::reject(state, &approval),
    }
}

/// The caller's flags and the day's own, sorted, each once. Judged by the order of the corrected
/// times of what is on record so far; what arrives later is judged then and changes nothing here.
fn doubts(state: &State, scan: &Scan, mut flags: Vec<Flag>, echo_window: TimeDelta) -> Vec<Flag> {
    let (before, after) = state.beside((scan.occurred_at, scan.scan_id.0));
    // The nearest passage on either side decides: with one in the other direction between them, two
    // taps within the window are two real passages (out to the car and in again), not an echo.
    let repeats = |other: Passage| {
        let window = if other.by_hand { echo_window.max(ONE_COMING) } else { echo_window };
        other.direction == scan.direction && scan.occurred_at.signed_duration_since(other.occurred_at).abs() <= window
    };
    if before.is_some_and(repeats) || after.is_some_and(repeats) {
        flags.push(Flag::Echo);
    } else {
        match (scan.direction, before.map(|other| other.direction)) {
            (Direction::Entry, Some(Direction::Entry)) => flags.push(Flag::RepeatedEntry),
            (Direction::Exit, None | Some(Direction::Exit)) => flags.push(Flag::ExitWithoutEntry),
            (Direction::Entry, None | Some(Direction::Exit)) | (Direction::Exit, Some(Direction::Entry)) => {}
        }
    }
    flags.sort_unstable();
    flags.dedup();
    flags
}
