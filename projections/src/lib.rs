//! The read side: what screens ask for, computed from the log and from nothing else.
//!
//! One folder per read model: `rows.rs` (what a row is), `apply.rs` (a pure fold of events into
//! rows), `store.rs` (loads the rows that a page of events touches, writes the changed ones),
//! `queries.rs` (what readers ask). The [`runner`] feeds pages of the log to a model and moves its
//! checkpoint in the transaction of the rows; [`rebuild`] fills a fresh copy beside the live one
//! and swaps.
//!
//! This crate must not know commands, keys, HTTP, or what time it is: personal data stays sealed in
//! the rows, `now` is a parameter of the board, and `apply` has neither clock nor network.
//!
//! Requests ask in the transaction of a school, the only way for them to the tables: [`readers`].
//!
//! Tables are named without their schema: `search_path` (`public,roster,live,audit,no_show`) says which
//! copy is meant.
//!
//! How to add one more read model:
//! 1. a schema of its own with its tables in a new migration, each row with a `position`, and grants
//!    and policies as in `0005_tenancy.sql`;
//! 2. a folder here with `rows`, `apply`, `store`, `queries`;
//! 3. a variant of [`ReadModel`]: the compiler names the places, and a search for `audit,no_show` and
//!    `'audit', 'no_show'` the search paths and checks;
//! 4. its tables join the test `rebuild_equals_live_over_every_event_type_and_every_column` by
//!    themselves, since it compares whole schemas.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod audit;
pub mod checkpoint;
pub mod fact;
pub mod live;
pub mod looks;
pub mod model;
pub mod no_show;
pub mod page;
pub mod readers;
pub mod rebuild;
pub mod roster;
mod rows;
pub mod runner;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use checkpoint::Checkpoint;
pub use fact::Fact;
pub use model::ReadModel;
pub use readers::{Readers, SchoolSnapshot, SchoolTx};
