//! A guardian (apoderado): a person with contacts, all sealed.
//!
//! Invariant: nothing follows `erased`. Two sealed texts of the same value differ, so "the same
//! again" can only be seen here when the sealed texts are the same; comparing the plain values is the
//! caller's part.

mod decide;
pub mod notices;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::delivery::{Channel, Kind};
use crate::ids::StudentId;
use crate::sealed::Sealed;
use chrono::{DateTime, Utc};
pub use decide::{Command, Error};
use notices::{Language, Method, Notices, Want};
pub use samples::samples;
use serde::{Deserialize, Serialize};

/// Where a guardian stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never entered.
    #[default]
    NotRegistered,
    /// In the register.
    Registered {
        /// Name, sealed.
        name: Sealed,
        /// Identifier, sealed.
        national_id: Option<Sealed>,
        /// Phone, sealed.
        phone: Option<Sealed>,
        /// Mail address, sealed.
        mail: Option<Sealed>,
        /// Which notices are wanted, and how.
        notices: Notices,
    },
    /// The keys are destroyed.
    Erased,
}

impl State {
    /// Which notices are wanted, of somebody who is in the register.
    pub fn notices(&self) -> Option<&Notices> {
        match self {
            Self::NotRegistered | Self::Erased => None,
            Self::Registered { notices, .. } => Some(notices),
        }
    }

    /// The address for a channel, sealed, if it is known.
    pub fn address(&self, channel: Channel) -> Option<&Sealed> {
        match self {
            Self::NotRegistered | Self::Erased => None,
            Self::Registered { phone, mail, .. } => match channel {
                Channel::Whatsapp => phone.as_ref(),
                Channel::Email => mail.as_ref(),
            },
        }
    }

    /// By which channels a kind of notice of a pupil may come, in order: those that are wanted and have an address. What
    /// somebody's safety hangs on comes by another one where none of these is left.
    pub fn ways(&self, student: StudentId, kind: Kind) -> Vec<Channel> {
        let has = |channel| self.address(channel).is_some();
        self.notices().map(|notices| notices.channels(student, kind, has)).unwrap_or_default()
    }
}

/// What can have happened to a guardian.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// Entered into the register.
    #[serde(rename = "registered")]
    Registered {
        /// Name as the family writes it, sealed (`identity`, field `name`).
        name: Sealed,
        /// RUN or other identifier in normal form, sealed (`identity`, field `national_id`).
        national_id: Option<Sealed>,
        /// E.164, sealed (`contact`, field `phone`).
        phone: Option<Sealed>,
        /// Mail address, sealed (`contact`, field `mail`).
        mail: Option<Sealed>,
    },
    /// Name, identifier or contacts corrected, or become known; all fields, not a difference.
    #[serde(rename = "contact_changed")]
    ContactChanged {
        /// Name, sealed.
        name: Sealed,
        /// RUN or other identifier in normal form, sealed.
        national_id: Option<Sealed>,
        /// E.164, sealed.
        phone: Option<Sealed>,
        /// Mail address, sealed.
        mail: Option<Sealed>,
    },
    /// Which notices are wanted was said, of one pupil or of all; all kinds, not a difference.
    #[serde(rename = "preferences_set")]
    PreferencesSet {
        /// Of which pupil; none: of every pupil of whom nothing else was said.
        student_id: Option<StudentId>,
        /// In which language notices are written; none: in the school's.
        language: Option<Language>,
        /// By kind. A kind that is not named is as by default.
        wanted: Vec<Want>,
    },
    /// No notice shall come by a channel any more.
    #[serde(rename = "opted_out")]
    OptedOut {
        /// The channel.
        channel: Channel,
        /// Of this kind only; none: of all.
        kind: Option<Kind>,
        /// How it was said.
        method: Method,
        /// When it was said, which may be before it arrived.
        said_at: DateTime<Utc>,
    },
    /// Notices may come by a channel.
    #[serde(rename = "opted_in")]
    OptedIn {
        /// The channel.
        channel: Channel,
        /// Of this kind only; none: of all.
        kind: Option<Kind>,
        /// How it was said.
        method: Method,
        /// When it was said, which may be before it arrived.
        said_at: DateTime<Utc>,
    },
    /// The keys of the guardian's personal data were destroyed.
    #[serde(rename = "erased")]
    Erased,
}

crate::event::domain_event! {
    Event of "guardian" {
        Registered = "registered": "A guardian was entered into the register.";
        ContactChanged = "contact_changed": "A guardian's name, identifier or contacts were corrected or became known; all fields, not a difference.";
        PreferencesSet = "preferences_set": "A guardian said which notices are wanted by which channels, of one pupil or of all; all kinds, not a difference.";
        OptedOut = "opted_out": "A guardian said that notices shall not come by a channel any more; an alarm then comes by another.";
        OptedIn = "opted_in": "A guardian said that notices may come by a channel.";
        Erased = "erased": "The keys of a guardian's personal data were destroyed: every sealed value of the guardian reads as erased.";
    }
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Guardian;

impl Aggregate for Guardian {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Registered { name, national_id, phone, mail } => {
                registered(name, national_id, phone, mail, Notices::default())
            }
            Event::ContactChanged { name, national_id, phone, mail } => match state {
                State::NotRegistered => State::NotRegistered,
                State::Registered { notices, .. } => registered(name, national_id, phone, mail, notices),
                State::Erased => State::Erased,
            },
            Event::PreferencesSet { student_id, language, wanted } => {
                change(state, |notices| notices.set(*student_id, *language, wanted))
            }
            Event::OptedOut { channel, kind, said_at, .. } => {
                change(state, |notices| notices.opt(*channel, *kind, false, *said_at))
            }
            Event::OptedIn { channel, kind, said_at, .. } => {
                change(state, |notices| notices.opt(*channel, *kind, true, *said_at))
            }
            Event::Erased => State::Erased,
        }
    }
}

fn change(mut state: State, change: impl FnOnce(&mut Notices)) -> State {
    match &mut state {
        State::NotRegistered | State::Erased => {}
        State::Registered { notices, .. } => change(notices),
    }
    state
}

fn registered(
    name: &Sealed,
    national_id: &Option<Sealed>,
    phone: &Option<Sealed>,
    mail: &Option<Sealed>,
    notices: Notices,
) -> State {
    State::Registered {
        name: name.clone(),
        national_id: national_id.clone(),
        phone: phone.clone(),
        mail: mail.clone(),
        notices,
    }
}
