//! The outside of the system: REST API, pages, server-sent events; who asks (people, families, kiosks, programs) and
//! what they may; and the one binary `attendance` that puts all parts together.
//!
//! This crate must not know how events are stored or how read models are kept: it calls use cases of
//! `commands` and queries of `projections`.
//!
//! How to add one more endpoint of the API:
//! 1. a file `api/<resource>/<verb>.rs` with its request and response types, `handler` and tests;
//! 2. its `#[utoipa::path]` and a `routes!` line in [`api::router`]: the OpenAPI document and the
//!    test that compares it with the router take it from there;
//! 3. its line in [`permissions`], without which it is not served;
//! 4. each way it can fail as a [`problem::Code`]; then `make generate`.
//!
//! How to add one more page: a file in `pages/`, its line in [`permissions`], its texts in both files of `locales/`, and
//! a made-up example of it among the samples, which tests look at.
//!
//! How to add one more subcommand: a file in `cli/` with `Args` and `run`, and a line in
//! [`cli::Command`].
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]
#![cfg_attr(not(test), deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod api;
mod assets;
mod calendar;
mod cell;
pub mod cli;
pub mod config;
mod csp;
pub mod demo;
mod documents;
pub mod family;
pub mod i18n;
pub mod import;
pub mod kiosk_auth;
mod letters;
pub mod live;
pub mod middleware;
pub mod names;
pub mod observability;
pub mod pages;
pub mod permissions;
pub mod pools;
pub mod problem;
pub mod replay;
pub mod reports;
pub mod router;
pub mod seed;
pub mod serve;
pub mod session;
pub mod sign_in;
pub mod simulation;
pub mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod throttle;
pub mod tokens;

pub use state::AppState;
