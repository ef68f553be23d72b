//! "No ingreso": a pupil who was expected, and of whom no entry is on record when it was due.
//!
//! Invariants: one case per pupil, day and slot; families are only told of a case by `notice_requested`, which
//! follows from a finding that nothing holds back, or from a person who released it; what a later fact makes untrue
//! is retracted or resolved, never edited. Who finds the pupils is [`pass`], a pure function over a school's day.

mod decide;
pub mod pass;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::envelope::StreamId;
use crate::expectation::Why;
use crate::ids::{CourseId, SchoolId, SlotId, StudentId};
use chrono::{DateTime, NaiveDate, Utc};
pub use decide::{Command, Error, Finding};
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// Which case: a pupil, a day, a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CaseId {
    /// The school day.
    pub date: NaiveDate,
    /// The slot of the schedule, stable over edits of its times.
    pub slot_id: SlotId,
    /// The pupil.
    pub student_id: StudentId,
}

impl CaseId {
    /// Its stream: `<date>/<school>/<slot>/<student>`.
    pub fn stream(self, school: SchoolId) -> StreamId {
        StreamId::from_stored(format!("{}/{school}/{}/{}", self.date, self.slot_id, self.student_id))
    }

    /// The case of a stored stream id, if it is one.
    pub fn of_stream(stream: &StreamId) -> Option<Self> {
        let mut parts = stream.as_str().split('/');
        let case = |date: &str, slot: &str, student: &str| {
            Some(Self { date: date.parse().ok()?, slot_id: slot.parse().ok()?, student_id: student.parse().ok()? })
        };
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(date), Some(_), Some(slot), Some(student), None) => case(date, slot, student),
            _ => None,
        }
    }
}

/// Why the families are not told of a case by itself. A person may release it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// A gate by which the pupil may have entered is silent or behind, or no gate was heard at all.
    GateSilent,
    /// So many are missing at once that it is not the pupils: a bus, a gate, a suspension that nobody entered.
    MassAlarm,
    /// It was found so long after it was due that the news would be none.
    Stale,
}

/// How a case that was true came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Resolution {
    /// The pupil came after it was due.
    Arrived {
        /// When.
        at: DateTime<Utc>,
    },
    /// A person knows why the pupil does not come.
    Justified {
        /// Why.
        reason: Justification,
    },
}

/// Why a pupil does not come, as a code: no text about a child.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// Ill.
    Illness,
    /// At a doctor's or another appointment.
    Appointment,
    /// A matter of the family.
    Family,
    /// Any other that the school accepts.
    Other,
}

/// Why a case should not have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Retraction {
    /// The pupil had been there in time: the entry reached the log later, or was recorded by hand.
    EnteredBefore {
        /// When the pupil came.
        at: DateTime<Utc>,
    },
    /// Nobody expects the pupil any more: the calendar, the schedule or the enrolment was changed.
    NotExpected {
        /// Which rule says so.
        why: Why,
    },
    /// The schedule was changed, and it is not due yet.
    NotDue,
    /// The pupil had left before the end with an adult who may collect, as was recorded later.
    LeftEarly {
        /// When the pupil went.
        at: DateTime<Utc>,
    },
}

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum State {
    /// There is none.
    #[default]
    NotOpened,
    /// Somebody has to look after it.
    Open {
        /// When the entry was due.
        due_at: DateTime<Utc>,
        /// Who is told of it.
        stage: Stage,
    },
    /// It came to its end. A later finding opens it again: the entry was taken back, the schedule changed again.
    Closed,
    /// A person knows why the pupil does not come, so that no finding opens it again.
    Justified,
}

/// Who is told of an open case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Just opened.
    Opened,
    /// The inspector alone.
    Held(Hold),
    /// The families, up to a step of the ladder.
    Notified {
        /// The last step asked for, from 1.
        step: u8,
    },
    /// A person looks after it; nobody else is told any more.
    Acknowledged,
}

/// What can have happened to a case.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A pupil who was expected has no entry on record.
    #[serde(rename = "opened")]
    Opened {
        /// The pupil's course on that day.
        course_id: CourseId,
        /// When the entry was due: expected entry and grace.
        due_at: DateTime<Utc>,
    },
    /// The families are not told by themselves.
    #[serde(rename = "held")]
    Held {
        /// Why.
        reason: Hold,
    },
    /// The families are to be told.
    #[serde(rename = "notice_requested")]
    NoticeRequested {
        /// The step of the ladder, from 1.
        step: u8,
    },
    /// A person looks after it.
    #[serde(rename = "acknowledged")]
    Acknowledged,
    /// It was true, and is over.
    #[serde(rename = "resolved")]
    Resolved {
        /// How.
        #[serde(flatten)]
        resolution: Resolution,
    },
    /// It should not have been.
    #[serde(rename = "retracted")]
    Retracted {
        /// Why.
        #[serde(flatten)]
        retraction: Retraction,
    },
}

crate::event::domain_event! {
    Event of "no_show_case" {
        Opened = "opened": "A pupil was expected, and no entry is on record although it was due.";
        Held = "held": "Families are not told of the case by themselves: a gate is silent, too many are missing at once, or it was found too late.";
        NoticeRequested = "notice_requested": "Families are to be told: by the finding itself, or because a person released the case.";
        Acknowledged = "acknowledged": "A person looks after the case; nobody else is told any more.";
        Resolved = "resolved": "The case was true and is over: the pupil came, or a person knows why not.";
        Retracted = "retracted": "The case should not have been: the pupil had been there in time, or nobody expects the pupil; who was alarmed is told.";
    }
}

/// The aggregate: one pupil, one day, one slot.
#[derive(Clone, Copy, Debug)]
pub struct NoShowCase;

impl Aggregate for NoShowCase {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        let stage = |stage| match state {
            State::Open { due_at, .. } => State::Open { due_at, stage },
            State::NotOpened | State::Closed | State::Justified => state,
        };
        match event {
            Event::Opened { due_at, .. } => State::Open { due_at: *due_at, stage: Stage::Opened },
            Event::Held { reason } => stage(Stage::Held(*reason)),
            Event::NoticeRequested { step } => stage(Stage::Notified { step: *step }),
            Event::Acknowledged => stage(Stage::Acknowledged),
            Event::Resolved { resolution: Resolution::Justified { .. } } => State::Justified,
            Event::Resolved { resolution: Resolution::Arrived { .. } } | Event::Retracted { .. } => State::Closed,
        }
    }
}
