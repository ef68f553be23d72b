//! Who is missing from a school's day at an instant, and what holds the news back. Pure.
//!
//! A family is told by itself only if all of this holds: the pupil is expected in the slot; no entry is on record, by
//! whatever path; every gate that counts has told that nothing from before the deadline is waiting on it; it is not
//! too late for the news; and it is not so many at once that something else must have happened. The rules are those
//! of `docs/adr/0025-no-show.md`.

use super::{CaseId, Finding, Hold, Justification};
use crate::attendance_day::Direction;
use crate::completeness::{GateFacts, any_counts, completeness};
use crate::day_status::{Completeness, Policy};
use crate::expectation::{Expectation, ExpectedSlot, Why};
use crate::ids::{CourseId, SlotId, StudentId};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};

/// One child is never a mass, however small the course.
pub const MASS_AT_LEAST: u32 = 2;

/// What a school's day is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Morning<'a> {
    /// The school day.
    pub date: NaiveDate,
    /// Its kiosks.
    pub gates: &'a [GateFacts],
    /// Its limits.
    pub policy: Policy,
    /// More than this many of a hundred missing at once are held.
    pub mass_alarm_percent: u8,
    /// Found this many minutes after it was due, it is held.
    pub stale_after_minutes: u16,
    /// The instant.
    pub now: DateTime<Utc>,
}

/// A pupil who is in a course on the date, or was scanned on it.
#[derive(Clone, Copy, Debug)]
pub struct Pupil<'a> {
    /// The pupil.
    pub student_id: StudentId,
    /// The course; none if the pupil is in none.
    pub course_id: Option<CourseId>,
    /// What is expected.
    pub expected: &'a Expectation,
    /// The first entry of the day, by whatever path, whether or not its time can be trusted.
    pub first_entry: Option<DateTime<Utc>>,
    /// The last passage of the day.
    pub last: Option<(Direction, DateTime<Utc>)>,
    /// Why the pupil is justified, if the staff accepted that.
    pub justified: Option<Justification>,
    /// Since when the pupil may leave early with an adult who may collect, if so.
    pub may_leave: Option<DateTime<Utc>>,
}

impl Pupil<'_> {
    /// When the pupil came for one of the day's stays, if an entry for it is on record. Whoever is inside is there for
    /// it; after the first stay, whoever went out before it began and did not come back is not.
    fn entered(&self, place: usize, slot: &ExpectedSlot) -> Option<DateTime<Utc>> {
        if place == 0 {
            return self.first_entry;
        }
        let first = self.first_entry?;
        match self.last {
            Some((Direction::Exit, at)) => (at >= slot.entry).then_some(first),
            Some((Direction::Entry, at)) => Some(at),
            None => Some(first),
        }
    }

    /// Why a stay of which no entry is on record is nobody's worry: the pupil went away with an adult who may collect
    /// before it ended, and did not come back; or the staff accepted why.
    fn excused(&self, slot: &ExpectedSlot) -> Option<Finding> {
        match (self.last, self.may_leave, self.justified) {
            (Some((Direction::Exit, at)), Some(from), _) if from <= at && at < slot.exit => {
                Some(Finding::LeftEarly { at })
            }
            (_, _, justified) => justified.map(|reason| Finding::Justified { reason }),
        }
    }
}

/// What is found at an instant of everybody's slots: of whoever is missing, and of every case that is `open`, what the
/// facts say now. Of a slot whose gates' word is still awaited nothing is said.
pub fn findings(morning: &Morning<'_>, pupils: &[Pupil<'_>], open: &[CaseId]) -> Vec<(CaseId, Finding)> {
    let bounds = Masses::of(morning, pupils);
    let mut open: HashMap<StudentId, Vec<SlotId>> =
        open.iter().filter(|case| case.date == morning.date).fold(HashMap::new(), |mut by_pupil, case| {
            by_pupil.entry(case.student_id).or_insert_with(Vec::new).push(case.slot_id);
            by_pupil
        });
    let case = |student_id, slot_id| CaseId { date: morning.date, slot_id, student_id };
    let mut found = Vec::new();
    for pupil in pupils {
        let mut cases = open.remove(&pupil.student_id).unwrap_or_default();
        for (place, slot) in pupil.expected.slots.iter().enumerate() {
            let known = cases.iter().position(|known| *known == slot.slot_id).map(|at| cases.swap_remove(at)).is_some();
            let due_at = morning.policy.missing_from(slot);
            let finding = match (pupil.entered(place, slot), pupil.course_id) {
                (Some(at), _) => known.then_some(Finding::Entered { at }),
                (None, _) if morning.now < due_at => known.then_some(Finding::NotDue),
                (None, Some(_)) if pupil.excused(slot).is_some() => pupil.excused(slot).filter(|_| known),
                (None, Some(course_id)) => {
                    bounds.hold(morning, course_id, due_at).map(|hold| Finding::Missing { course_id, due_at, hold })
                }
                (None, None) => known.then_some(Finding::NotExpected { why: pupil.expected.why }),
            };
            found.extend(finding.map(|finding| (case(pupil.student_id, slot.slot_id), finding)));
        }
        // Cases of slots that the day has no longer.
        let gone = Finding::NotExpected { why: pupil.expected.why };
        found.extend(cases.into_iter().map(|slot_id| (case(pupil.student_id, slot_id), gone)));
    }
    // Cases of pupils who are in no course any more.
    for (student_id, slots) in open {
        let gone = Finding::NotExpected { why: Why::Withdrawn };
        found.extend(slots.into_iter().map(|slot_id| (case(student_id, slot_id), gone)));
    }
    found
}

/// Whether a deadline has passed of which nothing can be said yet, since its gates' word is awaited.
pub fn awaits(morning: &Morning<'_>, pupils: &[Pupil<'_>]) -> bool {
    let slots = pupils.iter().flat_map(|pupil| &pupil.expected.slots);
    let deadlines: HashSet<_> = slots.map(|slot| morning.policy.missing_from(slot)).collect();
    let passed = deadlines.into_iter().filter(|due_at| *due_at <= morning.now && !stale(morning, *due_at));
    passed.map(|due_at| completeness(morning.gates, due_at, morning.now)).any(|word| word == Completeness::Awaited)
}

/// The next instant at which somebody may be found missing. None if no deadline is left on that day.
pub fn next_deadline(morning: &Morning<'_>, pupils: &[Pupil<'_>]) -> Option<DateTime<Utc>> {
    let slots = pupils.iter().flat_map(|pupil| &pupil.expected.slots);
    slots.map(|slot| morning.policy.missing_from(slot)).filter(|due_at| *due_at > morning.now).min()
}

/// How many are missing of how many.
#[derive(Clone, Copy, Default, Debug)]
struct Share {
    missing: u32,
    expected: u32,
}

impl Share {
    fn add(&mut self, missing: bool) {
        self.expected = self.expected.saturating_add(1);
        self.missing = self.missing.saturating_add(missing.into());
    }
    fn is_mass(self, percent: u8) -> bool {
        let (missing, expected) = (u64::from(self.missing), u64::from(self.expected));
        self.missing >= MASS_AT_LEAST && missing.saturating_mul(100) > expected.saturating_mul(percent.into())
    }
}

/// Who is missing of a school and of its courses, among the slots of which it would still be news.
struct Masses {
    school: Share,
    courses: HashMap<CourseId, Share>,
}

impl Masses {
    fn of(morning: &Morning<'_>, pupils: &[Pupil<'_>]) -> Self {
        let mut masses = Self { school: Share::default(), courses: HashMap::new() };
        for pupil in pupils {
            let Some(course_id) = pupil.course_id else { continue };
            for (place, slot) in pupil.expected.slots.iter().enumerate() {
                let due_at = morning.policy.missing_from(slot);
                if due_at <= morning.now && !stale(morning, due_at) {
                    let missing = pupil.entered(place, slot).is_none() && pupil.excused(slot).is_none();
                    masses.school.add(missing);
                    masses.courses.entry(course_id).or_default().add(missing);
                }
            }
        }
        masses
    }

    /// What holds a missing pupil's case back; none if the gates' word is awaited, and nothing can be said.
    fn hold(&self, morning: &Morning<'_>, course: CourseId, due_at: DateTime<Utc>) -> Option<Option<Hold>> {
        if stale(morning, due_at) {
            return Some(Some(Hold::Stale));
        }
        match completeness(morning.gates, due_at, morning.now) {
            Completeness::Awaited => return None,
            Completeness::GateSilent => return Some(Some(Hold::GateSilent)),
            Completeness::Complete if !any_counts(morning.gates, due_at) => return Some(Some(Hold::GateSilent)),
            Completeness::Complete => {}
        }
        let of_course = self.courses.get(&course).copied().unwrap_or_default();
        let mass = [self.school, of_course].into_iter().any(|share| share.is_mass(morning.mass_alarm_percent));
        Some(mass.then_some(Hold::MassAlarm))
    }
}

fn stale(morning: &Morning<'_>, due_at: DateTime<Utc>) -> bool {
    morning.now.signed_duration_since(due_at) >= TimeDelta::minutes(morning.stale_after_minutes.into())
}

#[cfg(test)]
mod tests;
