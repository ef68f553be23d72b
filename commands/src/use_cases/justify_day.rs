//! Says why a pupil does not come, or came late; accepts it or rejects it.

use crate::batcher::Batcher;
use crate::batcher::by_hand::{ByHand, What};
use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::record_manual_entry::{of_day, sealed_note};
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::attendance_day::{Document, Justification, Verdict};
use domain::{GuardianId, JustificationId, StudentId, no_show};

/// What is said of which day. Holds free text in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct JustifyDay {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Minted by the client, the same at every retry.
    pub justification_id: JustificationId,
    /// Why.
    pub reason: no_show::Justification,
    /// The guardian whose word it is; none where the staff knows it otherwise.
    pub guardian_id: Option<GuardianId>,
    /// More about it, in clear; sealed here. Nothing but spaces is none.
    pub note: Option<String>,
    /// What was handed in, sealed and kept before.
    pub document: Option<Document>,
    /// Whoever says it may accept it, and does.
    pub accepted: bool,
}

/// Puts it on record, by way of the batcher.
pub async fn justify_day(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: JustifyDay,
) -> Result<Done, UseCaseError> {
    let note =
        sealed_note(write, context, (input.student_id, "justification_submitted"), input.note.as_deref()).await?;
    let justification = Justification {
        justification_id: input.justification_id,
        reason: input.reason,
        guardian_id: input.guardian_id,
        note,
        document: input.document,
    };
    let what = What::Justify { justification, accepted: input.accepted };
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}

/// What is said to which.
#[derive(Debug, Clone, Copy)]
pub struct DecideJustification {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Which.
    pub justification_id: JustificationId,
    /// What is said to it.
    pub verdict: Verdict,
}

/// Accepts it or rejects it. The detector of who did not come finds the pupil justified at its next look.
pub async fn decide_justification(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: DecideJustification,
) -> Result<Done, UseCaseError> {
    let what = What::Decide(input.justification_id, input.verdict);
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}
