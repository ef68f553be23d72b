//! A school's list as a file: bytes → text → cells → typed rows, and the words about it.
//!
//! What the rows mean is `commands::use_cases::import_roster`'s part.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod cells;
pub mod header;
pub mod read;
pub mod report;
pub mod sheet;
pub mod text;
pub mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use read::{FileProblem, List, read};
pub use report::Report;
