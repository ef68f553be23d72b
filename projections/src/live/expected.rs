//! What a date expects of a school's pupils.

use super::facts::{Course, Pupil, School};
use chrono::NaiveDate;
use domain::CourseId;
use domain::expectation::{CourseCalendar, Expectation, PupilCalendar, Why, expectation};
use std::collections::HashMap;

/// Computes it once for all members of a course on the date.
pub(super) struct Expected<'a> {
    school: &'a School,
    courses: &'a [Course],
    date: NaiveDate,
    by_course: HashMap<CourseId, Expectation>,
    nothing: CourseCalendar,
}

impl<'a> Expected<'a> {
    pub(super) fn new(school: &'a School, courses: &'a [Course], date: NaiveDate) -> Self {
        Self { school, courses, date, by_course: HashMap::new(), nothing: CourseCalendar::default() }
    }

    /// What is expected of a pupil.
    pub(super) fn of(&mut self, pupil: &Pupil) -> Expectation {
        let by = |course| {
            let (enrolled_from, withdrawn_from) = (pupil.enrolled_from, pupil.withdrawn_from);
            let calendar = PupilCalendar { enrolled_from, withdrawn_from, course, school: &self.school.calendar };
            expectation(&calendar, self.date, self.school.settings.zone)
        };
        let Some(course_id) = pupil.course_id else { return by(&self.nothing) };
        // A member on that date: as much as of all of the course.
        let known = self.by_course.entry(course_id).or_insert_with(|| {
            let course = self.courses.iter().find(|course| course.course_id == course_id);
            by(course.map_or(&self.nothing, |course| &course.calendar))
        });
        known.clone()
    }

    /// Why a course expects none of its pupils asked after so far, if it expects none.
    pub(super) fn nobody(&self, course: CourseId) -> Option<Why> {
        self.by_course.get(&course).filter(|expected| expected.slots.is_empty()).map(|expected| expected.why)
    }
}
