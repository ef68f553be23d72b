//! Who is inside now, and of whom that is not known, with what a roll call says of them: what an evacuation needs, from
//! whatever the server last knew.

use super::board::{AsOf, GateLine, Judge, grade};
use super::facts::{self, BoardFacts, Course, Pupil, School};
use super::roll_call::{Mark, RollCall, queries};
use crate::audit::replay::{self, Moment, ReplayError};
use crate::readers::{SchoolSnapshot, SchoolTx};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::attendance_day::Direction;
use domain::completeness::GateFacts;
use domain::day_status::{DayStatus, Status, closed_at};
use domain::expectation::Expectation;
use domain::{CourseId, StudentId};
use std::collections::HashMap;

/// So long before the first expected entry pupils begin to come: whoever is expected may be there from then on.
const COMES_EARLY: TimeDelta = TimeDelta::hours(1);

/// Who is inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Presence {
    /// The school.
    pub school: School,
    /// The school day.
    pub date: NaiveDate,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// How far the log is in here.
    pub as_of: AsOf,
    /// The courses, lowest grade first.
    pub courses: Vec<Course>,
    /// By name of the gate.
    pub gates: Vec<GateLine>,
    /// Whoever is inside, may be, or is said to be safe; by pupil.
    pub pupils: Vec<PupilHere>,
    /// The day's newest roll call.
    pub roll_call: Option<RollCall>,
    /// Those before it, the newest first.
    pub earlier: Vec<RollCall>,
}

impl Presence {
    /// The gates that hold back who may have entered by them.
    pub fn silent_gates(&self, behind_after: TimeDelta) -> Vec<String> {
        let silent = self.gates.iter().filter(|gate| holds_back(gate, self.now, behind_after));
        silent.map(|gate| gate.gate.clone()).collect()
    }
}

/// Whom a roll call left to be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// How many had been said to be safe.
    pub safe: u32,
    /// Who was inside, or may have been, and had not; by pupil.
    pub not_found: Vec<PupilHere>,
}

impl Presence {
    /// Of [`at_end`]: who had been found by then, and who had not.
    pub fn left_at(&self, ended: DateTime<Utc>) -> Left {
        let (safe, not): (Vec<_>, Vec<_>) = self.pupils.iter().partition(|pupil| pupil.was_safe_at(ended));
        let not_found = not.into_iter().filter(|pupil| pupil.place != Place::NotInside).cloned().collect();
        Left { safe: u32::try_from(safe.len()).unwrap_or(u32::MAX), not_found }
    }
}

/// A pupil to be looked for, or found.
#[derive(Debug, Clone, PartialEq)]
pub struct PupilHere {
    /// The pupil.
    pub student_id: StudentId,
    /// The course on the date.
    pub course_id: Option<CourseId>,
    /// Where the pupil is as far as the gates tell.
    pub place: Place,
    /// What the roll call says; none if nobody said anything.
    pub mark: Option<Mark>,
}

impl PupilHere {
    /// Whether the roll call says that the pupil is safe.
    pub fn is_safe(&self) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.safe)
    }

    /// Whether somebody had said so by then, whenever it arrived.
    pub fn was_safe_at(&self, at: DateTime<Utc>) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.safe && mark.said_at <= at)
    }
}

/// Where a pupil is as far as the gates tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Entered and did not go out.
    Inside {
        /// Since then.
        since: Option<DateTime<Utc>>,
    },
    /// Expected and without any passage on record, while a gate that lets in is silent.
    Unknown,
    /// Went out, or did not come.
    NotInside,
}

/// How many are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inside by the gates.
    pub inside: u32,
    /// To be found: inside, or said to be safe wherever the gates have them.
    pub to_find: u32,
    /// Said to be safe.
    pub safe: u32,
    /// Not known to be inside, and nobody said that they are safe.
    pub unknown: u32,
}

impl Tally {
    /// Of these pupils.
    pub fn of<'a>(pupils: impl IntoIterator<Item = &'a PupilHere>) -> Self {
        let mut tally = Self::default();
        for pupil in pupils {
            let (inside, safe) = (matches!(pupil.place, Place::Inside { .. }), pupil.is_safe());
            tally.inside += u32::from(inside);
            tally.to_find += u32::from(inside || safe);
            tally.safe += u32::from(safe);
            tally.unknown += u32::from(pupil.place == Place::Unknown && !safe);
        }
        tally
    }
}

/// Who is inside at `now`, with the newest roll call of the date. A gate that has not told all up to `behind_after` ago
/// counts as silent. None: the roster does not know the school.
pub async fn load(
    tx: &mut SchoolSnapshot,
    date: NaiveDate,
    now: DateTime<Utc>,
    behind_after: TimeDelta,
) -> Result<Option<Presence>, sqlx::Error> {
    let id = tx.school();
    let Some(school) = facts::load_school_in_tx(tx.conn(), id, date).await? else { return Ok(None) };
    let mut calls = queries::of_day(tx, date).await?.into_iter();
    let roll_call = calls.next();
    let marks = match &roll_call {
        Some(call) => queries::marks(tx, call.key()).await?,
        None => Vec::new(),
    };
    let facts = BoardFacts {
        as_of: facts::as_of_in_tx(tx.conn()).await?,
        courses: facts::load_courses_in_tx(tx.conn(), id, date).await?,
        pupils: facts::load_pupils_in_tx(tx.conn(), id, date).await?,
        gates: facts::load_gates_in_tx(tx.conn(), id).await?,
        last_scans: Vec::new(),
        quarantined: 0,
        school,
        date,
    };
    Ok(Some(Presence { earlier: calls.collect(), ..presence(facts, now, behind_after, roll_call, marks) }))
}

/// Who was inside when a roll call ended, by the gates as they were known then, with what is said of them now: a mark
/// may arrive late. None while it goes on, and until the audit index holds its end.
pub async fn at_end(
    tx: &mut SchoolTx,
    call: &RollCall,
    behind_after: TimeDelta,
) -> Result<Option<Presence>, ReplayError> {
    let Some(ended) = call.ended_at else { return Ok(None) };
    let moment = Moment { at: ended, known: ended };
    let events = replay::load(tx, call.local_date, moment).await?;
    let known = events.filter(|events| events.as_of.position >= call.position && !events.as_of.stale_epoch);
    let Some(facts) = known.and_then(|events| events.facts(moment)) else { return Ok(None) };
    let marks = queries::marks(tx, call.key()).await?;
    Ok(Some(presence(facts, ended, behind_after, Some(call.clone()), marks)))
}

fn presence(
    facts: BoardFacts,
    now: DateTime<Utc>,
    behind_after: TimeDelta,
    roll_call: Option<RollCall>,
    marks: Vec<Mark>,
) -> Presence {
    let mut marks: HashMap<StudentId, Mark> = marks.into_iter().map(|mark| (mark.student_id, mark)).collect();
    let doubtful = facts.gates.iter().any(|gate| holds_back(gate, now, behind_after));
    let mut judge = Judge::new(&facts, now);
    let mut pupils: Vec<PupilHere> = facts
        .pupils
        .iter()
        .map(|pupil| {
            let (expected, status) = judge.judge(pupil);
            PupilHere {
                student_id: pupil.student_id,
                course_id: pupil.course_id,
                place: place(pupil, &expected, &status, doubtful, now),
                mark: marks.remove(&pupil.student_id),
            }
        })
        .collect();
    // Said of somebody who is on no board of the day.
    pupils.extend(marks.into_values().map(|mark| PupilHere {
        student_id: mark.student_id,
        course_id: None,
        place: Place::NotInside,
        mark: Some(mark),
    }));
    pupils.retain(|pupil| pupil.place != Place::NotInside || pupil.is_safe());
    pupils.sort_by_key(|pupil| pupil.student_id);
    let BoardFacts { school, date, as_of, mut courses, gates, .. } = facts;
    courses.sort_by_cached_key(|c| (grade(&c.level), c.letter.clone(), c.name.clone()));
    Presence { school, date, now, as_of, courses, gates, pupils, roll_call, earlier: Vec::new() }
}

/// Whether somebody may have entered by a gate of whom it has not told.
fn holds_back(gate: &GateLine, now: DateTime<Utc>, behind_after: TimeDelta) -> bool {
    // A kiosk sends what it has in the order in which it was taken.
    let known = gate.drained_through.max(gate.last_scan_at).is_some_and(|through| through >= now - behind_after);
    GateFacts::from(gate).counts(now) && (gate.silent_since.is_some() || !known)
}

fn place(pupil: &Pupil, expected: &Expectation, status: &DayStatus, doubtful: bool, now: DateTime<Utc>) -> Place {
    if status.inside {
        let entered = pupil.day.as_ref().filter(|day| day.last_direction == Some(Direction::Entry));
        return Place::Inside { since: entered.and_then(|day| day.last_at) };
    }
    let unseen = pupil.day.as_ref().is_none_or(|day| day.last_at.is_none());
    let day_lasts = expected.slots.first().is_some_and(|slot| now >= slot.entry - COMES_EARLY)
        && closed_at(expected, now).is_none();
    let may_be = status.status == Status::Unknown || doubtful && unseen;
    if day_lasts && may_be { Place::Unknown } else { Place::NotInside }
}
