//! Guardians who come in: by a link that is sent to their address, and for as long as their session lasts.
//!
//! The person is whoever reads the address ([`commands::guardians`]). A session names the address only; which
//! guardians have it, and which pupils these may see, is asked again at every request. Its scope is `parent:read`:
//! their own pupils, and nothing to change. It ends 30 days after it began, or 24 hours after it was last used (OWASP
//! ASVS 5.0, 7.3).

mod door;
mod guardian;
mod known;
mod sessions;
pub mod tries;

pub use door::{Asked, Opened, Redeemed};
pub use guardian::{Guardian, OwnPupil};
pub use sessions::Listed;

use commands::Write;
use commands::clock::Clock;
use commands::ids::IdSource;
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::Semaphore;
use workers::mail::Mailer;

/// Askings that are worked on at once; past that they are dropped, as letters are.
const AT_ONCE: usize = 32;

/// The families' door and their sessions. Cheap to clone.
#[derive(Clone)]
pub struct Families {
    auth: PgPool,
    write: Write,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    mailer: Mailer,
    public_url: Arc<str>,
    places: Arc<Semaphore>,
}

impl Families {
    /// Over the pool of the role that signs people in.
    pub fn new(
        auth: PgPool,
        write: Write,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>),
        (mailer, public_url): (Mailer, Arc<str>),
    ) -> Self {
        Self { auth, write, clock, ids, mailer, public_url, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

#[cfg(test)]
mod tests;
