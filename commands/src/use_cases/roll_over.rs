//! A school year's roll-over: the courses of the year before once more, with their weeks, and from the first day of
//! classes on everybody in the next grade, but those who repeat theirs and those for whom there is no next one.
//!
//! [`plan()`] is a pure function of what the streams say; [`advance`] writes some of it. What was done is found done, so
//! a roll-over that was interrupted is finished by asking again, and one that was finished changes nothing. The
//! list of the new year, imported afterwards, moves whoever went another way.

mod plan;
#[cfg(test)]
mod tests;

pub use plan::{Existing, Goes, Plan, PlannedCourse, RollOver, plan};

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::import_roster::register::streams;
use crate::use_cases::part::commit;
use crate::use_cases::{
    MoveStudent, OpenCourse, SetWeeklySchedule, WithdrawStudent, open_course, set_weekly_schedule, withdraw_student,
};
use crate::write::Write;
use domain::course::{self, Command, Course};
use domain::student::{self, Student};
use domain::values::zone;
use domain::{CourseId, SchoolId, StreamId, StudentId};
use futures::future::join_all;

/// How many pupils are written at a time. Beyond this the log's lock, not the round trips, is what they wait for.
const AT_ONCE: usize = 12;

/// How far a roll-over is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Pupils of the year before who have no place in the new one yet.
    pub left: usize,
    /// Pupils who could not be written now.
    pub failed: Vec<StudentId>,
    /// The first failure, for the log; holds no personal data.
    pub first_error: Option<UseCaseError>,
    /// Courses of the year before that stay open until the new one begins.
    pub open: usize,
}

impl Existing {
    /// Folds a school's courses and pupils. Nothing sealed is opened.
    pub async fn load(write: &Write, school: SchoolId) -> Result<Self, UseCaseError> {
        let courses = streams::<Course>(write, school).await?.into_iter().filter_map(|(id, _, state)| match state {
            course::State::Open(facts) => Some((CourseId(id), facts)),
            course::State::NotOpened | course::State::Closed { .. } => None,
        });
        let pupils = streams::<Student>(write, school).await?.into_iter().filter_map(|(id, _, state)| match state {
            student::State::Enrolled(pupil) => Some((StudentId(id), pupil.course_id)),
            _ => None,
        });
        Ok(Self { courses: courses.collect(), pupils: pupils.collect() })
    }
}

/// Opens what courses lack, then writes pupil after pupil for as long as `go_on` says so of how many are left; once
/// nobody is and the new year has begun, closes the courses of the year before.
pub async fn advance(
    write: &Write,
    context: &Context,
    asked: &RollOver,
    mut go_on: impl FnMut(usize) -> bool + Send,
) -> Result<Progress, UseCaseError> {
    let plan = plan(&Existing::load(write, context.school).await?, asked);
    let courses = open(write, context, asked, &plan).await?;
    let mut progress = Progress { left: plan.pupils.len(), open: plan.old.len(), ..Progress::default() };
    for some in plan.pupils.chunks(AT_ONCE) {
        let work: Vec<_> = some.iter().map(|pupil| go(write, context, asked, *pupil, &courses)).collect();
        for outcome in join_all(work).await {
            match outcome {
                Ok(()) => progress.left = progress.left.saturating_sub(1),
                Err((student, error)) => {
                    progress.failed.push(student);
                    progress.first_error.get_or_insert(error);
                }
            }
        }
        if !go_on(progress.left) {
            break;
        }
    }
    if progress.left == 0 && asked.from <= zone::local_date(write.clock().now(), context.zone) {
        for course in &plan.old {
            let stream = StreamId::of(context.school, *course);
            write.execute::<Course>(context, &stream, Command::Close { from: asked.from }).await?;
        }
        progress.open = 0;
    }
    Ok(progress)
}

/// Opens the courses that are missing and sets the weeks that are; the courses in the plan's order.
async fn open(write: &Write, context: &Context, asked: &RollOver, plan: &Plan) -> Result<Vec<CourseId>, UseCaseError> {
    let mut courses = Vec::with_capacity(plan.courses.len());
    for planned in &plan.courses {
        let course_id = match planned.course {
            Some(course) => course,
            None => {
                open_course(write, context, OpenCourse { year: asked.year, label: planned.label.clone() })
                    .await?
                    .course_id
            }
        };
        if let Some(shift) = planned.shift {
            write
                .execute::<Course>(context, &StreamId::of(context.school, course_id), Command::SetShift { shift })
                .await?;
        }
        if let Some(stays) = planned.week.clone() {
            let week = SetWeeklySchedule { course_id, effective_from: asked.from, stays };
            set_weekly_schedule(write, context, week).await?;
        }
        courses.push(course_id);
    }
    Ok(courses)
}

async fn go(
    write: &Write,
    context: &Context,
    asked: &RollOver,
    (student_id, goes): (StudentId, Goes),
    courses: &[CourseId],
) -> Result<(), (StudentId, UseCaseError)> {
    let from = asked.from;
    let done = match goes {
        Goes::To(n) => {
            let Some(course_id) = courses.get(n).copied() else { return Ok(()) };
            commit(write, context, &MoveStudent { student_id, course_id, from }).await.map(drop)
        }
        Goes::Leaves => withdraw_student(write, context, WithdrawStudent { student_id, from }).await.map(drop),
    };
    done.map_err(|error| (student_id, error))
}
