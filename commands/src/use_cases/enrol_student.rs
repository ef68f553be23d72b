//! Enrols a pupil in a course.

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::people::{Sealer, checked_name, fold, new_id};
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::sealed::SealingClass;
use domain::student::{self, Command, Student};
use domain::values::national_id::NationalId;
use domain::{CourseId, StreamId, StudentId};

/// A pupil. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct EnrolStudent {
    /// Given names.
    pub given_names: String,
    /// Family names.
    pub family_names: String,
    /// RUN, IPE or passport, if known.
    pub national_id: Option<NationalId>,
    /// The course.
    pub course_id: CourseId,
    /// First local date of the enrolment.
    pub from: NaiveDate,
}

/// The pupil as enrolled.
#[derive(Debug, Clone, Copy)]
pub struct EnrolledStudent {
    /// The pupil's id.
    pub student_id: StudentId,
    /// What was appended.
    pub done: Done,
}

/// The directory's value of a pupil without RUN: name and course, so that two imports at once do not
/// enrol one twice. Never equal to a RUN's value, which holds no `|`.
pub(super) fn nameless_key(given_names: &str, family_names: &str, course_id: CourseId) -> String {
    format!("{}|{course_id}", fold(&format!("{given_names} {family_names}")))
}

/// Enrols. A RUN that is another enrolled pupil's is refused; one of a pupil who was withdrawn takes
/// that pupil back.
pub async fn enrol_student(
    write: &Write,
    context: &Context,
    input: EnrolStudent,
) -> Result<EnrolledStudent, UseCaseError> {
    let given_names = checked_name(&input.given_names)?;
    let family_names = checked_name(&input.family_names)?;
    let national_id = input.national_id.as_ref().map(NationalId::normal);
    let key = national_id.clone().unwrap_or_else(|| nameless_key(&given_names, &family_names, input.course_id));
    let wanted = new_id(write, context, "student");
    let id = match write.directory().reserve(context.school, Kind::NationalId, &key, wanted, None).await? {
        Reserved::New => wanted,
        Reserved::Existing(entry) => entry.subject,
    };
    let keys = write.vault().ensure_keys(context.school, &[(id, SealingClass::Identity)]).await?;
    let sealer = Sealer { keys: &keys, subject: id, event: "student.enrolled" };
    let command = Command::Enrol {
        course_id: input.course_id,
        from: input.from,
        given_names: sealer.identity("given_names", &given_names)?,
        family_names: sealer.identity("family_names", &family_names)?,
        national_id: national_id.map(|id| sealer.identity("national_id", &id)).transpose()?,
    };
    match write.execute::<Student>(context, &StreamId::of(context.school, id), command).await.map_err(Into::into) {
        Ok(done) => Ok(EnrolledStudent { student_id: StudentId(id), done }),
        Err(UseCaseError::Student(student::Error::AlreadyEnrolled)) => Err(UseCaseError::Taken(Taken::NationalId)),
        Err(other) => Err(other),
    }
}
