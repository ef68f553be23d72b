//! Web sessions: a random id in a cookie, everything else in the database, asked at every request. So a session
//! that is ended, an account that is disabled and a role that is taken away count at once, in every process.
//!
//! A session ends 12 hours after it began, or 30 minutes after it was last used; a board that is open counts as
//! use, as a page that loads itself again does. The id changes at sign-in and when the password was given again;
//! whatever changes the account's rights changes its epoch, and that ends its sessions.

mod cookie;
mod device;
mod known;
mod person;
mod store;
mod watch;

pub use cookie::{ASKED, BROWSER, CLEAR, Cookie, FAMILY, FAMILY_BROWSER, LANGUAGE, SCHOOL, cleared, given, set};
pub(crate) use cookie::{is_guarded, is_sent};
pub use device::family;
pub use known::KNOWN;
pub use person::{Enrolling, InSchool, Person, STEP_UP, STEP_UP_TO_GO_ON};
pub use store::{Begin, Ended, Limits, Listed, STAFF, Sessions, Stage};
pub(crate) use store::{fresh, roles};
pub use watch::Watched;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trials;
