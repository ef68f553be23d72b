//! Expected pupils of whom no entry is on record: each case as it stands, all that was said of it, and how well
//! it went.

mod apply;
pub mod queries;
pub mod rows;
pub(crate) mod store;
