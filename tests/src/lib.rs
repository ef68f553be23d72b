//! End-to-end tests: the whole line from a kiosk's request to the inspector's screen, over real
//! servers and a real browser, and the shape of the workspace itself.
//!
//! How to add one more: a module here, a test whose name is the sentence that it proves, built on
//! `web::testing::TestApp`.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod browser;
#[cfg(test)]
mod structure;
