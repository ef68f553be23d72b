//! The transport: the log read by position, the relay that copies it to JetStream, and the feed that
//! brings it to consumers.
//!
//! NATS is a doorbell and a conveyor, never a record. Everything that a feed returns is in Postgres,
//! and whatever NATS loses, doubles, reorders or invents is healed from there.
//!
//! This crate knows the envelope ([`domain::Recorded`]) and must not know what is in it: no
//! aggregate's commands, no read model.
//!
//! How to add one more consumer:
//! 1. keep a checkpoint (epoch, position) beside what the consumer writes, in the same transaction;
//! 2. make one [`Feed`] for it, over the one [`Hub`] of its process, and ask [`Feed::next_page`] after the checkpoint, in a loop;
//! 3. on [`FeedError::EpochChanged`] start again as the consumer's own rules say (a projector
//!    rebuilds, a sender goes to "now");
//! 4. nothing needs to be declared in NATS: consumers are ephemeral (`streams.json`).
//!
//! A message carries what the relay found waiting, on one subject: whoever wants some kinds of events only
//! skips the others.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod definition;
pub mod feed;
pub mod hub;
pub mod log;
pub mod message;
pub mod relay;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod transport;
pub mod wake;

pub use feed::{Feed, FeedError, Page, Source};
pub use hub::{Carriable, Hub};
pub use transport::Transport;

/// An event as it is stored: its payload is the text that was written, byte for byte.
pub type RawEvent = domain::Recorded<Box<serde_json::value::RawValue>>;
