//! What a course is called, and its shift.

use super::change_calendar::together;
use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::part::{Part, commit};
use crate::write::{Done, Unit, Write};
use domain::course::{Command, Course, Shift};
use domain::{CourseId, StreamId};

/// A change.
#[derive(Debug, Clone)]
pub struct ChangeCourse {
    /// The course.
    pub course_id: CourseId,
    /// What it is called from now on; none: as it is.
    pub name: Option<String>,
    /// Its shift; none: as it is.
    pub shift: Option<Shift>,
}

impl Part for ChangeCourse {
    type Answer = ();

    async fn enter(&self, _: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let stream = StreamId::of(context.school, self.course_id);
        let name = self.name.clone().map(|name| ("name", Command::Rename { name }));
        let shift = self.shift.map(|shift| ("shift", Command::SetShift { shift }));
        for (part, command) in name.into_iter().chain(shift) {
            unit.step::<Course>(&context.part(part), stream.clone(), command);
        }
        Ok(())
    }
}

/// Writes both or none; the same again changes nothing.
pub async fn change_course(write: &Write, context: &Context, input: ChangeCourse) -> Result<Done, UseCaseError> {
    Ok(together(commit(write, context, &input).await?.1))
}
