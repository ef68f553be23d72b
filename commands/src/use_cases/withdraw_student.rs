//! Says from when on a pupil is no longer at the school.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::student::{Command, Student};
use domain::{StreamId, StudentId};

/// Who leaves, and when.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawStudent {
    /// The pupil.
    pub student_id: StudentId,
    /// First local date on which the pupil is no longer expected.
    pub from: NaiveDate,
}

/// Withdraws; again from the same date changes nothing. Cards and links stay: a scan after that date is kept and
/// flagged, and a later enrolment takes them up again.
pub async fn withdraw_student(write: &Write, context: &Context, input: WithdrawStudent) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    Ok(write.execute::<Student>(context, &stream, Command::Withdraw { from: input.from }).await?)
}
