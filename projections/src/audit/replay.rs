//! A school day as it was known at a moment, and as it is known now: folded from the audit index, judged by the rules
//! that boards are judged by. No row that can change takes part.
//!
//! Two times. What *happens* at an instant, a passage, counts about an instant from then on. What is *said*, a
//! schedule, a day set, an enrolment, a gate's word, a doubt, that something was taken back, counts as soon as it is
//! known, for whatever date it speaks of. So "as known at k about t" is: said by k, happened by t.

mod compare;
pub(crate) mod fold;
mod load;
mod simulate;
mod span;
#[cfg(test)]
mod tests;

pub use compare::{Change, Line, Place, Replayed};
pub use load::load;
pub use simulate::{SpanEvents, Trial, load_span};
pub use span::{DayOf, Statuses, statuses};

use crate::Fact;
use crate::fact::Poison;
use crate::live::board::AsOf;
use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, Event};
use domain::{AnyEvent, Epoch, SchoolId, StudentId};
use std::borrow::Cow;
use std::sync::Arc;
use uuid::Uuid;

/// What is asked of a day: about an instant, by what was known at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What happened later does not count.
    pub at: DateTime<Utc>,
    /// What the log learned later does not count.
    pub known: DateTime<Utc>,
}

impl Moment {
    /// What of an event is known and has happened. A correction that took a passage out and put a later one in is the
    /// one thing that can be so in part.
    pub fn seen<'a>(&self, fact: &'a Fact) -> Option<Cow<'a, Fact>> {
        let later = match &fact.event.payload {
            AnyEvent::AttendanceDay(Event::CorrectionApproved { change, .. }) => {
                change.adds.is_some_and(|added| added.occurred_at > self.at)
            }
            _ => false,
        };
        let mut fact = Cow::Borrowed(fact);
        if !self.has(&fact) {
            return None;
        }
        if later
            && let AnyEvent::AttendanceDay(Event::CorrectionApproved { change, .. }) =
                &mut Arc::make_mut(&mut fact.to_mut().event).payload
        {
            change.adds = None;
        }
        Some(fact)
    }

    /// Whether an event is known, and what it tells has happened.
    pub fn has(&self, fact: &Fact) -> bool {
        fact.event.recorded_at <= self.known && passed_at(fact).is_none_or(|at| at <= self.at)
    }
}

/// When somebody passed, if the event tells of a passage.
pub fn passed_at(fact: &Fact) -> Option<DateTime<Utc>> {
    match &fact.event.payload {
        AnyEvent::AttendanceDay(Event::ScanRecorded { scan }) => Some(scan.occurred_at),
        AnyEvent::AttendanceDay(Event::ManualEntryRecorded { entry, .. }) => Some(entry.occurred_at),
        AnyEvent::AttendanceDay(Event::EarlyLeaveAuthorised { leave } | Event::EarlyLeaveBlocked { leave }) => {
            Some(leave.occurred_at)
        }
        AnyEvent::AttendanceDay(Event::EarlyLeaveRecorded { occurred_at, .. }) => Some(*occurred_at),
        // What it takes out counts as soon as that is known, and what it adds about no instant before it: `Moment::seen`.
        AnyEvent::AttendanceDay(Event::CorrectionApproved {
            change: attendance_day::Change { voids: None, adds },
            ..
        }) => adds.map(|added| added.occurred_at),
        AnyEvent::AttendanceDay(
            Event::ScanFlagged { .. }
            | Event::ManualEntryWithdrawn { .. }
            | Event::EarlyLeaveCancelled { .. }
            | Event::JustificationSubmitted { .. }
            | Event::JustificationAccepted { .. }
            | Event::JustificationRejected { .. }
            | Event::CorrectionRequested { .. }
            | Event::CorrectionApproved { .. }
            | Event::CorrectionRejected { .. },
        )
        | AnyEvent::School(_)
        | AnyEvent::Course(_)
        | AnyEvent::Student(_)
        | AnyEvent::Guardian(_)
        | AnyEvent::Kiosk(_)
        | AnyEvent::Quarantine(_)
        | AnyEvent::NoShowCase(_)
        | AnyEvent::RollCall(_)
        | AnyEvent::Delivery(_)
        | AnyEvent::Broadcast(_)
        | AnyEvent::Account(_) => None,
    }
}

/// The events that a day is replayed from, each in the order of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct DayEvents {
    /// The tenant.
    pub school: SchoolId,
    /// The school day.
    pub date: NaiveDate,
    /// How far the log is in the index.
    pub as_of: AsOf,
    /// Who is expected when, by which limits, and which gates there are.
    pub rules: Vec<Fact>,
    /// How far the gates are drained, and when they were silent: the words that count at the moments asked for.
    pub words: Vec<Fact>,
    /// What became of pupils' days at the gate.
    pub day: Vec<Fact>,
}

impl DayEvents {
    /// What the log holds of the pupils' days and a moment has, the latest recorded last.
    pub fn happened<'a>(&'a self, moment: &'a Moment) -> impl Iterator<Item = (StudentId, &'a Fact)> {
        self.day.iter().filter(|fact| moment.has(fact)).map(|fact| (StudentId(fact.own_id), fact))
    }
}

/// Why a day cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The index cannot be asked.
    #[error("the audit index cannot be read: {0}")]
    Store(#[from] sqlx::Error),
    /// Rows from before the index held what a replay folds: it must be rebuilt once (`attendance rebuild audit`).
    #[error("the audit index was filled by an earlier program: attendance rebuild audit")]
    Unfilled,
    /// An event cannot be read.
    #[error(transparent)]
    Poison(#[from] Poison),
}

/// Of events that were not read from an index.
pub(crate) fn no_log() -> AsOf {
    AsOf { epoch: Epoch(Uuid::nil()), position: 0, recorded_at: None, roster_position: 0, stale_epoch: false }
}
