//! Pupils.

pub mod entries;
pub mod list;
