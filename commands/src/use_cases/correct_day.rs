//! Asks that a pupil's day be set right; sets it right, or leaves it.

use crate::batcher::Batcher;
use crate::batcher::by_hand::{ByHand, What};
use crate::context::Context;
use crate::pool::in_time;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::record_manual_entry::{of_day, sealed_note};
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::attendance_day::{Change, Correction, CorrectionError, CorrectionReason};
use domain::{Actor, CorrectionId, StreamId, StudentId};

/// What is to be otherwise. Holds free text in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct RequestCorrection {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Minted by the client, the same at every retry.
    pub correction_id: CorrectionId,
    /// What is to be otherwise.
    pub change: Change,
    /// Why.
    pub reason: CorrectionReason,
    /// More about it, in clear; sealed here. Nothing but spaces is none.
    pub note: Option<String>,
    /// Whether whoever asks may set right what others recorded: then it counts at once, and says so.
    pub corrects: bool,
}

/// Asks for it, by way of the batcher.
pub async fn request_correction(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: RequestCorrection,
) -> Result<Done, UseCaseError> {
    let note = sealed_note(write, context, (input.student_id, "correction_requested"), input.note.as_deref()).await?;
    let correction =
        Correction { correction_id: input.correction_id, change: input.change, reason: input.reason, note };
    let what = What::Correct { correction, alone: input.corrects };
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}

/// What becomes of which.
#[derive(Debug, Clone, Copy)]
pub struct SettleCorrection {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Which.
    pub correction_id: CorrectionId,
    /// It is set right; else it stays as it is.
    pub approves: bool,
    /// Whether whoever decides may set right what others recorded.
    pub corrects: bool,
}

/// Sets it right, or leaves it. Who asked for it is in its envelope, which never changes.
pub async fn settle_correction(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: SettleCorrection,
) -> Result<Done, UseCaseError> {
    let stream = StreamId::of_day(input.date, context.school, input.student_id);
    let author = sqlx::query_scalar!(
        "select actor from events
         where aggregate_type = 'attendance_day' and aggregate_id = $1 and event_type = 'correction_requested'
           and payload->>'correction_id' = $2",
        stream.as_str(),
        input.correction_id.to_string(),
    )
    .fetch_optional(write.pool());
    let author = in_time(author).await?.ok_or(UseCaseError::Day(CorrectionError::Unknown.into()))?;
    let what = What::Settle {
        correction_id: input.correction_id,
        author: Actor(author),
        corrects: input.corrects,
        approves: input.approves,
    };
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}
