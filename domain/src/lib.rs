//! The rules of a school's gate, as pure synchronous functions over facts.
//!
//! This crate knows no SQL, no async, no HTTP, no NATS, no clock and no random numbers:
//! instants and new ids arrive inside commands. Personal data arrives [`Sealed`].
//!
//! How to add one more event:
//! 1. add the variant to the aggregate's `Event`, with an explicit snake_case `serde(rename)`;
//! 2. add its name and a sentence about it to the file's `domain_event!` table and match it in
//!    `evolve` (there is no `_ =>` arm);
//! 3. emit it from `decide` (`<aggregate>/decide.rs`) and write the given/when/then test
//!    (`<aggregate>/tests.rs`);
//! 4. add a sample to the aggregate's `samples()`: the JSON snapshot, `docs/events.md` and the
//!    rebuild-equals-live test take it from there.
//!
//! How to add one more aggregate: a file like `kiosk.rs`, a variant in [`AnyEvent`], a row in
//! [`decode`].

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

pub mod account;
pub mod aggregate;
pub mod attendance_day;
pub mod broadcast;
pub mod calendar;
pub mod class_list;
pub mod completeness;
pub mod course;
pub mod day_status;
pub mod delivery;
pub mod device_time;
pub mod entry_rate;
pub mod envelope;
pub mod event;
pub mod expectation;
pub mod guardian;
pub mod ids;
pub mod kiosk;
pub mod no_show;
pub mod quarantine;
pub mod roll_call;
mod sample_values;
pub mod school;
pub mod sealed;
pub mod simulation;
pub mod student;
pub mod values;

pub use aggregate::Aggregate;
pub use envelope::{Actor, Recorded, StreamId};
pub use event::{AnyEvent, DecodeError, DomainEvent, decode, decode_as};
pub use ids::*;
pub use sealed::Sealed;
