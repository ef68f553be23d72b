//! Moves a pupil to another course.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::part::{Part, commit_one};
use crate::use_cases::people::PupilKey;
use crate::write::{Done, Unit, Write};
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

impl MoveStudent {
    /// The command alone: for whoever sees to the pupil's place in the directory.
    pub(super) fn step(&self, context: &Context, unit: &mut Unit) {
        let command = Command::Move { course_id: self.course_id, from: self.from };
        unit.step::<Student>(context, StreamId::of(context.school, self.student_id), command);
    }
}

impl Part for MoveStudent {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        // A pupil without RUN is found by name and course. Another of that name in the new course
        // keeps the entry, and the move is done all the same: a person decided it.
        if let Some(before) = PupilKey::of_registered(write, context, self.student_id).await? {
            let after = PupilKey { course_id: self.course_id, ..before.clone() };
            after.replace(&before, write, context, unit, self.student_id).await?;
        }
        self.step(context, unit);
        Ok(())
    }
}

/// Moves; the same move again changes nothing.
pub async fn move_student(write: &Write, context: &Context, input: MoveStudent) -> Result<Done, UseCaseError> {
    Ok(commit_one(write, context, &input).await?.1)
}
