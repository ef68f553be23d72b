//! A pupil leaves before the end with an adult who may collect (retiro anticipado), or the adult is barred.
//!
//! An adult of the pupil's register is always named, with how the identity was checked and by whom (the envelope);
//! what that adult may do is judged anew when the pupil is handed over. The exit stands among the day's passages, so
//! that who is inside has one answer. Required in Chile: person, identity verifier, reason and times (EDE, fn0FA and
//! fn0FB).

use super::by_hand::{ONE_COMING, repeats};
use super::{Bounds, Direction, Error, Event, KnownEntry, State};
use crate::ids::{GuardianId, LeaveId, ManualEntryId};
use crate::sealed::Sealed;
use crate::student::GuardianRights;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a pupil leaves early; coded, since free text collects health data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// Feels ill, or was hurt.
    Unwell,
    /// At a doctor's or another appointment.
    Appointment,
    /// A matter of the family.
    Family,
    /// None of these.
    Other,
}

impl LeaveReason {
    /// All of them, in the order in which a form offers them.
    pub const ALL: [Self; 4] = [Self::Unwell, Self::Appointment, Self::Family, Self::Other];
}

/// How it was made sure who the adult is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityCheck {
    /// The number of the document that was shown is the one on record.
    NumberMatched,
    /// A document with name and photo was shown; no number is on record to compare with.
    DocumentSeen,
}

/// Who asks to take the pupil away, and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EarlyLeave {
    /// Minted by the client, the same at every retry.
    pub leave_id: LeaveId,
    /// The adult.
    pub guardian_id: GuardianId,
    /// How it was made sure.
    pub identity: IdentityCheck,
    /// Why the pupil leaves.
    pub reason: LeaveReason,
    /// When the adult was at the school, as the person who records it says.
    pub occurred_at: DateTime<Utc>,
    /// More about it, sealed under the pupil's key of the class `reason`.
    pub note: Option<Sealed>,
}

/// An early leave that is on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownLeave {
    /// Which.
    pub leave_id: LeaveId,
    /// The adult.
    pub guardian_id: GuardianId,
    /// Where it stands.
    pub stage: LeaveStage,
    identity: IdentityCheck,
    reason: LeaveReason,
    occurred_at: DateTime<Utc>,
}

/// Where an early leave stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeaveStage {
    /// The adult may take the pupil.
    Authorised,
    /// The pupil went.
    Recorded,
    /// It came to nothing.
    Cancelled,
    /// The adult is barred.
    Blocked,
}

impl KnownLeave {
    pub(super) fn of(leave: &EarlyLeave, stage: LeaveStage) -> Self {
        Self {
            leave_id: leave.leave_id,
            guardian_id: leave.guardian_id,
            stage,
            identity: leave.identity,
            reason: leave.reason,
            occurred_at: leave.occurred_at,
        }
    }

    /// What is told of it when the adult turns out to be barred: what was written stands where it was authorised.
    fn told(self, now: DateTime<Utc>) -> EarlyLeave {
        EarlyLeave {
            leave_id: self.leave_id,
            guardian_id: self.guardian_id,
            identity: self.identity,
            reason: self.reason,
            occurred_at: now,
            note: None,
        }
    }
}

/// Why a pupil does not leave early.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LeaveError {
    /// The adult is barred by a court or protection order. That the adult asked is on record.
    #[error("the adult is barred")]
    Barred,
    /// No such adult is linked to the pupil, or one who may not collect.
    #[error("the adult may not collect the pupil")]
    MayNotCollect,
    /// An earlier one is still open.
    #[error("an early leave is open already")]
    OneIsOpen,
    /// No such early leave is on record.
    #[error("no such early leave")]
    Unknown,
    /// The pupil has gone.
    #[error("the pupil has gone")]
    Recorded,
    /// It was cancelled.
    #[error("the early leave was cancelled")]
    Cancelled,
    /// The pupil cannot have gone before it was authorised.
    #[error("the pupil cannot have gone before")]
    BeforeAuthorised,
}

pub(super) fn authorise(
    state: &State,
    leave: EarlyLeave,
    rights: Option<GuardianRights>,
    bounds: &Bounds,
) -> Result<Vec<Event>, Error> {
    if let Some(known) = state.leave(leave.leave_id) {
        return match known.stage {
            LeaveStage::Authorised | LeaveStage::Recorded => Ok(vec![]),
            LeaveStage::Cancelled => Err(LeaveError::Cancelled.into()),
            LeaveStage::Blocked => Err(LeaveError::Barred.into()),
        };
    }
    bounds.check(leave.occurred_at)?;
    match rights {
        Some(rights) if rights.restricted => Ok(vec![Event::EarlyLeaveBlocked { leave }]),
        Some(rights) if rights.may_collect => {
            if state.leaves.iter().any(|known| known.stage == LeaveStage::Authorised) {
                return Err(LeaveError::OneIsOpen.into());
            }
            Ok(vec![Event::EarlyLeaveAuthorised { leave }])
        }
        Some(_) | None => Err(LeaveError::MayNotCollect.into()),
    }
}

pub(super) fn record(
    state: &State,
    leave_id: LeaveId,
    occurred_at: DateTime<Utc>,
    rights: Option<GuardianRights>,
    bounds: &Bounds,
) -> Result<Vec<Event>, Error> {
    let known = state.leave(leave_id).ok_or(LeaveError::Unknown)?;
    match known.stage {
        LeaveStage::Authorised => {}
        LeaveStage::Recorded => return Ok(vec![]),
        LeaveStage::Cancelled => return Err(LeaveError::Cancelled.into()),
        LeaveStage::Blocked => return Err(LeaveError::Barred.into()),
    }
    bounds.check(occurred_at)?;
    if occurred_at < known.occurred_at {
        return Err(LeaveError::BeforeAuthorised.into());
    }
    match rights {
        // An order of a court that came between the desk and the door.
        Some(rights) if rights.restricted => Ok(vec![Event::EarlyLeaveBlocked { leave: known.told(bounds.now) }]),
        Some(rights) if rights.may_collect => {
            let window = ONE_COMING.max(chrono::TimeDelta::seconds(bounds.echo_seconds.into()));
            let repeats = repeats(state, Direction::Exit, (occurred_at, leave_id.0), window);
            Ok(vec![Event::EarlyLeaveRecorded { leave_id, reason: known.reason, occurred_at, repeats }])
        }
        Some(_) | None => Err(LeaveError::MayNotCollect.into()),
    }
}

pub(super) fn cancel(state: &State, leave_id: LeaveId) -> Result<Vec<Event>, Error> {
    match state.leave(leave_id).ok_or(LeaveError::Unknown)?.stage {
        LeaveStage::Authorised => Ok(vec![Event::EarlyLeaveCancelled { leave_id }]),
        LeaveStage::Cancelled => Ok(vec![]),
        LeaveStage::Recorded => Err(LeaveError::Recorded.into()),
        LeaveStage::Blocked => Err(LeaveError::Barred.into()),
    }
}

impl State {
    /// This early leave, if it is on record.
    pub fn leave(&self, leave_id: LeaveId) -> Option<KnownLeave> {
        self.leaves.iter().find(|known| known.leave_id == leave_id).copied()
    }

    /// Whether an exit at that instant is one with an adult who may collect: allowed by then, and not over yet.
    pub fn is_collected(&self, at: DateTime<Utc>) -> bool {
        self.leaves.iter().any(|known| {
            known.occurred_at <= at
                && match known.stage {
                    LeaveStage::Authorised => true,
                    LeaveStage::Recorded => {
                        let exit = self.by_hand(ManualEntryId(known.leave_id.0));
                        exit.is_some_and(|exit| !exit.withdrawn && at <= exit.occurred_at)
                    }
                    LeaveStage::Cancelled | LeaveStage::Blocked => false,
                }
        })
    }

    pub(super) fn leave_is(&mut self, leave_id: LeaveId, stage: LeaveStage) {
        let known = self.leaves.iter_mut().filter(|known| known.leave_id == leave_id);
        known.for_each(|known| known.stage = stage);
    }

    /// The exit of a pupil who was handed over, among what stands by hand.
    pub(super) fn handed_over(&mut self, leave_id: LeaveId, occurred_at: DateTime<Utc>) {
        self.leave_is(leave_id, LeaveStage::Recorded);
        let entry_id = ManualEntryId(leave_id.0);
        self.by_hand.push(KnownEntry { entry_id, direction: Direction::Exit, occurred_at, withdrawn: false });
    }
}

#[cfg(test)]
mod tests;
