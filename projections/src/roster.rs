//! Who belongs to the school: courses and schedules, pupils and where they are on a date, cards,
//! guardians, kiosks. Personal data stays sealed.

pub(crate) mod apply;
pub mod queries;
pub mod rows;
mod save;
pub(crate) mod store;
