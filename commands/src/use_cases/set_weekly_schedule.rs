//! Sets a course's weekly schedule from a date on.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::write::{Done, Write};
use chrono::{NaiveDate, NaiveTime, Weekday};
use domain::course::{Command, Course, Slot};
use domain::{CourseId, SlotId, StreamId};
use uuid::Uuid;

/// A week.
#[derive(Debug, Clone)]
pub struct SetWeeklySchedule {
    /// The course.
    pub course_id: CourseId,
    /// First local date on which it is valid.
    pub effective_from: NaiveDate,
    /// Per weekday and stay of that day: entry and exit, local wall time.
    pub stays: Vec<(Weekday, NaiveTime, NaiveTime)>,
}

/// Sets the schedule; the same one again changes nothing. A slot's id is made of the course, the
/// weekday and its place in the day, so it stays the same when only its times are edited.
pub async fn set_weekly_schedule(
    write: &Write,
    context: &Context,
    input: SetWeeklySchedule,
) -> Result<Done, UseCaseError> {
    let SetWeeklySchedule { course_id, effective_from, mut stays } = input;
    stays.sort_by_key(|(day, entry, _)| (day.num_days_from_monday(), *entry));
    let mut slots: Vec<Slot> = Vec::with_capacity(stays.len());
    for (weekday, entry, exit) in stays {
        let place = slots.iter().filter(|s| s.weekday == weekday).count();
        let slot_id = SlotId(Uuid::new_v5(&course_id.0, format!("{weekday}/{place}").as_bytes()));
        slots.push(Slot { slot_id, weekday, entry, exit });
    }
    let command = Command::SetWeeklySchedule { effective_from, slots };
    Ok(write.execute::<Course>(context, &StreamId::of(context.school, course_id), command).await?)
}
