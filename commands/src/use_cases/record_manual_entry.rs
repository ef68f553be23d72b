//! Records by hand that a pupil came or went.

use crate::batcher::Batcher;
use crate::batcher::by_hand::{ByHand, ByHandError, What};
use crate::context::Context;
use crate::use_cases::error::{Invalid, UseCaseError};
use crate::use_cases::people::exists;
use crate::write::{Done, Write};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{Direction, Error, ManualEntry, ManualReason};
use domain::sealed::SealingClass;
use domain::{DomainEvent, ManualEntryId, Sealed, StreamId, StudentId, student};

/// The longest note, in characters: a sentence, not a file.
pub const LONGEST_NOTE: usize = 200;

/// Who came or went, when, and why a person says so.
#[derive(Clone)]
pub struct RecordManualEntry {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Minted by the client, the same at every retry.
    pub entry_id: ManualEntryId,
    /// Which way.
    pub direction: Direction,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Why by hand.
    pub reason: ManualReason,
    /// More about it, in clear; sealed here. Nothing but spaces is none.
    pub note: Option<String>,
}

/// Records it, by way of the batcher.
pub async fn record_manual_entry(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: RecordManualEntry,
) -> Result<Done, UseCaseError> {
    let note = sealed_note(write, context, (input.student_id, "manual_entry_recorded"), input.note.as_deref()).await?;
    let entry = ManualEntry {
        entry_id: input.entry_id,
        direction: input.direction,
        occurred_at: input.occurred_at,
        reason: input.reason,
        note,
    };
    let asked =
        ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what: What::Record(entry) };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}

/// What was asked of a pupil's day, as its caller is told.
pub(super) async fn of_day(
    write: &Write,
    context: &Context,
    student: StudentId,
    outcome: Result<Done, ByHandError>,
) -> Result<Done, UseCaseError> {
    match outcome {
        Err(ByHandError::Rejected(Error::NotEnrolled)) => Err(not_enrolled(write, context, student).await?),
        other => Ok(other?),
    }
}

/// A note about a pupil, sealed for an event; nothing but spaces is none.
pub(super) async fn sealed_note(
    write: &Write,
    context: &Context,
    (student, event): (StudentId, &'static str),
    note: Option<&str>,
) -> Result<Option<Sealed>, UseCaseError> {
    match note.map(str::trim).filter(|note| !note.is_empty()) {
        Some(note) => Ok(Some(seal(write, context, student, event, note).await?)),
        None => Ok(None),
    }
}

/// Not on that day, or not a pupil of the school at all.
async fn not_enrolled(write: &Write, context: &Context, student: StudentId) -> Result<UseCaseError, UseCaseError> {
    let stream = StreamId::of(context.school, student);
    let known = exists(write, student::Event::AGGREGATE, &stream).await?;
    Ok(if known { UseCaseError::Day(Error::NotEnrolled) } else { UseCaseError::UnknownStudent })
}

async fn seal(
    write: &Write,
    context: &Context,
    student: StudentId,
    event: &'static str,
    note: &str,
) -> Result<Sealed, UseCaseError> {
    if note.chars().count() > LONGEST_NOTE || note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(UseCaseError::Invalid(Invalid::Note));
    }
    // A key for a pupil who is erased, or never was here, would make a person of nobody.
    let known = write.vault().keys_of(context.school, &[student.0]).await?;
    if !known.holds(student.0, SealingClass::Identity) {
        return Err(not_enrolled(write, context, student).await?);
    }
    let keys = write.vault().ensure_keys(context.school, &[(student.0, SealingClass::Reason)]).await?;
    Ok(keys.seal(student.0, SealingClass::Reason, event, "note", note)?)
}
