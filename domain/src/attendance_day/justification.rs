//! Why a pupil does not come, or came late: said by a family or written down by the staff, with a document or without,
//! and accepted or rejected by the staff.

use super::{Error, Event, State};
use crate::ids::{DocumentId, GuardianId, JustificationId};
use crate::no_show;
use crate::sealed::Sealed;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

/// How far ahead of its day one is taken: an operation that has a date.
pub const AHEAD_OF_ITS_DAY: TimeDelta = TimeDelta::days(60);
/// How many of one day may wait for an answer: a family that presses again and again fills nothing.
pub const MOST_WAITING: usize = 5;

/// What kind of file a document is, known by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// PDF.
    Pdf,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

/// A document that is kept sealed outside of the log, under the pupil's key of the class `evidence`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Document {
    /// Where it is.
    pub document_id: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// Its size before it was sealed, in bytes.
    pub bytes: u32,
}

/// What is said of a pupil's day. Who says it is in the envelope.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Justification {
    /// Minted by the client, the same at every retry.
    pub justification_id: JustificationId,
    /// Why, as a code.
    pub reason: no_show::Justification,
    /// The guardian whose word it is, if it is one's.
    pub guardian_id: Option<GuardianId>,
    /// More about it, sealed under the pupil's key of the class `reason`.
    pub note: Option<Sealed>,
    /// What was handed in with it.
    pub document: Option<Document>,
}

/// Why one is rejected.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The document cannot be read.
    Illegible,
    /// A document is needed, and there is none.
    NoDocument,
    /// It is not of this day, or not of this pupil.
    NotOfThisDay,
    /// None of these.
    Other,
}

impl Rejection {
    /// All of them, in the order in which a form offers them.
    pub const ALL: [Self; 4] = [Self::Illegible, Self::NoDocument, Self::NotOfThisDay, Self::Other];
}

/// What the staff says to one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The pupil is justified.
    Accept,
    /// The pupil is not, for this reason.
    Reject(Rejection),
}

/// One that is on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownJustification {
    /// Which.
    pub justification_id: JustificationId,
    /// Why, as a code.
    pub reason: no_show::Justification,
    /// What the staff said to it; none while it waits.
    pub accepted: Option<bool>,
}

/// Why one is not taken, or not decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JustificationError {
    /// Its day is too far ahead.
    #[error("the day is too far ahead")]
    TooFarAhead,
    /// The adult whose word it is said to be is none of the pupil's.
    #[error("no such adult is linked to the pupil")]
    NotLinked,
    /// The day is justified already.
    #[error("the day is justified already")]
    AlreadyJustified,
    /// As many as may wait for an answer do.
    #[error("too many wait for an answer")]
    TooManyWaiting,
    /// No such one is on record.
    #[error("no such justification")]
    Unknown,
    /// The staff said the contrary before.
    #[error("it was decided otherwise")]
    Decided,
}

/// What one is judged by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The day that it is for.
    pub date: NaiveDate,
    /// The school's date now.
    pub today: NaiveDate,
    /// Whether the pupil is enrolled on its day.
    pub enrolled: bool,
    /// Whether the adult whose word it is, if one is named, is linked to the pupil.
    pub linked: bool,
}

pub(super) fn submit(
    state: &State,
    justification: Justification,
    accepted: bool,
    asked: Asked,
) -> Result<Vec<Event>, Error> {
    let (justification_id, reason) = (justification.justification_id, justification.reason);
    if state.justification(justification_id).is_some() {
        return Ok(vec![]);
    }
    if !asked.enrolled {
        return Err(Error::NotEnrolled);
    }
    if asked.date.signed_duration_since(asked.today) > AHEAD_OF_ITS_DAY {
        return Err(JustificationError::TooFarAhead.into());
    }
    if justification.guardian_id.is_some() && !asked.linked {
        return Err(JustificationError::NotLinked.into());
    }
    if state.justified().is_some() {
        return Err(JustificationError::AlreadyJustified.into());
    }
    if !accepted && state.justifications.iter().filter(|known| known.accepted.is_none()).count() >= MOST_WAITING {
        return Err(JustificationError::TooManyWaiting.into());
    }
    let mut events = vec![Event::JustificationSubmitted { justification }];
    if accepted {
        events.push(Event::JustificationAccepted { justification_id, reason });
    }
    Ok(events)
}

pub(super) fn decide(state: &State, id: JustificationId, verdict: Verdict) -> Result<Vec<Event>, Error> {
    let known = state.justification(id).ok_or(JustificationError::Unknown)?;
    match (known.accepted, verdict) {
        (None, Verdict::Accept) => {
            Ok(vec![Event::JustificationAccepted { justification_id: id, reason: known.reason }])
        }
        (None, Verdict::Reject(why)) => Ok(vec![Event::JustificationRejected { justification_id: id, why }]),
        (Some(true), Verdict::Accept) | (Some(false), Verdict::Reject(_)) => Ok(vec![]),
        (Some(true), Verdict::Reject(_)) | (Some(false), Verdict::Accept) => Err(JustificationError::Decided.into()),
    }
}

impl State {
    /// This justification, if it is on record.
    pub fn justification(&self, id: JustificationId) -> Option<KnownJustification> {
        self.justifications.iter().find(|known| known.justification_id == id).copied()
    }

    /// Why the pupil is justified, if that was accepted.
    pub fn justified(&self) -> Option<no_show::Justification> {
        self.justifications.iter().find(|known| known.accepted == Some(true)).map(|known| known.reason)
    }

    pub(super) fn justification_is(&mut self, id: JustificationId, accepted: bool) {
        let known = self.justifications.iter_mut().filter(|known| known.justification_id == id);
        known.for_each(|known| known.accepted = Some(accepted));
    }
}

#[cfg(test)]
mod tests;
