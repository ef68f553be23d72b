//! Two boards of one day about one instant: by what was known then, and by what is known now. Pure.

use super::fold::Known;
use super::{DayEvents, Moment};
use crate::live::board::{Board, Judge, board_knowing};
use crate::live::facts::BoardFacts;
use chrono::{DateTime, Utc};
use domain::day_status::DayStatus;
use domain::expectation::Expectation;
use domain::{CourseId, StudentId};
use std::collections::BTreeMap;

/// How a pupil stands on one of the two.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The course on the date; none if the pupil is in none.
    pub course_id: Option<CourseId>,
    /// What the day expects.
    pub expected: Expectation,
    /// How it stands, and why.
    pub status: DayStatus,
    /// The first entry, whether or not its time can be trusted.
    pub first_entry: Option<DateTime<Utc>>,
    /// When the pupil went out, if the last passage is an exit.
    pub left_at: Option<DateTime<Utc>>,
}

/// What the later knowledge changes of a pupil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Another status, another course, inside instead of outside, or on one of the two boards only.
    Status,
    /// The same status for other reasons.
    Reasons,
    /// Nothing.
    None,
}

/// A pupil on both.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The pupil.
    pub student_id: StudentId,
    /// As it was known then; none: not on the board.
    pub then: Option<Place>,
    /// As it is known now; none: not on the board.
    pub now: Option<Place>,
    /// What differs.
    pub change: Change,
}

/// A day about an instant, twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// What was asked.
    pub moment: Moment,
    /// As it was known then; none: the school was not known.
    pub then: Option<Board>,
    /// As it is known now.
    pub now: Board,
    /// Everybody on either, by id.
    pub pupils: Vec<Line>,
}

impl DayEvents {
    /// The day as it was known at a moment and as it is known at `now`. None: nobody ever heard of the school.
    pub fn replay(&self, moment: Moment, now: DateTime<Utc>) -> Option<Replayed> {
        let later = Moment { known: now, ..moment };
        let (then, now) = (self.facts(moment), self.facts(later)?);
        let mut pupils: BTreeMap<StudentId, (Option<Place>, Option<Place>)> = BTreeMap::new();
        for (id, place) in then.iter().flat_map(|facts| places(facts, moment)) {
            pupils.entry(id).or_default().0 = Some(place);
        }
        for (id, place) in places(&now, later) {
            pupils.entry(id).or_default().1 = Some(place);
        }
        let line = |(student_id, (then, now)): (StudentId, (Option<Place>, Option<Place>))| {
            let change = change(then.as_ref(), now.as_ref());
            Line { student_id, then, now, change }
        };
        Some(Replayed {
            moment,
            then: then.map(|facts| board_knowing(&facts, moment.at, moment.known)),
            now: board_knowing(&now, later.at, later.known),
            pupils: pupils.into_iter().map(line).collect(),
        })
    }

    /// What a board is computed from, by what a moment has.
    pub(crate) fn facts(&self, moment: Moment) -> Option<BoardFacts> {
        let mut known = Known::default();
        let said = self.rules.iter().chain(&self.words).filter(|fact| moment.has(fact));
        said.for_each(|fact| known.apply(fact));
        known.on(self.school, self.date, self.as_of, self.day.iter().filter_map(|fact| moment.seen(fact)))
    }
}

fn places(facts: &BoardFacts, moment: Moment) -> Vec<(StudentId, Place)> {
    let mut judge = Judge::knowing(facts, moment.at, moment.known);
    let place = |pupil: &crate::live::facts::Pupil| {
        let (expected, status) = judge.judge(pupil);
        let day = pupil.day.as_ref();
        let last = day.and_then(|day| day.last_direction.zip(day.last_at));
        let left = last.filter(|(direction, _)| *direction == domain::attendance_day::Direction::Exit);
        let place = Place {
            course_id: pupil.course_id,
            expected,
            status,
            first_entry: day.and_then(|day| day.first_entry_at.or(day.first_entry_any_at)),
            left_at: left.map(|(_, at)| at),
        };
        (pupil.student_id, place)
    };
    facts.pupils.iter().map(place).collect()
}

fn change(then: Option<&Place>, now: Option<&Place>) -> Change {
    match (then, now) {
        (Some(a), Some(b)) if a == b => Change::None,
        (Some(a), Some(b)) => {
            let seen = |p: &Place| (p.course_id, p.status.status, p.status.inside);
            if seen(a) == seen(b) { Change::Reasons } else { Change::Status }
        }
        (None, None) => Change::None,
        (Some(_), None) | (None, Some(_)) => Change::Status,
    }
}
