//! Says what a date is: for the whole school, or for some of its courses.

use crate::context::Context;
use crate::use_cases::error::UseCaseError;
use crate::use_cases::part::{Part, commit};
use crate::write::{Done, Unit, Write};
use chrono::{NaiveDate, NaiveTime};
use domain::calendar::{CourseDay, CourseTimes, DaySlot, Layer, SchoolDay};
use domain::course::{self, Course};
use domain::school::{self, School};
use domain::{CourseId, SlotId, StreamId};
use uuid::Uuid;

/// A date of the whole school.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSchoolDay {
    /// The local date.
    pub date: NaiveDate,
    /// What becomes of it.
    pub change: SchoolDayChange,
}

/// What becomes of a date of the whole school.
#[derive(Debug, Clone, PartialEq)]
pub enum SchoolDayChange {
    /// It is this.
    Set(SchoolDay),
    /// What was set is taken back.
    Clear(Layer),
}

/// A date of some courses.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeCourseDays {
    /// The courses.
    pub courses: Vec<CourseId>,
    /// The local date.
    pub date: NaiveDate,
    /// What each expects, its stays with the ids of [`day_slots`] of the course whatever they have; none: as the
    /// school and the week say again.
    pub day: Option<CourseDay>,
}

/// The stays of one date, each with an id made of whose date it is and its place in it, so that the same times
/// again are the same stays.
pub fn day_slots(of: impl Into<Uuid>, date: NaiveDate, stays: &[(NaiveTime, NaiveTime)]) -> Vec<DaySlot> {
    let (of, mut stays) = (of.into(), stays.to_vec());
    stays.sort_unstable();
    let id = |place: usize| SlotId(Uuid::new_v5(&of, format!("{date}/{place}").as_bytes()));
    stays.into_iter().enumerate().map(|(n, (entry, exit))| DaySlot { slot_id: id(n), entry, exit }).collect()
}

fn of_course(day: &CourseDay, course: CourseId, date: NaiveDate) -> CourseDay {
    let times = match &day.times {
        CourseTimes::Own { slots } => {
            let stays: Vec<_> = slots.iter().map(|slot| (slot.entry, slot.exit)).collect();
            CourseTimes::Own { slots: day_slots(course, date, &stays) }
        }
        other @ (CourseTimes::Nobody | CourseTimes::Weekday { .. } | CourseTimes::Until { .. }) => other.clone(),
    };
    CourseDay { times, reason: day.reason }
}

/// Sets or clears a date of the school; the same again changes nothing.
pub async fn change_school_day(write: &Write, context: &Context, input: ChangeSchoolDay) -> Result<Done, UseCaseError> {
    let ChangeSchoolDay { date, change } = input;
    let command = match change {
        SchoolDayChange::Set(day) => school::Command::SetDay { date, day },
        SchoolDayChange::Clear(layer) => school::Command::ClearDay { date, layer },
    };
    Ok(write.execute::<School>(context, &StreamId::of(context.school, context.school), command).await?)
}

impl Part for ChangeCourseDays {
    type Answer = ();

    async fn enter(&self, _: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        for course_id in &self.courses {
            let command = match &self.day {
                Some(day) => {
                    course::Command::SetException { date: self.date, day: of_course(day, *course_id, self.date) }
                }
                None => course::Command::ClearException { date: self.date },
            };
            let part = context.part(&format!("course {course_id}"));
            unit.step::<Course>(&part, StreamId::of(context.school, *course_id), command);
        }
        Ok(())
    }
}

/// Sets or clears a date of the courses, of all or of none; the same again changes nothing.
pub async fn change_course_days(
    write: &Write,
    context: &Context,
    mut input: ChangeCourseDays,
) -> Result<Done, UseCaseError> {
    input.courses.sort_unstable();
    input.courses.dedup();
    Ok(together(commit(write, context, &input).await?.1))
}

/// Holidays of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct EnterHolidays {
    /// Dates with the names of the holidays.
    pub holidays: Vec<(NaiveDate, String)>,
}

impl Part for EnterHolidays {
    type Answer = ();

    async fn enter(&self, _: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let stream = StreamId::of(context.school, context.school);
        for (date, name) in &self.holidays {
            let day = SchoolDay::Holiday { name: name.clone() };
            let part = context.part(&format!("holiday {date}"));
            unit.step::<School>(&part, stream.clone(), school::Command::SetDay { date: *date, day });
        }
        Ok(())
    }
}

/// Enters a list of holidays, all or none; those that are entered already change nothing.
pub async fn enter_holidays(write: &Write, context: &Context, input: EnterHolidays) -> Result<Done, UseCaseError> {
    Ok(together(commit(write, context, &input).await?.1))
}

/// What several commands did.
pub(super) fn together(done: Vec<Done>) -> Done {
    done.into_iter().fold(Done::NOTHING, |all, one| Done {
        position: all.position.max(one.position),
        events: all.events + one.events,
        repeated: all.repeated || one.repeated,
    })
}
