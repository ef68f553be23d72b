//! Courses: the list, a course's day, its weekly schedule.

pub mod day;
pub mod list;
pub mod schedule;
