//! Moves a pupil to another course.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use chrono::NaiveDate;
use domain::student::{Command, Student};
use domain::{CourseId, StreamId, StudentId};

/// A move.
#[derive(Debug, Clone, Copy)]
pub struct MoveStudent {
    /// The pupil.
    pub student_id: StudentId,
    /// The new course.
    pub course_id: CourseId,
    /// First local date in it.
    pub from: NaiveDate,
}

/// Moves; the same move again changes nothing.
pub async fn move_student(write: &Write, context: &Context, input: MoveStudent) -> Result<Done, UseCaseError> {
    let stream = StreamId::of(context.school, input.student_id);
    let command = Command::Move { course_id: input.course_id, from: input.from };
    Ok(write.execute::<Student>(context, &stream, command).await?)
}
