//! A roll call: of whom it is said, pupil by pupil, that they are safe, in an evacuation or a drill.
//!
//! Invariants: a mark is only taken of a roll call that was started, and is still taken after it ended, since a phone
//! without network sends late what it knows; of two that contradict each other the one given later counts, whenever it
//! arrives; the same again is no event. Who is inside at all, the gates say and not the roll call.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::envelope::StreamId;
use crate::ids::{RollCallId, SchoolId, StudentId};
use chrono::{DateTime, NaiveDate, Utc};
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which roll call of a school.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key {
    /// The school day that it is of.
    pub date: NaiveDate,
    /// Its id.
    pub id: RollCallId,
}

impl Key {
    /// Its stream: `<date>/<school>/<roll call>`.
    pub fn stream(self, school: SchoolId) -> StreamId {
        StreamId::from_stored(format!("{}/{school}/{}", self.date, self.id))
    }

    /// The roll call of a stored stream id, if it is one.
    pub fn of_stream(stream: &StreamId) -> Option<Self> {
        let mut parts = stream.as_str().split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(date), Some(_), Some(id), None) => Some(Self { date: date.parse().ok()?, id: id.parse().ok()? }),
            _ => None,
        }
    }
}

/// Why there is a roll call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// To practise.
    Drill,
    /// In earnest.
    Evacuation,
}

/// What somebody says of a pupil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The pupil.
    pub student_id: StudentId,
    /// Safe; or not, although it was said.
    pub safe: bool,
    /// When it was said, which may be long before it arrives.
    pub at: DateTime<Utc>,
}

/// What is said of each pupil.
pub type Marks = BTreeMap<StudentId, Said>;

/// What was said last of a pupil.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said {
    /// Safe.
    pub safe: bool,
    /// When it was said.
    pub at: DateTime<Utc>,
}

/// A roll call that was started.
#[derive(Clone, PartialEq, Debug)]
pub struct Started {
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: DateTime<Utc>,
    /// What is said.
    pub marks: Marks,
}

/// Where a roll call stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// There is none.
    #[default]
    NotStarted,
    /// It goes on.
    Open(Started),
    /// It is over; marks that come late are still taken.
    Ended(Started),
}

/// What can have happened to a roll call.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// It began.
    #[serde(rename = "started")]
    Started {
        /// Why.
        reason: Reason,
        /// When.
        at: DateTime<Utc>,
    },
    /// What began as a drill is one no more.
    #[serde(rename = "turned_into_evacuation")]
    TurnedIntoEvacuation,
    /// A pupil is safe.
    #[serde(rename = "marked_safe")]
    MarkedSafe {
        /// The pupil.
        student_id: StudentId,
        /// When it was said.
        at: DateTime<Utc>,
    },
    /// A pupil is not known to be safe, although it was said.
    #[serde(rename = "mark_withdrawn")]
    MarkWithdrawn {
        /// The pupil.
        student_id: StudentId,
        /// When it was said.
        at: DateTime<Utc>,
    },
    /// It is over.
    #[serde(rename = "ended")]
    Ended,
}

crate::event::domain_event! {
    Event of "roll_call" {
        Started = "started": "A roll call began: a drill or an evacuation.";
        TurnedIntoEvacuation = "turned_into_evacuation": "What began as a drill became an evacuation.";
        MarkedSafe = "marked_safe": "Somebody of the staff said that a pupil is safe, at the instant that the event names; it may arrive late.";
        MarkWithdrawn = "mark_withdrawn": "Somebody of the staff said that a pupil is not known to be safe, although it was said before.";
        Ended = "ended": "A roll call is over; marks that arrive late are still taken.";
    }
}

/// The aggregate: one roll call of a school.
#[derive(Clone, Copy, Debug)]
pub struct RollCall;

impl Aggregate for RollCall {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Started { reason, at } => State::Open(Started { reason: *reason, at: *at, marks: Marks::new() }),
            Event::TurnedIntoEvacuation => change(state, |started| started.reason = Reason::Evacuation),
            Event::MarkedSafe { student_id, at } => change(state, |started| started.say(*student_id, true, *at)),
            Event::MarkWithdrawn { student_id, at } => change(state, |started| started.say(*student_id, false, *at)),
            Event::Ended => match state {
                State::NotStarted => State::NotStarted,
                State::Open(started) | State::Ended(started) => State::Ended(started),
            },
        }
    }
}

fn change(mut state: State, change: impl FnOnce(&mut Started)) -> State {
    match &mut state {
        State::NotStarted => {}
        State::Open(started) | State::Ended(started) => change(started),
    }
    state
}

impl Started {
    fn say(&mut self, student: StudentId, safe: bool, at: DateTime<Utc>) {
        self.marks.insert(student, Said { safe, at });
    }
}
