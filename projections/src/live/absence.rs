//! Who is missing from a school's day: its facts, for `domain::no_show::pass`. A constant number of statements a
//! school, whatever its pupils and its history.

use super::board::GateLine;
use super::expected::Expected;
use super::facts::{self, Course, Pupil, School};
use chrono::{DateTime, NaiveDate, Utc};
use domain::SchoolId;
use domain::completeness::GateFacts;
use domain::day_status::Policy;
use domain::no_show::pass::{self, Morning};
use domain::no_show::{CaseId, Finding};
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// A school's day as far as absence is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct AbsenceFacts {
    school: School,
    date: NaiveDate,
    courses: Vec<Course>,
    pupils: Vec<Pupil>,
    gates: Vec<GateLine>,
}

/// What a look at a school's day gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// What is found of everybody who is missing, and of every open case.
    pub findings: Vec<(CaseId, Finding)>,
    /// A deadline has passed of which nothing can be said yet.
    pub awaits: bool,
    /// The day's next deadline.
    pub next_deadline: Option<DateTime<Utc>>,
}

/// Loads the facts within a snapshot; none if the roster does not know the school.
pub async fn load_in_tx(
    conn: &mut PgConnection,
    school: SchoolId,
    date: NaiveDate,
) -> Result<Option<AbsenceFacts>, sqlx::Error> {
    let Some(school) = facts::load_school_in_tx(conn, school, date).await? else {
        return Ok(None);
    };
    let id = school.school_id;
    Ok(Some(AbsenceFacts {
        courses: facts::load_courses_in_tx(conn, id, date).await?,
        pupils: facts::load_pupils_in_tx(conn, id, date).await?,
        gates: facts::load_gates_in_tx(conn, id).await?,
        school,
        date,
    }))
}

impl AbsenceFacts {
    /// The school.
    pub fn school(&self) -> &School {
        &self.school
    }

    /// What is found at an instant, `open` being the cases that are open.
    pub fn look(&self, now: DateTime<Utc>, open: &[CaseId]) -> Look {
        let Self { school, date, courses, pupils, gates } = self;
        Scene { school, date: *date, courses, pupils, gates }.look(now, open)
    }
}

/// The same facts, as they lie somewhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) school: &'a School,
    pub(crate) date: NaiveDate,
    pub(crate) courses: &'a [Course],
    pub(crate) pupils: &'a [Pupil],
    pub(crate) gates: &'a [GateLine],
}

impl Scene<'_> {
    /// When somebody is due on the day, each once.
    pub(crate) fn deadlines(&self) -> BTreeSet<DateTime<Utc>> {
        let policy = Policy::from(&self.school.settings);
        let mut by_course = Expected::new(self.school, self.courses, self.date);
        let expected = self.pupils.iter().flat_map(|pupil| by_course.of(pupil).slots);
        expected.map(|slot| policy.missing_from(&slot)).collect()
    }

    /// As [`AbsenceFacts::look`].
    pub(crate) fn look(&self, now: DateTime<Utc>, open: &[CaseId]) -> Look {
        let gates: Vec<GateFacts> = self.gates.iter().map(GateFacts::from).collect();
        let settings = &self.school.settings;
        let morning = Morning {
            date: self.date,
            gates: &gates,
            policy: Policy::from(settings),
            mass_alarm_percent: settings.mass_alarm_percent,
            stale_after_minutes: settings.stale_after_minutes,
            now,
        };
        let mut by_course = Expected::new(self.school, self.courses, self.date);
        let expected: Vec<_> = self.pupils.iter().map(|pupil| by_course.of(pupil)).collect();
        let together = self.pupils.iter().zip(&expected);
        let pupils: Vec<pass::Pupil<'_>> = together
            .map(|(pupil, expected)| pass::Pupil {
                student_id: pupil.student_id,
                course_id: pupil.course_id,
                expected,
                first_entry: pupil.day.as_ref().and_then(|day| day.first_entry_any_at),
                last: pupil.day.as_ref().and_then(|day| day.last_direction.zip(day.last_at)),
                justified: pupil.day.as_ref().and_then(|day| day.justified),
                may_leave: pupil.day.as_ref().and_then(|day| day.leave_from),
            })
            .collect();
        Look {
            findings: pass::findings(&morning, &pupils, open),
            awaits: pass::awaits(&morning, &pupils),
            next_deadline: pass::next_deadline(&morning, &pupils),
        }
    }
}
