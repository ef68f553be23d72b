//! Corrects a pupil's names or identifier.

use crate::context::Context;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::part::{Part, commit_one};
use crate::use_cases::people::{PupilKey, Sealer, checked_name, keys_of_known};
use crate::write::{Done, Unit, Write};
use domain::student::{Command, Student};
use domain::values::national_id::NationalId;
use domain::{StreamId, StudentId};

/// All details, not a difference. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct ChangeStudentDetails {
    /// The pupil.
    pub student_id: StudentId,
    /// Given names.
    pub given_names: String,
    /// Family names.
    pub family_names: String,
    /// RUN, IPE or passport.
    pub national_id: Option<NationalId>,
}

impl ChangeStudentDetails {
    /// The command alone: for whoever sees to the pupil's place in the directory.
    pub(super) async fn step(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let id = self.student_id.0;
        let keys = keys_of_known(write, context, id).await?;
        let sealer = Sealer { keys: &keys, subject: id, event: "student.details_changed" };
        let national_id = self.national_id.as_ref().map(NationalId::normal);
        let command = Command::ChangeDetails {
            given_names: sealer.identity("given_names", &checked_name(&self.given_names)?)?,
            family_names: sealer.identity("family_names", &checked_name(&self.family_names)?)?,
            national_id: national_id.map(|id| sealer.identity("national_id", &id)).transpose()?,
        };
        unit.step::<Student>(context, StreamId::of(context.school, id), command);
        Ok(())
    }
}

impl Part for ChangeStudentDetails {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        if let Some(before) = PupilKey::of_registered(write, context, self.student_id).await? {
            let after = PupilKey {
                national_id: self.national_id.as_ref().map(NationalId::normal),
                given_names: self.given_names.clone(),
                family_names: self.family_names.clone(),
                course_id: before.course_id,
            };
            if after == before {
                return Ok(());
            }
            let free = after.replace(&before, write, context, unit, self.student_id).await?;
            if !free && after.national_id.is_some() {
                return Err(UseCaseError::Taken(Taken::NationalId));
            }
        }
        self.step(write, context, unit).await
    }
}

/// Writes the details; those that are known already change nothing. A RUN that is another pupil's is refused; the former one becomes free.
pub async fn change_student_details(
    write: &Write,
    context: &Context,
    input: ChangeStudentDetails,
) -> Result<Done, UseCaseError> {
    Ok(commit_one(write, context, &input).await?.1)
}
