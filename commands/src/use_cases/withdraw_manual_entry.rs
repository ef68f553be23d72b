//! Takes back what was recorded by hand.

use crate::batcher::Batcher;
use crate::batcher::by_hand::{ByHand, What};
use crate::context::Context;
use crate::pool::in_time;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::attendance_day::Error;
use domain::{Actor, ManualEntryId, StreamId, StudentId};

/// Which entry of whose day.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawManualEntry {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// The entry.
    pub entry_id: ManualEntryId,
    /// Whether whoever asks may set right what others recorded, and what is older.
    pub corrects: bool,
}

/// Takes it back, by way of the batcher. Who recorded it and when is in its envelope, which never changes.
pub async fn withdraw_manual_entry(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: WithdrawManualEntry,
) -> Result<Done, UseCaseError> {
    let stream = StreamId::of_day(input.date, context.school, input.student_id);
    let recorded = sqlx::query!(
        "select actor, recorded_at from events
         where aggregate_type = 'attendance_day' and aggregate_id = $1 and event_type = 'manual_entry_recorded'
           and payload->>'entry_id' = $2",
        stream.as_str(),
        input.entry_id.to_string(),
    )
    .fetch_optional(write.pool());
    let recorded = in_time(recorded).await?.ok_or(UseCaseError::Day(Error::UnknownEntry))?;
    let asked = ByHand {
        context: context.clone(),
        student_id: input.student_id,
        date: input.date,
        what: What::Withdraw {
            entry_id: input.entry_id,
            author: Actor(recorded.actor),
            recorded_at: recorded.recorded_at,
            corrects: input.corrects,
        },
    };
    Ok(batcher.by_hand(asked).await?)
}
