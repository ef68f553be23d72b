//! Pupils.

pub mod list;
