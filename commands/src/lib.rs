//! The write side: whatever appends events goes through here.
//!
//! An ordinary command goes through [`Write::execute`] (cqrs-es on postgres-es, with retry); rows
//! that must commit together with other rows go through [`append`]. Beside the log stand the
//! [`vault`] (keys, sealing) and the [`directory`] (card, RUN, phone → id, by keyed HMAC).
//!
//! This crate must not know read models, HTTP or NATS. It holds no personal data in clear: use
//! cases seal a value before it enters a command, and no error quotes one.
//!
//! How to add one more command:
//! 1. add it to the aggregate in `domain` (`decide`, `evolve`, given/when/then tests there);
//! 2. if it only needs what the caller holds, the caller runs `write.execute::<Aggregate>(…)`;
//! 3. if it looks something up, seals something or touches two aggregates, add
//!    `use_cases/<verb_noun>.rs`: plain input → validate → reserve in the directory → seal → execute,
//!    with [`Context::part`] for every command after the first;
//! 4. if its events must commit with other rows, append them in that transaction with
//!    [`append::Head::take_in_tx`] as its last step but the inserts.
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod accounts;
pub mod adapter;
pub mod append;
pub mod batcher;
pub mod boot_audit;
pub mod broadcasts;
pub mod clock;
pub mod context;
pub mod deliveries;
pub mod directory;
pub mod documents;
pub mod error;
pub mod guardians;
pub mod ids;
pub mod keys;
pub mod kiosk_reports;
pub mod looks;
pub mod no_show;
pub mod pool;
pub mod roll_call;
pub mod settings;
#[cfg(test)]
pub(crate) mod testing;
pub mod use_cases;
pub mod vault;
pub mod write;

pub use context::Context;
pub use error::{ReserveError, StoreError, WriteError};
pub use write::{Claim, Done, Outcome, Reserved, Write};
