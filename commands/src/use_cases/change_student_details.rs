//! Corrects a pupil's names or identifier.

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::people::{Sealer, checked_name, keys_of_known};
use crate::write::{Done, Write};
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
    /// The identifier until now; it becomes free if it differs.
    pub national_id_before: Option<NationalId>,
}

/// Writes the details. A RUN that is another pupil's is refused.
pub async fn change_student_details(
    write: &Write,
    context: &Context,
    input: ChangeStudentDetails,
) -> Result<Done, UseCaseError> {
    let id = input.student_id.0;
    let given_names = checked_name(&input.given_names)?;
    let family_names = checked_name(&input.family_names)?;
    let keys = keys_of_known(write, context, id).await?;
    let national_id = input.national_id.as_ref().map(NationalId::normal);
    let mut fresh = false;
    if let Some(run) = &national_id {
        match write.directory().reserve(context.school, Kind::NationalId, run, id, None).await? {
            Reserved::New => fresh = true,
            Reserved::Existing(entry) if entry.subject == id => {}
            Reserved::Existing(_) => return Err(UseCaseError::Taken(Taken::NationalId)),
        }
    }
    let sealer = Sealer { keys: &keys, subject: id, event: "student.details_changed" };
    let command = Command::ChangeDetails {
        given_names: sealer.identity("given_names", &given_names)?,
        family_names: sealer.identity("family_names", &family_names)?,
        national_id: national_id.as_deref().map(|id| sealer.identity("national_id", id)).transpose()?,
    };
    let done = write.execute::<Student>(context, &StreamId::of(context.school, id), command).await;
    let before = input.national_id_before.as_ref().map(NationalId::normal);
    let unused = match &done {
        Ok(_) => before.filter(|before| Some(before) != national_id.as_ref()),
        Err(crate::error::WriteError::Rejected(_)) => national_id.filter(|_| fresh),
        // The outcome may be unknown: the reservation stays for the repeat.
        Err(_) => None,
    };
    if let Some(value) = unused {
        write.directory().release_value(context.school, Kind::NationalId, &value, id).await?;
    }
    Ok(done?)
}
