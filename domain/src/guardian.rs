//! A guardian (apoderado): a person with contacts, all sealed.
//!
//! Invariant: nothing follows `erased`. Two sealed texts of the same value differ, so "the same
//! again" can only be seen here when the sealed texts are the same; comparing the plain values is the
//! caller's part.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::sealed::Sealed;
pub use decide::{Command, Error};
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
    },
    /// The keys are destroyed.
    Erased,
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
    /// The keys of the guardian's personal data were destroyed.
    #[serde(rename = "erased")]
    Erased,
}

crate::event::domain_event! {
    Event of "guardian" {
        Registered = "registered": "A guardian was entered into the register.";
        ContactChanged = "contact_changed": "A guardian's name, identifier or contacts were corrected or became known; all fields, not a difference.";
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
            Event::Registered { name, national_id, phone, mail } => registered(name, national_id, phone, mail),
            Event::ContactChanged { name, national_id, phone, mail } => match state {
                State::NotRegistered => State::NotRegistered,
                State::Registered { .. } => registered(name, national_id, phone, mail),
                State::Erased => State::Erased,
            },
            Event::Erased => State::Erased,
        }
    }
}

fn registered(name: &Sealed, national_id: &Option<Sealed>, phone: &Option<Sealed>, mail: &Option<Sealed>) -> State {
    State::Registered { name: name.clone(), national_id: national_id.clone(), phone: phone.clone(), mail: mail.clone() }
}
