//! Opens a course for a school year.

use crate::context::Context;
use crate::directory::{Kind, Reserved};
use crate::use_cases::course_label::CourseLabel;
use crate::use_cases::error::{Taken, UseCaseError};
use crate::use_cases::people::new_id;
use crate::write::{Done, Write};
use domain::course::{self, Command, Course};
use domain::{CourseId, StreamId};

/// A course.
#[derive(Debug, Clone)]
pub struct OpenCourse {
    /// School year.
    pub year: i32,
    /// Grade, letter, specialty.
    pub label: CourseLabel,
}

/// The course as opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenedCourse {
    /// Its id.
    pub course_id: CourseId,
    /// What was appended.
    pub done: Done,
}

/// Opens the course; the same one again changes nothing and answers its id. One that is open under
/// another name, or closed, is refused as taken.
pub async fn open_course(write: &Write, context: &Context, input: OpenCourse) -> Result<OpenedCourse, UseCaseError> {
    let OpenCourse { year, label } = input;
    let wanted = new_id(write, context, "course");
    let reserved = write.directory().reserve(context.school, Kind::Course, &label.key(year), wanted, None).await?;
    let id = match reserved {
        Reserved::New => wanted,
        Reserved::Existing(entry) => entry.subject,
    };
    let command = Command::Open { year, name: label.to_string(), level: label.grade.level(), letter: label.letter };
    match write.execute::<Course>(context, &StreamId::of(context.school, id), command).await.map_err(Into::into) {
        Ok(done) => Ok(OpenedCourse { course_id: CourseId(id), done }),
        Err(UseCaseError::Course(course::Error::AlreadyOpened | course::Error::Closed)) => {
            Err(UseCaseError::Taken(Taken::Course))
        }
        Err(other) => Err(other),
    }
}
