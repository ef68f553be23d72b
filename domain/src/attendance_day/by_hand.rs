//! What a person records in place of a card: an entry or an exit, and taking it back.

use super::{Direction, Error, Event, State};
use crate::envelope::Actor;
use crate::ids::ManualEntryId;
use crate::sealed::Sealed;
use crate::values::zone::local_date;
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A clock on a desk may be ahead of the server's by this much.
pub const AHEAD: TimeDelta = TimeDelta::minutes(2);
/// A person writes minutes, from memory, and the card turns up afterwards: what was recorded by hand and a
/// passage in the same direction are one within this time, or within the echo window where that is longer.
pub const ONE_COMING: TimeDelta = TimeDelta::minutes(10);
/// The hour of the school's wall before which nobody comes or goes: 03:15 is a slip of the hand for 15:15.
pub const FIRST_HOUR: u32 = 5;
/// How long its author may take an entry back. Later it takes somebody who may set right what others recorded.
pub const UNDO_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// Why a person recorded it; coded, since free text collects health data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualReason {
    /// The card stayed at home.
    ForgotCard,
    /// The card is lost.
    LostCard,
    /// The kiosk could not read the card.
    CardNotRead,
    /// The kiosk did not work.
    GateFailed,
    /// The pupil came in where no kiosk is, with a visitor for instance.
    OtherDoor,
    /// None of these.
    Other,
    /// Not a choice of a form: the pupil was handed over to an adult ([`super::EarlyLeave`]).
    EarlyLeave,
    /// Nor this: the passage was added by an approved correction ([`super::Correction`]).
    Correction,
}

impl ManualReason {
    /// Those that a person gives, in the order in which a form offers them.
    pub const ALL: [Self; 6] =
        [Self::ForgotCard, Self::LostCard, Self::CardNotRead, Self::GateFailed, Self::OtherDoor, Self::Other];
}

/// An entry or exit as a person recorded it. Who that was is in the envelope.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ManualEntry {
    /// Minted by the client, the same at every retry.
    pub entry_id: ManualEntryId,
    /// Which way.
    pub direction: Direction,
    /// When it happened, as the person says.
    pub occurred_at: DateTime<Utc>,
    /// Why it was recorded by hand.
    pub reason: ManualReason,
    /// More about it, sealed under the pupil's key of the class `reason`.
    pub note: Option<Sealed>,
}

/// What an entry by hand is judged by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The school day that it is for.
    pub date: NaiveDate,
    /// The school's zone.
    pub zone: chrono_tz::Tz,
    /// Whether the pupil is enrolled on that day.
    pub enrolled: bool,
    /// The server's time.
    pub now: DateTime<Utc>,
    /// The school's echo window, in seconds.
    pub echo_seconds: u16,
}

impl Bounds {
    /// Whether something of this day can have happened at this time, as a person says.
    pub(super) fn check(&self, at: DateTime<Utc>) -> Result<(), Error> {
        if !self.enrolled {
            return Err(Error::NotEnrolled);
        }
        if at.signed_duration_since(self.now) > AHEAD {
            return Err(Error::InTheFuture);
        }
        if local_date(at, self.zone) != self.date {
            return Err(Error::AnotherDay);
        }
        if at.with_timezone(&self.zone).hour() < FIRST_HOUR {
            return Err(Error::BeforeTheDay);
        }
        Ok(())
    }
}

/// Whether what is on record says the same passage as one at an instant.
pub(super) fn repeats(state: &State, direction: Direction, at: (DateTime<Utc>, Uuid), window: TimeDelta) -> bool {
    let (before, after) = state.beside(at);
    [before, after]
        .into_iter()
        .flatten()
        .any(|other| other.direction == direction && at.0.signed_duration_since(other.occurred_at).abs() <= window)
}

/// Who takes an entry back, and what is known of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Undo {
    /// Which.
    pub entry_id: ManualEntryId,
    /// Who recorded it.
    pub author: Actor,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// Who takes it back.
    pub by: Actor,
    /// Whether that person may set right what others recorded, and what is older.
    pub corrects: bool,
    /// The server's time.
    pub now: DateTime<Utc>,
}

/// An entry by hand that is on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownEntry {
    /// Which.
    pub entry_id: ManualEntryId,
    /// Which way.
    pub direction: Direction,
    /// When, as the person says.
    pub occurred_at: DateTime<Utc>,
    /// It was taken back.
    pub withdrawn: bool,
}

pub(super) fn record(state: &State, entry: ManualEntry, bounds: Bounds) -> Result<Vec<Event>, Error> {
    match state.by_hand(entry.entry_id) {
        Some(KnownEntry { withdrawn: true, .. }) => return Err(Error::Withdrawn),
        Some(_) => return Ok(vec![]),
        None => {}
    }
    bounds.check(entry.occurred_at)?;
    let window = ONE_COMING.max(TimeDelta::seconds(bounds.echo_seconds.into()));
    let repeats = repeats(state, entry.direction, (entry.occurred_at, entry.entry_id.0), window);
    Ok(vec![Event::ManualEntryRecorded { entry, repeats }])
}

pub(super) fn withdraw(state: &State, undo: &Undo) -> Result<Vec<Event>, Error> {
    match state.by_hand(undo.entry_id) {
        None => Err(Error::UnknownEntry),
        Some(_) if undo.by != undo.author && !undo.corrects => Err(Error::NotItsAuthor),
        Some(KnownEntry { withdrawn: true, .. }) => Ok(vec![]),
        Some(_) if !undo.corrects && undo.now.signed_duration_since(undo.recorded_at) > UNDO_WITHIN => {
            Err(Error::TooLateToUndo)
        }
        Some(_) => Ok(vec![Event::ManualEntryWithdrawn { entry_id: undo.entry_id }]),
    }
}

#[cfg(test)]
mod tests;
