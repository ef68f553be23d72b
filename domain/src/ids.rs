//! Ids as newtypes over UUID, so that a pupil's id is never passed where a card's is meant.
//!
//! Ids are random (v7) or derived (v5) and never made of a RUN, a phone or a name: those can be
//! corrected and must be erasable.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl From<Uuid> for $name { fn from(id: Uuid) -> Self { Self(id) } }
        impl From<$name> for Uuid { fn from(id: $name) -> Self { id.0 } }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> { Uuid::parse_str(s).map(Self) }
        }
    )+};
}

id! {
    /// A school: the tenant.
    SchoolId,
    /// A course of one school year.
    CourseId,
    /// A pupil.
    StudentId,
    /// A guardian (apoderado).
    GuardianId,
    /// A card or tag given to a pupil; random, printed or written on the card in a token.
    CredentialId,
    /// A kiosk at a gate.
    KioskId,
    /// One installation of a kiosk's queue; a re-imaged kiosk has a new one.
    QueueId,
    /// One scan, minted by the kiosk.
    ScanId,
    /// One entry or exit recorded by hand, minted by the client.
    ManualEntryId,
    /// One early leave, minted by the client; its exit stands under it.
    LeaveId,
    /// One justification, minted by the client, the same on each day that it is for.
    JustificationId,
    /// One correction of a day, minted by the client; the passage that it adds stands under it.
    CorrectionId,
    /// A document that is kept sealed outside of the log.
    DocumentId,
    /// A roll call of a school.
    RollCallId,
    /// A notice on its way to one guardian by one channel; derived from what it is ([`crate::delivery`]).
    DeliveryId,
    /// A message of the school to many, minted by the client.
    BroadcastId,
    /// A slot (one entry and one exit) of a weekly schedule; stable over edits.
    SlotId,
    /// A person of the staff; one on the whole installation, whatever schools it is a member of.
    AccountId,
    /// One recorded event.
    EventId,
    /// One command; a command already in the log is answered from it.
    CommandId,
    /// The log's life between two restores.
    Epoch,
}
