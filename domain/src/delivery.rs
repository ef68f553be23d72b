//! A notice on its way to one guardian by one channel: what is known of it.
//!
//! Invariants: ids and codes only, no address, no name, and no id of a provider's (WhatsApp's holds the phone number);
//! *sending* is no event, since nothing is known by it. What is heard from outside is never refused: it comes twice and
//! in any order, and the news that says more counts (`read` over `delivered` over all else).

mod decide;
pub mod ladder;
pub mod policy;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::ids::{DeliveryId, EventId, GuardianId, StudentId};
use chrono::{DateTime, Utc};
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// What a notice is about. Preferences are kept by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The pupil came in.
    Entry,
    /// The pupil went out.
    Exit,
    /// The pupil was expected and did not come ("no ingreso").
    NoEntry,
    /// The pupil came late.
    Late,
    /// The pupil left before the end.
    EarlyLeave,
    /// What was said before is not so any more.
    Correction,
    /// A message of the school to many.
    Broadcast,
}

/// By which way a notice goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// WhatsApp, by its Cloud API.
    Whatsapp,
    /// E-mail.
    Email,
}

/// What a notice says; its words are elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// The pupil was due and did not come.
    NoEntry,
    /// After an alarm: the pupil came.
    Arrived,
    /// After an alarm: the pupil had been there in time.
    WasThere,
    /// After an alarm: the pupil was not expected, or not yet.
    NotExpected,
    /// After an alarm: the pupil had left with an adult who may collect.
    LeftEarly,
    /// After an alarm: the school knows why the pupil does not come.
    Justified,
    /// The pupil came in.
    Entered,
    /// The pupil went out.
    WentOut,
    /// The pupil came in late.
    CameLate,
    /// The pupil went out before the end.
    LeftBeforeEnd,
    /// The pupil was handed over to an adult before the end.
    Collected,
    /// A message of the school, in its own words.
    Broadcast,
}

macro_rules! codes {
    ($($name:ident { $($variant:ident = $code:literal),+ $(,)? })+) => {$(
        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its code, as in events and rows.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The one of a stored code.
            pub fn of_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == code)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

codes! {
    Kind {
        Entry = "entry", Exit = "exit", NoEntry = "no_entry", Late = "late", EarlyLeave = "early_leave",
        Correction = "correction", Broadcast = "broadcast",
    }
    Channel { Whatsapp = "whatsapp", Email = "email" }
    Says {
        NoEntry = "no_entry", Arrived = "arrived", WasThere = "was_there", NotExpected = "not_expected",
        LeftEarly = "left_early", Justified = "justified", Entered = "entered", WentOut = "went_out",
        CameLate = "came_late", LeftBeforeEnd = "left_before_end", Collected = "collected", Broadcast = "broadcast",
    }
    Status {
        Requested = "requested", Unknown = "unknown", Accepted = "accepted", Failed = "failed",
        Suppressed = "suppressed", Delivered = "delivered", Read = "read",
    }
}

impl DeliveryId {
    /// The one delivery of a cause to a guardian, by kind and channel: whoever asks for it again asks for the same.
    pub fn of(cause: EventId, guardian: GuardianId, kind: Kind, channel: Channel) -> Self {
        Self(Uuid::new_v5(&cause.0, format!("{guardian}|{kind}|{channel}").as_bytes()))
    }
}

/// Whether what was sent left this program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Written down, not sent.
    Sandbox,
    /// Sent.
    Live,
}

/// Why a delivery came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The recipient cannot be reached by this channel.
    Recipient,
    /// The channel does not take the template.
    Template,
    /// The channel does not understand the request: a defect of this program.
    Program,
    /// It was put off as often as may be.
    PutOff,
    /// The channel could not be reached in all its tries.
    Unreachable,
    /// It was taken, and came back.
    CameBack,
}

/// Why nobody knows whether a message arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No answer in time.
    NoAnswer,
    /// The other side says that it broke.
    ServerError,
    /// This program ended while it sent.
    Crash,
}

/// Why a notice was not sent after all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// It is not true any more, or never was said.
    NotTrue,
    /// A person looks after the case.
    Acknowledged,
    /// The guardian may not be told of this pupil (any more).
    NoRight,
    /// The pupil left the school or was erased.
    NoPupil,
    /// The guardian was erased.
    NoGuardian,
    /// The guardian does not want it, or not by this channel.
    NotWanted,
    /// There is no address for this channel.
    NoAddress,
    /// It would be news no more.
    Expired,
    /// Somebody was told already, by another way.
    Told,
    /// The broadcast was cancelled.
    Cancelled,
}

/// What is to be delivered.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// The event that it follows from.
    pub cause_id: EventId,
    /// What it is about.
    pub kind: Kind,
    /// What it says.
    pub says: Says,
    /// By which way.
    pub channel: Channel,
    /// To whom.
    pub guardian_id: GuardianId,
    /// Of which pupil.
    pub student_id: StudentId,
    /// From when on it would be news no more.
    pub expires_at: DateTime<Utc>,
}

/// How much is known of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Status {
    /// It waits, or is being sent.
    Requested,
    /// It may have arrived, or not.
    Unknown,
    /// The channel took it.
    Accepted,
    /// It did not arrive.
    Failed,
    /// It was not sent after all.
    Suppressed,
    /// It is on the telephone or in the mailbox.
    Delivered,
    /// A person opened it.
    Read,
}

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum State {
    /// Nobody asked for it.
    #[default]
    NotRequested,
    /// Somebody did.
    Known {
        /// What it is.
        notice: Notice,
        /// How much is known of it.
        status: Status,
    },
}

/// What can have happened to a delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// It is to be sent.
    #[serde(rename = "requested")]
    Requested {
        /// What it is.
        #[serde(flatten)]
        notice: Notice,
    },
    /// The channel took it.
    #[serde(rename = "accepted")]
    Accepted {
        /// In which try, from 1.
        attempt: u16,
        /// Whether it left this program.
        mode: Mode,
    },
    /// It is on the telephone or in the mailbox.
    #[serde(rename = "delivered")]
    Delivered,
    /// A person opened it.
    #[serde(rename = "read")]
    Read,
    /// It did not arrive.
    #[serde(rename = "failed")]
    Failed {
        /// Why.
        reason: Failure,
        /// The channel's own code.
        code: Option<u32>,
    },
    /// It may have arrived, or not.
    #[serde(rename = "unknown")]
    Unknown {
        /// Why that is not known.
        reason: Doubt,
    },
    /// It was not sent after all.
    #[serde(rename = "suppressed")]
    Suppressed {
        /// Why.
        reason: Suppression,
    },
}

crate::event::domain_event! {
    Event of "delivery" {
        Requested = "requested": "A notice is to be sent to a guardian by a channel, as a consequence of the event that it names.";
        Accepted = "accepted": "The channel took the notice; that is not yet known to be on a telephone or in a mailbox.";
        Delivered = "delivered": "The notice is on the telephone or in the mailbox, as the channel says.";
        Read = "read": "A person opened the notice, as the channel says.";
        Failed = "failed": "The notice did not arrive by this channel, for the reason given and with the channel's own code.";
        Unknown = "unknown": "The notice may have arrived or not: its answer was lost, or the program ended while it sent.";
        Suppressed = "suppressed": "The notice was not sent after all: a rule that was checked just before sending says so.";
    }
}

/// The aggregate: one notice to one guardian by one channel.
#[derive(Clone, Copy, Debug)]
pub struct Delivery;

impl Aggregate for Delivery {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        let status = match event {
            Event::Requested { notice } => return State::Known { notice: *notice, status: Status::Requested },
            Event::Accepted { .. } => Status::Accepted,
            Event::Delivered => Status::Delivered,
            Event::Read => Status::Read,
            Event::Failed { .. } => Status::Failed,
            Event::Unknown { .. } => Status::Unknown,
            Event::Suppressed { .. } => Status::Suppressed,
        };
        match state {
            State::NotRequested => State::NotRequested,
            State::Known { notice, .. } => State::Known { notice, status },
        }
    }
}
