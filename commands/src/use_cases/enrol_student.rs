//! Enrols a pupil in a course.

use crate::context::Context;
use crate::directory::Kind;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::part::{Part, commit_one, reserve_for_somebody};
use crate::use_cases::people::{PupilKey, Sealer, checked_name, new_id};
use crate::write::{Done, Unit, Write};
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

impl Part for EnrolStudent {
    type Answer = StudentId;

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<StudentId, UseCaseError> {
        let key = PupilKey {
            national_id: self.national_id.as_ref().map(NationalId::normal),
            given_names: checked_name(&self.given_names)?,
            family_names: checked_name(&self.family_names)?,
            course_id: self.course_id,
        };
        let wanted = new_id(write, context, "student");
        let id = reserve_for_somebody(write, context, unit, (Kind::NationalId, &key.value()), wanted).await?;
        let keys = write.vault().ensure_keys(context.school, &[(id, SealingClass::Identity)]).await?;
        let sealer = Sealer { keys: &keys, subject: id, event: "student.enrolled" };
        let command = Command::Enrol {
            course_id: self.course_id,
            from: self.from,
            given_names: sealer.identity("given_names", &key.given_names)?,
            family_names: sealer.identity("family_names", &key.family_names)?,
            national_id: key.national_id.map(|id| sealer.identity("national_id", &id)).transpose()?,
        };
        unit.step::<Student>(context, StreamId::of(context.school, id), command);
        Ok(StudentId(id))
    }
}

/// Enrols. A RUN that is another enrolled pupil's is refused; one of a pupil who was withdrawn takes
/// that pupil back.
pub async fn enrol_student(
    write: &Write,
    context: &Context,
    input: EnrolStudent,
) -> Result<EnrolledStudent, UseCaseError> {
    match commit_one(write, context, &input).await {
        Ok((student_id, done)) => Ok(EnrolledStudent { student_id, done }),
        Err(UseCaseError::Student(student::Error::AlreadyEnrolled)) => Err(UseCaseError::Taken(Taken::NationalId)),
        Err(other) => Err(other),
    }
}
