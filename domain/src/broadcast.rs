//! A message of the school to the families of many pupils: written, approved, on its way, over.
//!
//! Invariants: what is sent is what was approved, since a draft that changes is another draft; above
//! [`ALONE_UP_TO`] people whoever wrote it does not approve it; what was cancelled is never sent. The words are sealed
//! under a key of the broadcast's own: what should not have been written can be erased.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::ids::{CourseId, StudentId};
use crate::sealed::Sealed;
use crate::student::GuardianRights;
use chrono::{DateTime, Utc};
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// Up to so many people a broadcast needs no second person: a course and its families. A slip to one course is put right
/// in person, one to a whole school is not.
pub const ALONE_UP_TO: u32 = 100;
/// Characters of a subject, at most.
pub const LONGEST_SUBJECT: u32 = 120;
/// Characters of a text, at most.
pub const LONGEST_TEXT: u32 = 5_000;

/// Of which pupils the families are written to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Whom {
    /// Of all.
    School,
    /// Of all in courses of these levels, as the courses name them.
    Levels {
        /// At least one.
        levels: Vec<String>,
    },
    /// Of all in these courses.
    Courses {
        /// At least one.
        courses: Vec<CourseId>,
    },
    /// Of these.
    Pupils {
        /// At least one.
        students: Vec<StudentId>,
    },
}

/// Which of their guardians.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whoever is told of the pupil.
    Told,
    /// The legal representatives among them.
    Legal,
    /// Those of them who may collect the pupil.
    Collect,
}

/// Whom a broadcast is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Audience {
    /// Of which pupils.
    pub whom: Whom,
    /// Which guardians.
    pub role: Role,
}

impl Role {
    /// All of them, in the order in which a form offers them.
    pub const ALL: [Self; 3] = [Self::Told, Self::Legal, Self::Collect];

    /// Its code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Legal => "legal",
            Self::Collect => "collect",
        }
    }

    /// Whether a guardian with these rights over a pupil is one: never who is barred, or is not to be told.
    pub fn is_of(self, rights: GuardianRights) -> bool {
        let told = rights.notify && !rights.restricted;
        told && match self {
            Self::Told => true,
            Self::Legal => rights.legal,
            Self::Collect => rights.may_collect,
        }
    }
}

/// What is written, to whom, and when it is to go out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// One line, sealed under the broadcast's key of the class `reason` (field `subject`).
    pub subject: Sealed,
    /// The message, sealed likewise (field `text`).
    pub text: Sealed,
    /// To whom.
    pub audience: Audience,
    /// By WhatsApp too, to those who asked for broadcasts there: Meta takes it for advertising, at another price.
    pub whatsapp: bool,
    /// Not before this instant; none: once it is approved.
    pub send_at: Option<DateTime<Utc>>,
}

/// A broadcast that was written.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// What is written.
    pub draft: Draft,
    /// How often it was written: which draft this is, from 1.
    pub version: u32,
    /// Where it stands.
    pub stage: Stage,
}

/// Where a broadcast stands, with to how many people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It is written, and goes to nobody.
    Drafted,
    /// It goes out at its time.
    Approved(u32),
    /// It goes out.
    Started(u32),
    /// Nothing of it waits any more.
    Completed(u32),
    /// What was not sent by then never is.
    Cancelled,
}

/// Where a broadcast stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Nobody wrote it.
    #[default]
    NotDrafted,
    /// Somebody did.
    Known(Known),
}

impl State {
    /// The broadcast, if there is one.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::NotDrafted => None,
            Self::Known(known) => Some(known),
        }
    }
}

/// What can have happened to a broadcast.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// It was written, or written anew; all of it, not a difference.
    #[serde(rename = "drafted")]
    Drafted {
        /// What is written.
        #[serde(flatten)]
        draft: Draft,
    },
    /// It is to go out.
    #[serde(rename = "approved")]
    Approved {
        /// To how many people it would have gone then.
        people: u32,
    },
    /// It goes out, to whoever is in its audience now.
    #[serde(rename = "started")]
    Started {
        /// How many people.
        people: u32,
    },
    /// What was not sent by now never is.
    #[serde(rename = "cancelled")]
    Cancelled,
    /// Nothing of it waits any more.
    #[serde(rename = "completed")]
    Completed,
}

crate::event::domain_event! {
    Event of "broadcast" {
        Drafted = "drafted": "A message to the families of many pupils was written, or written anew; all fields, not a difference.";
        Approved = "approved": "A person said that the broadcast is to go out; above a number of people another one than whoever wrote it.";
        Started = "started": "The broadcast goes out to whoever was in its audience at that moment.";
        Cancelled = "cancelled": "What of the broadcast was not sent by then never is.";
        Completed = "completed": "Nothing of the broadcast waits to be sent any more.";
    }
}

/// The aggregate: one broadcast.
#[derive(Clone, Copy, Debug)]
pub struct Broadcast;

impl Aggregate for Broadcast {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        let stage = match event {
            Event::Drafted { draft } => {
                let version = state.known().map_or(0, |known| known.version).saturating_add(1);
                return State::Known(Known { draft: draft.clone(), version, stage: Stage::Drafted });
            }
            Event::Approved { people } => Stage::Approved(*people),
            Event::Started { people } => Stage::Started(*people),
            Event::Cancelled => Stage::Cancelled,
            Event::Completed => match state.known().map(|known| known.stage) {
                Some(Stage::Started(people)) => Stage::Completed(people),
                _ => Stage::Completed(0),
            },
        };
        match state {
            State::NotDrafted => State::NotDrafted,
            State::Known(known) => State::Known(Known { stage, ..known }),
        }
    }
}
