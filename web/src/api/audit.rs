//! The audit index.

pub mod list;
