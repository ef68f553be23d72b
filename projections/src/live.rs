//! The day at the gate: every pupil's day, the scans, the gates, and what waits in quarantine.
//!
//! State goes by corrected time, not by arrival: a pupil's day is summed up anew from its scans
//! whenever one comes or is flagged, so that a scan synced late never overwrites a later one. An echo
//! (a second tap in the same direction within the echo window) is a reading like others, since the
//! earlier of two taps may be the one that arrives later; it tells nobody and is not in the stream.

pub mod absence;
pub mod acts;
pub(crate) mod apply;
pub mod board;
mod expected;
pub mod facts;
pub mod health;
pub mod kept;
pub mod lines;
#[doc(hidden)]
pub mod memory;
pub mod presence;
pub mod queries;
pub mod reports;
pub mod roll_call;
pub mod rows;
mod span;
pub(crate) mod store;
