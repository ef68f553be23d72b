//! Small values of the wire, in snake_case text; conversions to and from the domain's.

use domain::attendance_day as day;
use domain::student::CredentialKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which way through the gate: from the lane or an explicit choice, never from toggling.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the school.
    Entry,
    /// Out of the school.
    Exit,
}

/// How the pupil was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Printed QR.
    Qr,
    /// NFC card or tag.
    Nfc,
    /// Number typed at the kiosk.
    Typed,
}

/// What the door or screen showed, by the kiosk's own decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Known card.
    Welcome,
    /// Card unknown to the kiosk's roster.
    Unknown,
    /// Card revoked in the kiosk's roster.
    Revoked,
    /// Roster too old to say.
    Unverified,
}

/// What became of a scan. All four mean that it is stored for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// On the pupil's day, without doubts.
    Accepted,
    /// Known already: the same answer as the first time, nothing was added.
    Duplicate,
    /// On the pupil's day, with doubts.
    Flagged,
    /// Kept for a person to place.
    Quarantined,
}

/// What kind of card or tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Printed QR.
    Qr,
    /// NFC card or tag.
    Nfc,
}

macro_rules! same {
    ($wire:ty = $domain:ty { $($variant:ident),+ }) => {
        impl From<$wire> for $domain {
            fn from(v: $wire) -> Self { match v { $(<$wire>::$variant => Self::$variant),+ } }
        }
        impl From<$domain> for $wire {
            fn from(v: $domain) -> Self { match v { $(<$domain>::$variant => Self::$variant),+ } }
        }
    };
}
same!(Direction = day::Direction { Entry, Exit });
same!(Method = day::Method { Qr, Nfc, Typed });
same!(Shown = day::Shown { Welcome, Unknown, Revoked, Unverified });
same!(CardKind = CredentialKind { Qr, Nfc });
