//! Courses: the list, a course's day, its weekly schedule, its exceptions.

pub mod calendar;
pub mod day;
pub mod list;
pub mod schedule;
