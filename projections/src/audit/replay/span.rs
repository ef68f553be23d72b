//! Many days at once, as they are known now: what is said of all days is folded once. Pure.

use super::fold::Known;
use super::no_log;
use crate::Fact;
use crate::live::board::Judge;
use chrono::{DateTime, NaiveDate, Utc};
use domain::day_status::DayStatus;
use domain::{SchoolId, StudentId};
use std::borrow::Cow;

/// A day's date and its events, in the order of the log.
pub type DayOf<'a> = (NaiveDate, &'a [Fact]);

/// A day's date, and how everybody stood.
pub type Statuses = (NaiveDate, Vec<(StudentId, DayStatus)>);

/// How everybody stood at an instant of each of these days, by all that is said: the rules and the gates' words. None:
/// nobody ever heard of the school.
pub fn statuses<'a>(
    school: SchoolId,
    said: impl IntoIterator<Item = &'a Fact>,
    days: impl IntoIterator<Item = DayOf<'a>>,
    at: impl Fn(NaiveDate) -> DateTime<Utc>,
) -> Option<Vec<Statuses>> {
    let mut known = Known::default();
    said.into_iter().for_each(|fact| known.apply(fact));
    let mut judged = Vec::new();
    for (date, day) in days {
        let facts = known.on(school, date, no_log(), day.iter().map(Cow::Borrowed))?;
        let mut judge = Judge::new(&facts, at(date));
        let status = |pupil: &crate::live::facts::Pupil| (pupil.student_id, judge.judge(pupil).1);
        judged.push((date, facts.pupils.iter().map(status).collect()));
    }
    Some(judged)
}
