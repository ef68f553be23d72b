//! What people do to a day beside its scans and the entries by hand: early leaves, justifications, corrections.

pub mod queries;
pub(super) mod store;
#[cfg(test)]
mod tests;

use super::apply::{DayKey, Live};
use super::rows::{Act, ActKind, ActState, LiveScan, PupilDay};
use crate::Fact;
use domain::attendance_day::{Added, Change, Direction, Event, ManualReason};
use domain::{AnyEvent, CorrectionId, ScanId};
use uuid::Uuid;

/// An act within its day.
pub(crate) type ActKey = (DayKey, Uuid);

/// What an event says of an act.
enum Said {
    Begins(ActKind, ActState),
    Ends(ActState),
}

/// Which act an event is about, and what it says of it.
fn said(event: &Event) -> Option<(Uuid, Said)> {
    use ActKind::{Correction, EarlyLeave, Justification};
    Some(match event {
        Event::EarlyLeaveAuthorised { leave } => (leave.leave_id.0, Said::Begins(EarlyLeave, ActState::Authorised)),
        Event::EarlyLeaveBlocked { leave } => (leave.leave_id.0, Said::Begins(EarlyLeave, ActState::Blocked)),
        Event::EarlyLeaveRecorded { leave_id, .. } => (leave_id.0, Said::Ends(ActState::Recorded)),
        Event::EarlyLeaveCancelled { leave_id } => (leave_id.0, Said::Ends(ActState::Cancelled)),
        Event::JustificationSubmitted { justification } => {
            (justification.justification_id.0, Said::Begins(Justification, ActState::Submitted))
        }
        Event::JustificationAccepted { justification_id, .. } => (justification_id.0, Said::Ends(ActState::Accepted)),
        Event::JustificationRejected { justification_id, .. } => (justification_id.0, Said::Ends(ActState::Rejected)),
        Event::CorrectionRequested { correction } => {
            (correction.correction_id.0, Said::Begins(Correction, ActState::Requested))
        }
        Event::CorrectionApproved { correction_id, .. } => (correction_id.0, Said::Ends(ActState::Approved)),
        Event::CorrectionRejected { correction_id } => (correction_id.0, Said::Ends(ActState::Rejected)),
        Event::ScanRecorded { .. }
        | Event::ScanFlagged { .. }
        | Event::ManualEntryRecorded { .. }
        | Event::ManualEntryWithdrawn { .. } => return None,
    })
}

impl Live {
    /// The act that an event is about, if it is about one.
    pub(super) fn act_of(fact: &Fact) -> Option<ActKey> {
        let AnyEvent::AttendanceDay(event) = &fact.event.payload else { return None };
        Some((Self::day_of(fact)?, said(event)?.0))
    }

    pub(super) fn act(&mut self, fact: &Fact, event: &Event) {
        let (Some(key), Some((_, says))) = (Self::act_of(fact), said(event)) else { return };
        let (position, at, by) = (fact.position(), fact.event.recorded_at, &fact.event.actor);
        match says {
            Said::Begins(kind, state) => {
                let fresh = || Act {
                    school_id: key.0.0,
                    local_date: key.0.1,
                    student_id: key.0.2,
                    act_id: key.1,
                    kind,
                    state,
                    said: event.clone(),
                    actor: by.clone(),
                    recorded_at: at,
                    ending: None,
                    ended_by: None,
                    ended_at: None,
                    position,
                };
                // An adult who turned out to be barred at the door had begun as another.
                self.acts.upsert(key, position, fresh, |act| *act = fresh());
            }
            Said::Ends(state) => self.acts.update(&key, position, |act| {
                act.state = state;
                (act.ending, act.ended_by, act.ended_at) = (Some(event.clone()), Some(by.clone()), Some(at));
            }),
        }
        self.day_after(fact, key.0, event);
    }

    /// What it means for the day.
    fn day_after(&mut self, fact: &Fact, key: DayKey, event: &Event) {
        let position = fact.position();
        let mut day = |change: &dyn Fn(&mut PupilDay)| {
            self.days.upsert(key, position, || PupilDay::without_scans(key), change);
        };
        match event {
            Event::EarlyLeaveAuthorised { leave } => day(&|day| {
                (day.leave_from, day.leave_reason) =
                    (Some(super::apply::stored(leave.occurred_at)), Some(leave.reason));
            }),
            Event::EarlyLeaveBlocked { .. } | Event::EarlyLeaveCancelled { .. } => {
                day(&|day| (day.leave_from, day.leave_reason) = (None, None));
            }
            Event::EarlyLeaveRecorded { leave_id, occurred_at, repeats, .. } => {
                let added = Added { direction: Direction::Exit, occurred_at: *occurred_at };
                let row = LiveScan::by_hand(fact, ScanId(leave_id.0), added, ManualReason::EarlyLeave, *repeats);
                self.passage(row);
            }
            Event::JustificationAccepted { reason, .. } => day(&|day| day.justified = Some(*reason)),
            Event::CorrectionApproved { correction_id, change, .. } => self.correct(fact, key, *correction_id, *change),
            Event::JustificationSubmitted { .. }
            | Event::JustificationRejected { .. }
            | Event::CorrectionRequested { .. }
            | Event::CorrectionRejected { .. }
            | Event::ScanRecorded { .. }
            | Event::ScanFlagged { .. }
            | Event::ManualEntryRecorded { .. }
            | Event::ManualEntryWithdrawn { .. } => {}
        }
    }

    fn correct(&mut self, fact: &Fact, key: DayKey, id: CorrectionId, change: Change) {
        let position = fact.position();
        if self.days.get(&key).is_some_and(|day| day.position >= position) {
            return;
        }
        if let Some(passage) = change.voids {
            self.scans.update(&(key, ScanId(passage)), position, |row| row.withdrawn = true);
        }
        if let Some(added) = change.adds {
            let row = LiveScan::by_hand(fact, ScanId(id.0), added, ManualReason::Correction, false);
            self.scans.upsert((key, row.scan_id), position, || row, |_| ());
        }
        self.sum_up_anew(key, position);
    }
}
