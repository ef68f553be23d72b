//! Lets a pupil leave before the end with an adult whose identity was checked; hands the pupil over, or does not.

use crate::batcher::Batcher;
use crate::batcher::by_hand::{ByHand, What};
use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::{Invalid, UseCaseError};
use crate::use_cases::record_manual_entry::{of_day, sealed_note};
use crate::write::{Done, Write};
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{EarlyLeave, IdentityCheck, LeaveError, LeaveReason};
use domain::guardian::{self, Guardian};
use domain::student::Student;
use domain::values::national_id::NationalId;
use domain::{GuardianId, LeaveId, StreamId, StudentId};

/// Who asks for whom, and why. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct AuthoriseEarlyLeave {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Minted by the client, the same at every retry.
    pub leave_id: LeaveId,
    /// The adult, of those who are linked to the pupil.
    pub guardian_id: GuardianId,
    /// The number of the document that was shown.
    pub document_number: Option<NationalId>,
    /// A document with name and photo was looked at.
    pub document_seen: bool,
    /// Why the pupil leaves.
    pub reason: LeaveReason,
    /// When the adult was there.
    pub occurred_at: DateTime<Utc>,
    /// More about it, in clear; sealed here. Nothing but spaces is none.
    pub note: Option<String>,
}

/// Authorises it, by way of the batcher, where what the adult may do is read anew. A barred adult is refused, and that
/// is on record.
pub async fn authorise_early_leave(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: AuthoriseEarlyLeave,
) -> Result<Done, UseCaseError> {
    let (guardian_id, identity) = identified(write, context, &input).await?;
    let note = sealed_note(write, context, (input.student_id, "early_leave"), input.note.as_deref()).await?;
    let leave = EarlyLeave {
        leave_id: input.leave_id,
        guardian_id,
        identity,
        reason: input.reason,
        occurred_at: input.occurred_at,
        note,
    };
    let what = What::AuthoriseLeave(leave);
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}

/// The adult who stands there, and how that is known. Where the register has a number, the document's must be the
/// same; a number that is a barred adult's makes it that adult, whoever was named.
async fn identified(
    write: &Write,
    context: &Context,
    input: &AuthoriseEarlyLeave,
) -> Result<(GuardianId, IdentityCheck), UseCaseError> {
    let pupil = write.state::<Student>(&StreamId::of(context.school, input.student_id)).await?;
    let Some(pupil) = pupil.pupil() else { return Err(UseCaseError::UnknownStudent) };
    let is_barred = |id: GuardianId| {
        let rights = pupil.guardians.get(&id).copied().flatten();
        rights.is_some_and(|rights| rights.restricted)
    };
    let shown = match &input.document_number {
        Some(number) => write.directory().find(context.school, Kind::Guardian, &number.normal()).await?,
        None => None,
    };
    let shown = shown.map(|entry| GuardianId(entry.subject));
    if let Some(barred) = shown.into_iter().chain([input.guardian_id]).find(|id| is_barred(*id)) {
        let check = if shown == Some(barred) { IdentityCheck::NumberMatched } else { IdentityCheck::DocumentSeen };
        return Ok((barred, check));
    }
    let named = write.state::<Guardian>(&StreamId::of(context.school, input.guardian_id)).await?;
    match named {
        guardian::State::Registered { national_id: Some(_), .. } if shown == Some(input.guardian_id) => {
            Ok((input.guardian_id, IdentityCheck::NumberMatched))
        }
        guardian::State::Registered { national_id: None, .. } if input.document_seen && shown.is_none() => {
            Ok((input.guardian_id, IdentityCheck::DocumentSeen))
        }
        guardian::State::Registered { .. } => Err(UseCaseError::Invalid(Invalid::Identity)),
        guardian::State::NotRegistered | guardian::State::Erased => {
            Err(UseCaseError::Day(LeaveError::MayNotCollect.into()))
        }
    }
}

/// Who goes now.
#[derive(Debug, Clone, Copy)]
pub struct RecordEarlyLeave {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Which leave.
    pub leave_id: LeaveId,
    /// When the pupil went.
    pub occurred_at: DateTime<Utc>,
}

/// Records that the pupil was handed over and went.
pub async fn record_early_leave(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: RecordEarlyLeave,
) -> Result<Done, UseCaseError> {
    let what = What::RecordLeave { leave_id: input.leave_id, occurred_at: input.occurred_at };
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}

/// Who stays.
#[derive(Debug, Clone, Copy)]
pub struct CancelEarlyLeave {
    /// The pupil.
    pub student_id: StudentId,
    /// The school day.
    pub date: NaiveDate,
    /// Which leave.
    pub leave_id: LeaveId,
}

/// Lets the pupil stay after all.
pub async fn cancel_early_leave(
    write: &Write,
    batcher: &Batcher,
    context: &Context,
    input: CancelEarlyLeave,
) -> Result<Done, UseCaseError> {
    let what = What::CancelLeave(input.leave_id);
    let asked = ByHand { context: context.clone(), student_id: input.student_id, date: input.date, what };
    of_day(write, context, input.student_id, batcher.by_hand(asked).await).await
}
