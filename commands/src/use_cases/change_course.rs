//! What a course is called, and its shift.

use super::change_calendar::together;
use crate::context::Context;
use crate::use_cases::course_label::CourseLabel;
use crate::use_cases::error::{Invalid, UseCaseError};
use crate::use_cases::part::{Part, commit};
use crate::write::{Done, Unit, Write};
use domain::course::{self, Command, Course, Shift};
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

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let stream = StreamId::of(context.school, self.course_id);
        if let Some(name) = &self.name
            && let course::State::Open(facts) = write.state::<Course>(&stream).await?
        {
            let label = CourseLabel::parse(name);
            let another =
                label.is_some_and(|label| (label.grade.level(), &label.letter) != (facts.level.clone(), &facts.letter));
            let key = CourseLabel::key_of_facts(&facts);
            // Lists and new years find a course by what it is; a name that says otherwise makes two of one.
            if another || CourseLabel::key_of_facts(&course::Facts { name: name.clone(), ..facts }) != key {
                return Err(UseCaseError::Invalid(Invalid::CourseName));
            }
        }
        let name = self.name.clone().map(|name| ("name", Command::Rename { name }));
        let shift = self.shift.map(|shift| ("shift", Command::SetShift { shift }));
        for (part, command) in name.into_iter().chain(shift) {
            unit.step::<Course>(&context.part(part), stream.clone(), command);
        }
        Ok(())
    }
}

/// Writes both or none; the same again changes nothing. A name by which it would be another course is refused.
pub async fn change_course(write: &Write, context: &Context, input: ChangeCourse) -> Result<Done, UseCaseError> {
    Ok(together(commit(write, context, &input).await?.1))
}
