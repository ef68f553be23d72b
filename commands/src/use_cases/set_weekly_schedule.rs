//! Sets the weekly schedule of a course, or of several, from a date on.

use super::change_calendar::together;
use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::part::{Part, commit};
use crate::write::{Done, Unit, Write};
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

/// The same week of several courses.
#[derive(Debug, Clone)]
pub struct SetWeeklySchedules {
    /// The courses.
    pub courses: Vec<CourseId>,
    /// First local date on which it is valid.
    pub effective_from: NaiveDate,
    /// As in [`SetWeeklySchedule`].
    pub stays: Vec<(Weekday, NaiveTime, NaiveTime)>,
}

/// The slots of a course. A slot's id is made of the course, the weekday and its place in the day, so it stays the same
/// when only its times are edited.
pub fn week_slots(course_id: CourseId, stays: &[(Weekday, NaiveTime, NaiveTime)]) -> Vec<Slot> {
    let mut stays = stays.to_vec();
    stays.sort_by_key(|(day, entry, _)| (day.num_days_from_monday(), *entry));
    let mut slots: Vec<Slot> = Vec::with_capacity(stays.len());
    for (weekday, entry, exit) in stays {
        let place = slots.iter().filter(|s| s.weekday == weekday).count();
        let slot_id = SlotId(Uuid::new_v5(&course_id.0, format!("{weekday}/{place}").as_bytes()));
        slots.push(Slot { slot_id, weekday, entry, exit });
    }
    slots
}

/// Sets the schedule; the same one again changes nothing.
pub async fn set_weekly_schedule(
    write: &Write,
    context: &Context,
    input: SetWeeklySchedule,
) -> Result<Done, UseCaseError> {
    let SetWeeklySchedule { course_id, effective_from, stays } = input;
    let command = Command::SetWeeklySchedule { effective_from, slots: week_slots(course_id, &stays) };
    Ok(write.execute::<Course>(context, &StreamId::of(context.school, course_id), command).await?)
}

impl Part for SetWeeklySchedules {
    type Answer = ();

    async fn enter(&self, _: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        for course_id in &self.courses {
            let slots = week_slots(*course_id, &self.stays);
            let command = Command::SetWeeklySchedule { effective_from: self.effective_from, slots };
            let part = context.part(&format!("course {course_id}"));
            unit.step::<Course>(&part, StreamId::of(context.school, *course_id), command);
        }
        Ok(())
    }
}

/// Sets the schedule of the courses, of all or of none; the same again changes nothing.
pub async fn set_weekly_schedules(
    write: &Write,
    context: &Context,
    mut input: SetWeeklySchedules,
) -> Result<Done, UseCaseError> {
    input.courses.sort_unstable();
    input.courses.dedup();
    Ok(together(commit(write, context, &input).await?.1))
}
