//! A guardian (apoderado): a person with contacts, all sealed.

use crate::sealed::Sealed;
use serde::{Deserialize, Serialize};

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
    /// Name or contacts corrected; all fields, not a difference.
    #[serde(rename = "contact_changed")]
    ContactChanged {
        /// Name, sealed.
        name: Sealed,
        /// E.164, sealed.
        phone: Option<Sealed>,
        /// Mail address, sealed.
        mail: Option<Sealed>,
    },
    /// The keys of the guardian's personal data were destroyed.
    #[serde(rename = "erased")]
    Erased,
}

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "guardian";
    fn name(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::ContactChanged { .. } => "contact_changed",
            Self::Erased => "erased",
        }
    }
}
