//! Folds events into the rows. Pure.

use super::{Mark, RollCall};
use crate::Fact;
use crate::rows::Rows;
use chrono::{DateTime, SubsecRound, Utc};
use domain::roll_call::{Event, Key, Reason};
use domain::{AnyEvent, SchoolId, StudentId};

/// Whose roll call.
pub(super) type CallKey = (SchoolId, Key);

/// The roll call that an event belongs to, and what it says, if it belongs to one.
pub(super) fn said(fact: &Fact) -> Option<(CallKey, &Event)> {
    match &fact.event.payload {
        // One whose stream names none is no fact ([`Fact::new`]).
        AnyEvent::RollCall(event) => Some(((fact.event.school_id, Key::of_stream(&fact.event.stream)?), event)),
        _ => None,
    }
}

/// The rows that a page touches. A mark stands by itself: the last one is the row.
#[derive(Debug, Default)]
pub(super) struct RollCalls {
    pub calls: Rows<CallKey, RollCall>,
    pub marks: Rows<(CallKey, StudentId), Mark>,
}

impl RollCalls {
    pub(super) fn apply(&mut self, fact: &Fact) {
        let Some((key, event)) = said(fact) else { return };
        let position = fact.position();
        match event {
            Event::Started { reason, at } => self.started(fact, key, *reason, *at),
            Event::TurnedIntoEvacuation => {
                self.calls.update(&key, position, |call| call.reason = Reason::Evacuation);
            }
            Event::MarkedSafe { student_id, at } => self.mark(fact, key, (*student_id, true, *at)),
            Event::MarkWithdrawn { student_id, at } => self.mark(fact, key, (*student_id, false, *at)),
            Event::Ended => self.calls.update(&key, position, |call| {
                call.ended_at = Some(stored(fact.event.occurred_at));
                call.ended_by = Some(fact.event.actor.clone());
            }),
        }
    }

    fn started(&mut self, fact: &Fact, key: CallKey, reason: Reason, at: DateTime<Utc>) {
        let position = fact.position();
        let call = RollCall {
            school_id: key.0,
            local_date: key.1.date,
            roll_call_id: key.1.id,
            reason,
            started_at: stored(at),
            started_by: fact.event.actor.clone(),
            ended_at: None,
            ended_by: None,
            position,
        };
        self.calls.upsert(key, position, || call.clone(), |row| *row = call.clone());
    }

    fn mark(&mut self, fact: &Fact, key: CallKey, (student_id, safe, at): (StudentId, bool, DateTime<Utc>)) {
        let position = fact.position();
        let mark = Mark {
            school_id: key.0,
            local_date: key.1.date,
            roll_call_id: key.1.id,
            student_id,
            safe,
            said_at: stored(at),
            said_by: fact.event.actor.clone(),
            position,
        };
        self.marks.upsert((key, student_id), position, || mark.clone(), |row| *row = mark.clone());
    }
}

/// An instant as Postgres keeps it.
fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}
