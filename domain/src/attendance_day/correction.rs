//! Setting a day right: one person asks, another with the right approves, and nothing is edited. Whoever has the right
//! needs no second person for an own correction, and the event says so.

use super::{Bounds, Direction, Error, Event, KnownEntry, State};
use crate::envelope::Actor;
use crate::ids::{CorrectionId, ManualEntryId};
use crate::sealed::Sealed;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a day is set right, as a code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionReason {
    /// The card was held by another pupil.
    OtherPupil,
    /// The time is wrong.
    WrongTime,
    /// It was a going and not a coming, or the other way round.
    WrongDirection,
    /// It was recorded, and did not happen.
    DidNotHappen,
    /// It happened, and was not recorded.
    NotRecorded,
    /// None of these.
    Other,
}

impl CorrectionReason {
    /// All of them, in the order in which a form offers them.
    pub const ALL: [Self; 6] =
        [Self::WrongTime, Self::NotRecorded, Self::DidNotHappen, Self::OtherPupil, Self::WrongDirection, Self::Other];
}

/// A passage that a correction adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Added {
    /// Which way.
    pub direction: Direction,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// What of a day is to be otherwise: a passage counts no more, another one does. Both, where one had another time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The scan, entry by hand, early leave or correction whose passage counts no more.
    pub voids: Option<Uuid>,
    /// The passage that counts from now on.
    pub adds: Option<Added>,
}

/// What is asked for. Who asks is in the envelope.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Correction {
    /// Minted by the client, the same at every retry.
    pub correction_id: CorrectionId,
    /// What is to be otherwise.
    #[serde(flatten)]
    pub change: Change,
    /// Why.
    pub reason: CorrectionReason,
    /// More about it, sealed under the pupil's key of the class `reason`.
    pub note: Option<Sealed>,
}

/// Who decides on a correction, and what is known of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Approval {
    /// Which.
    pub correction_id: CorrectionId,
    /// Who asked for it.
    pub author: Actor,
    /// Who decides.
    pub by: Actor,
    /// Whether that person may set right what others recorded.
    pub corrects: bool,
}

/// A correction that is on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownCorrection {
    /// Which.
    pub correction_id: CorrectionId,
    /// What it asks for.
    pub change: Change,
    /// What was said to it; none while it waits.
    pub approved: Option<bool>,
}

/// Why a day is not set right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CorrectionError {
    /// It changes nothing.
    #[error("nothing is to be changed")]
    Empty,
    /// No such passage counts on that day.
    #[error("no such passage")]
    UnknownPassage,
    /// No such correction is on record.
    #[error("no such correction")]
    Unknown,
    /// The contrary was said before.
    #[error("it was decided otherwise")]
    Decided,
    /// It takes somebody who may set right what others recorded.
    #[error("it takes another person")]
    MayNotApprove,
}

pub(super) fn request(
    state: &State,
    correction: Correction,
    alone: bool,
    bounds: &Bounds,
) -> Result<Vec<Event>, Error> {
    let (correction_id, change) = (correction.correction_id, correction.change);
    if state.correction(correction_id).is_some() {
        return Ok(vec![]);
    }
    if !bounds.enrolled {
        return Err(Error::NotEnrolled);
    }
    if change.voids.is_none() && change.adds.is_none() {
        return Err(CorrectionError::Empty.into());
    }
    check_voided(state, change)?;
    if let Some(added) = change.adds {
        bounds.check(added.occurred_at)?;
    }
    let mut events = vec![Event::CorrectionRequested { correction }];
    if alone {
        events.push(Event::CorrectionApproved { correction_id, change, alone });
    }
    Ok(events)
}

pub(super) fn approve(state: &State, approval: &Approval) -> Result<Vec<Event>, Error> {
    let id = approval.correction_id;
    let known = state.correction(id).ok_or(CorrectionError::Unknown)?;
    match known.approved {
        _ if !approval.corrects => Err(CorrectionError::MayNotApprove.into()),
        Some(true) => Ok(vec![]),
        Some(false) => Err(CorrectionError::Decided.into()),
        None => {
            check_voided(state, known.change)?;
            let alone = approval.author == approval.by;
            Ok(vec![Event::CorrectionApproved { correction_id: id, change: known.change, alone }])
        }
    }
}

/// Whoever asked for it takes it back by the same event.
pub(super) fn reject(state: &State, approval: &Approval) -> Result<Vec<Event>, Error> {
    let id = approval.correction_id;
    match state.correction(id).ok_or(CorrectionError::Unknown)?.approved {
        _ if !approval.corrects && approval.author != approval.by => Err(CorrectionError::MayNotApprove.into()),
        Some(false) => Ok(vec![]),
        Some(true) => Err(CorrectionError::Decided.into()),
        None => Ok(vec![Event::CorrectionRejected { correction_id: id }]),
    }
}

fn check_voided(state: &State, change: Change) -> Result<(), Error> {
    match change.voids {
        Some(passage) if !state.counts(passage) => Err(CorrectionError::UnknownPassage.into()),
        Some(_) | None => Ok(()),
    }
}

impl State {
    /// This correction, if it is on record.
    pub fn correction(&self, id: CorrectionId) -> Option<KnownCorrection> {
        self.corrections.iter().find(|known| known.correction_id == id).copied()
    }

    /// Whether this passage counts.
    fn counts(&self, passage: Uuid) -> bool {
        self.scans.iter().any(|scan| scan.scan_id.0 == passage && !scan.voided)
            || self.by_hand.iter().any(|entry| entry.entry_id.0 == passage && !entry.withdrawn)
    }

    pub(super) fn corrected(&mut self, id: CorrectionId, change: Change) {
        self.correction_is(id, true);
        if let Some(passage) = change.voids {
            let scans = self.scans.iter_mut().filter(|scan| scan.scan_id.0 == passage);
            scans.for_each(|scan| scan.voided = true);
            let by_hand = self.by_hand.iter_mut().filter(|entry| entry.entry_id.0 == passage);
            by_hand.for_each(|entry| entry.withdrawn = true);
        }
        if let Some(Added { direction, occurred_at }) = change.adds {
            let entry_id = ManualEntryId(id.0);
            self.by_hand.push(KnownEntry { entry_id, direction, occurred_at, withdrawn: false });
        }
    }

    pub(super) fn correction_is(&mut self, id: CorrectionId, approved: bool) {
        let known = self.corrections.iter_mut().filter(|known| known.correction_id == id);
        known.for_each(|known| known.approved = Some(approved));
    }
}

#[cfg(test)]
mod tests;
