//! Notices on their way to guardians: their rows, which are the state machine, and the events of what becomes of them, in
//! one transaction each.
//!
//! ```text
//! the log ──react──▶ ladders ──climb──▶ deliveries ──claim──▶ judge ──▶ (the channel) ──record──▶ row and event
//!                                            ▲                                  │
//!                                            └──── sweep, heard ◀── webhooks ◀──┘
//! ```
//! A message is claimed, and that is committed, before anything is sent; every rule is asked of the log once more in
//! between ([`judge`]). So a message of which the program does not know what became (its answer was lost, it ended
//! meanwhile) is *unknown* and never *not sent*; whether it is sent again is a matter of its kind.
//!
//! Nothing here opens a sealed value or knows a channel.

pub mod channels;
mod claim;
mod climb;
mod detour;
mod gate;
mod heard;
mod judge;
mod overview;
mod react;
mod record;
mod rows;
mod settle;
#[cfg(test)]
mod tests;

pub use claim::{Message, claim};
pub use climb::{Climbed, climb};
pub use detour::detour;
pub(crate) use heard::forget;
pub use heard::{Heard, address_key, heard, provider_key, word};
pub use judge::{Outgoing, judge};
pub(crate) use judge::{broadcasts, guardians};
pub use overview::{Failures, Line, Overview, overview};
pub use react::{Reacted, react};
pub use record::{Outcome, opened, record, sweep};
pub(crate) use rows::{About, Wanted, request_in_tx};

use crate::Write;
use crate::context::Context;
use crate::error::StoreError;
use chrono_tz::Tz;
use domain::{Actor, EventId, SchoolId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The zones of schools.
pub(crate) type Zones = BTreeMap<SchoolId, Tz>;

/// Asked before a transaction begins: nobody who holds a connection waits for another one.
pub(crate) async fn zones(write: &Write, schools: impl IntoIterator<Item = SchoolId>) -> Result<Zones, StoreError> {
    let mut zones = Zones::new();
    for school in schools {
        if let Entry::Vacant(free) = zones.entry(school) {
            free.insert(write.school_settings(school).await?.zone);
        }
    }
    Ok(zones)
}

/// In whose name what becomes of a delivery is written.
fn context(zones: &Zones, school: SchoolId, cause: EventId) -> Result<Context, StoreError> {
    Ok(Context {
        school,
        zone: *zones.get(&school).ok_or(StoreError::UnknownSchool(school))?,
        actor: Actor::system("deliveries"),
        command_id: None,
        correlation_id: cause.0,
        causation_id: Some(cause.0),
    })
}
