//! The kiosk's wire types, version 1: what it sends to `/api/v1/kiosks/{kiosk_id}/…` and what it
//! gets back. Shared by the server and by the kiosk, so that both read the same text the same way.
//!
//! This crate knows JSON and the domain's ids and values; it knows no HTTP, no clock and no storage.
//!
//! How to add one more field:
//! 1. add it as an `Option` (or with a `serde(default)`): kiosks and servers are updated apart;
//! 2. extend the snapshot of its message in the same file, and keep the old text as a test;
//! 3. say in its docstring the unit, and what a missing value means.
//!
//! How to add one more message: a file of its own here, named after the path's last segment.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)
)]

mod heartbeat;
mod roster;
mod scans;
mod values;

pub use heartbeat::{HeartbeatRequest, HeartbeatResponse};
pub use roster::{CredentialState, RosterCredential, RosterResponse, StateChange};
pub use scans::{ItemResult, ScanItem, ScansRequest, ScansResponse, Unreadable, parse_scan};
pub use values::{CardKind, Direction, Method, Shown, Verdict};

/// Most scans in one batch.
pub const MAX_SCANS: usize = 500;
/// Largest body of a batch, in bytes.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024;
/// Longest text that a card may give, in bytes of UTF-8; a longer one is not readable as a scan.
pub const MAX_READ_BYTES: usize = 1024;
/// How much of an unreadable scan is kept, in bytes of UTF-8.
pub const MAX_UNREADABLE_BYTES: usize = 4096;
/// Most credentials in one page of the roster.
pub const MAX_ROSTER_PAGE: usize = 2000;
