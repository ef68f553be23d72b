//! A personal value in its encrypted form, the only form that events and read models hold.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An encrypted personal value: `v1:<event>:<field>:<class>:<key id>:<base64url(nonce ‖ ciphertext)>`.
///
/// Made and opened by the vault in `commands` only. Its associated data is
/// `school|subject|event|field|key id`, so a ciphertext moved to another person or field does not
/// open. Deleting the key erases it for good: readers then see "erased".
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl Sealed {
    /// The stored text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// Which of a subject's data keys seals a value: each class can be erased alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum SealingClass {
    /// Names, RUN, birth date: kept for the retention term.
    Identity,
    /// Phone, mail, address.
    Contact,
    /// Photos, and what an unknown card said.
    Evidence,
    /// Free-text reasons, which may hold health data.
    Reason,
}

impl SealingClass {
    /// The name in the key table and in the sealed text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Contact => "contact",
            Self::Evidence => "evidence",
            Self::Reason => "reason",
        }
    }
}
