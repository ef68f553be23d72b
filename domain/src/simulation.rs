//! What other rules would have made of days that have passed: whose day would count otherwise, and how many families
//! would have been told by themselves. Pure.
//!
//! Cases are followed by their own aggregate, as if nobody of the staff had touched them: what a person released,
//! acknowledged or justified says nothing of the rules.

use crate::aggregate::Aggregate;
use crate::entry_rate::Outcome;
use crate::ids::{CourseId, StudentId};
use crate::no_show::{CaseId, Command, Event, Finding, Hold, NoShowCase, Stage, State};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// The cases of a day.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cases(BTreeMap<CaseId, Case>);

#[derive(Clone, PartialEq, Debug, Default)]
struct Case {
    state: State,
    told: bool,
    /// What held it back first.
    held: Option<Hold>,
}

impl Cases {
    /// Takes in what a look at the day found.
    pub fn observe(&mut self, findings: impl IntoIterator<Item = (CaseId, Finding)>) {
        for (id, finding) in findings {
            let case = self.0.entry(id).or_default();
            // A finding is never refused.
            for event in NoShowCase::decide(&case.state, Command::Observe(finding)).unwrap_or_default() {
                match event {
                    Event::NoticeRequested { .. } => case.told = true,
                    Event::Held { reason } => case.held = case.held.or(Some(reason)),
                    Event::Opened { .. } | Event::Acknowledged | Event::Resolved { .. } | Event::Retracted { .. } => {}
                }
                case.state = NoShowCase::evolve(case.state, &event);
            }
        }
    }

    /// Those that are open.
    pub fn open(&self) -> Vec<CaseId> {
        let open = self.0.iter().filter(|(_, case)| matches!(case.state, State::Open { .. }));
        open.map(|(id, _)| *id).collect()
    }

    /// Whether a family may still be told of one of them: it is held, and not because it is no news any more.
    pub fn wait(&self) -> bool {
        self.0.values().any(|case| match case.state {
            State::Open { stage: Stage::Held(hold), .. } => hold != Hold::Stale,
            State::Open { stage: Stage::Opened | Stage::Notified { .. } | Stage::Acknowledged, .. }
            | State::NotOpened
            | State::Closed
            | State::Justified => false,
        })
    }

    fn notices(&self) -> Notices {
        let mut notices = Notices::default();
        for case in self.0.values() {
            let of = match (case.told, case.held) {
                (true, _) => &mut notices.told,
                (false, Some(Hold::GateSilent)) => &mut notices.gate_silent,
                (false, Some(Hold::MassAlarm)) => &mut notices.mass_alarm,
                (false, Some(Hold::Stale)) => &mut notices.stale,
                // Looked for, and never missing.
                (false, None) => continue,
            };
            *of = of.saturating_add(1);
        }
        notices
    }
}

/// How many families would have been told by themselves, and of how many cases an inspector alone. A case that was held
/// and let go later is told; one that stayed held counts by what held it first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notices {
    /// Told by themselves.
    pub told: u32,
    /// Held because a gate was silent.
    pub gate_silent: u32,
    /// Held because so many were missing at once.
    pub mass_alarm: u32,
    /// Held because it was no news any more.
    pub stale: u32,
}

impl Notices {
    /// Of several days together.
    pub fn and(self, other: Self) -> Self {
        Self {
            told: self.told.saturating_add(other.told),
            gate_silent: self.gate_silent.saturating_add(other.gate_silent),
            mass_alarm: self.mass_alarm.saturating_add(other.mass_alarm),
            stale: self.stale.saturating_add(other.stale),
        }
    }
}

/// A day by some rules.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Judged {
    /// How it counts for each pupil, by all that is known of it now.
    pub ended: BTreeMap<StudentId, Ended>,
    /// The cases, by what was known at each moment.
    pub cases: Cases,
}

/// How a day counts for a pupil.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ended {
    /// The course on the date; none if the pupil is in none.
    pub course_id: Option<CourseId>,
    /// How it counts; none: not expected.
    pub outcome: Option<Outcome>,
}

/// A pupil whose day would count otherwise. None: not expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flip {
    /// The pupil.
    pub student_id: StudentId,
    /// The course on the date.
    pub course_id: Option<CourseId>,
    /// As it counts.
    pub before: Option<Outcome>,
    /// As it would.
    pub after: Option<Outcome>,
}

/// What the other rules would have made of a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayEffect {
    /// The day.
    pub date: NaiveDate,
    /// Whether anybody was expected, by either rules.
    pub expected: bool,
    /// Whose day would count otherwise, by pupil.
    pub flips: Vec<Flip>,
    /// Notices by the rules that there are.
    pub before: Notices,
    /// Notices by the others.
    pub after: Notices,
}

/// Compares a day judged by the rules that there are with the same day judged by others.
pub fn compare(date: NaiveDate, before: &Judged, after: &Judged) -> DayEffect {
    let of = |judged: &Judged, id| judged.ended.get(id).copied().unwrap_or_default();
    let pupils: BTreeSet<&StudentId> = before.ended.keys().chain(after.ended.keys()).collect();
    let flips = pupils.into_iter().map(|id| {
        let (before, after) = (of(before, id), of(after, id));
        let course_id = before.course_id.or(after.course_id);
        Flip { student_id: *id, course_id, before: before.outcome, after: after.outcome }
    });
    DayEffect {
        date,
        expected: [before, after]
            .into_iter()
            .flat_map(|judged| judged.ended.values())
            .any(|ended| ended.outcome.is_some()),
        flips: flips.filter(|flip| flip.before != flip.after).collect(),
        before: before.cases.notices(),
        after: after.cases.notices(),
    }
}

/// What the other rules would have made of some days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Simulated {
    /// Day by day, in order.
    pub days: Vec<DayEffect>,
}

impl Simulated {
    /// Days on which anybody was expected.
    pub fn school_days(&self) -> usize {
        self.days.iter().filter(|day| day.expected).count()
    }

    /// Pupils with a day that would count otherwise.
    pub fn pupils(&self) -> BTreeSet<StudentId> {
        self.days.iter().flat_map(|day| &day.flips).map(|flip| flip.student_id).collect()
    }

    /// Pupils' days that would count otherwise.
    pub fn flips(&self) -> usize {
        self.days.iter().map(|day| day.flips.len()).sum()
    }

    /// Notices of all days, by the rules that there are and by the others.
    pub fn notices(&self) -> [Notices; 2] {
        let none = [Notices::default(); 2];
        self.days.iter().fold(none, |[before, after], day| [before.and(day.before), after.and(day.after)])
    }
}

#[cfg(test)]
mod tests;
