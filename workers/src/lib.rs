//! Whatever acts on events or on time: each worker reads facts, and writes new ones through
//! `commands`, the same path as everybody else.
//!
//! Must not know the HTTP server. A worker may run in any number of processes: one of them leads, by
//! a Postgres advisory lock ([`leader`]).
//!
//! How to add one more worker:
//! 1. a file with a pure function that says what follows from what, and a `run` that loops;
//! 2. a lock number of its own in [`leader::Lock`];
//! 3. a line where `web::serve` starts the workers.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod broadcasts;
pub mod deliveries;
pub mod documents;
pub mod gate_watch;
pub mod leader;
pub mod mail;
pub mod no_show;
pub mod objects;
pub mod outbound;
#[cfg(test)]
mod testing;
pub mod whatsapp;
pub mod words;
