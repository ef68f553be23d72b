//! Folds events into the no-show model's rows. Pure.

use super::rows::{Case, CaseState, Ending};
use crate::Fact;
use crate::rows::Rows;
use chrono::{DateTime, Utc};
use domain::no_show::{CaseId, Event};
use domain::{AnyEvent, CourseId, SchoolId};

/// Whose case.
pub(crate) type CaseKey = (SchoolId, CaseId);

/// The case that an event belongs to, and what it says of it, if it belongs to one.
pub(crate) fn said(fact: &Fact) -> Option<(CaseKey, &Event)> {
    match &fact.event.payload {
        // A case whose stream names none is no fact ([`Fact::new`]).
        AnyEvent::NoShowCase(event) => Some(((fact.event.school_id, CaseId::of_stream(&fact.event.stream)?), event)),
        AnyEvent::School(_)
        | AnyEvent::Course(_)
        | AnyEvent::Student(_)
        | AnyEvent::Guardian(_)
        | AnyEvent::Kiosk(_)
        | AnyEvent::AttendanceDay(_)
        | AnyEvent::Quarantine(_)
        | AnyEvent::RollCall(_)
        | AnyEvent::Delivery(_)
        | AnyEvent::Broadcast(_)
        | AnyEvent::Account(_) => None,
    }
}

/// The cases that a page touches.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoShow {
    pub cases: Rows<CaseKey, Case>,
}

impl NoShow {
    pub(crate) fn apply(&mut self, fact: &Fact) {
        let Some((key, event)) = said(fact) else { return };
        let at = fact.event.recorded_at;
        match event {
            Event::Opened { course_id, due_at } => self.opened(fact, key, *course_id, *due_at),
            Event::Held { reason } => self.if_open(fact, &key, |case| {
                (case.state, case.held_reason) = (CaseState::Held, Some(*reason));
            }),
            Event::NoticeRequested { .. } => self.if_open(fact, &key, |case| {
                (case.state, case.held_reason) = (CaseState::Told, None);
                case.told_at = case.told_at.or(Some(at));
            }),
            Event::Acknowledged => self.if_open(fact, &key, |case| {
                (case.state, case.held_reason) = (CaseState::Acknowledged, None);
                case.acknowledged_at = Some(at);
                case.acknowledged_by = Some(fact.event.actor.clone());
            }),
            Event::Resolved { resolution } => {
                self.ended(fact, &key, CaseState::Resolved, Ending::Resolved(*resolution));
            }
            Event::Retracted { retraction } => {
                self.ended(fact, &key, CaseState::Retracted, Ending::Retracted(*retraction));
            }
        }
    }

    fn opened(&mut self, fact: &Fact, key: CaseKey, course_id: CourseId, due_at: DateTime<Utc>) {
        let position = fact.position();
        let opened = Case {
            school_id: key.0,
            local_date: key.1.date,
            slot_id: key.1.slot_id,
            student_id: key.1.student_id,
            course_id,
            due_at,
            state: CaseState::Open,
            held_reason: None,
            opened_at: fact.event.recorded_at,
            told_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            closed_at: None,
            ending: None,
            openings: self.cases.get(&key).map_or(0, |case| case.openings) + 1,
            sequence: fact.event.sequence,
            position,
        };
        self.cases.upsert(key, position, || opened.clone(), |case| *case = opened.clone());
    }

    /// As in the aggregate: what has come to its end stays so until it is opened again.
    fn if_open(&mut self, fact: &Fact, key: &CaseKey, change: impl FnOnce(&mut Case)) {
        self.cases.update(key, fact.position(), |case| {
            case.sequence = fact.event.sequence;
            if case.state.is_open() {
                change(case);
            }
        });
    }

    fn ended(&mut self, fact: &Fact, key: &CaseKey, state: CaseState, ending: Ending) {
        self.cases.update(key, fact.position(), |case| {
            case.sequence = fact.event.sequence;
            (case.state, case.held_reason) = (state, None);
            (case.closed_at, case.ending) = (Some(fact.event.recorded_at), Some(ending));
        });
    }
}

#[cfg(test)]
mod specs;
