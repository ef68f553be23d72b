//! One relay at a time: a session advisory lock, held by the very connection that reads the log.
//!
//! Reading and leading on one connection means that a relay which lost the lock cannot read another
//! page. What it had read already it may still try to publish; JetStream refuses that, since every
//! message names what it must follow.
//!
//! The lock belongs to a session: a pooler between must keep sessions (PgBouncer: `session`).

use crate::log::Log;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};
use std::time::Duration;
use tokio::time::timeout;

/// Any number that no other advisory lock of this database uses.
const RELAY_LOCK: i64 = 4_702_111_234_474_983_746;
const PATIENCE: Duration = Duration::from_secs(3);

/// A log that relays compete for.
pub trait Contested: Log + Clone + Sync {
    /// A connection to it.
    type Candidate: Candidate;
    /// Opens a connection of its own.
    fn connect(&self) -> impl Future<Output = Result<Self::Candidate, sqlx::Error>> + Send;
    /// Whether nobody will connect any more.
    fn is_closed(&self) -> bool;
}

/// A connection that leads, or waits to lead.
pub trait Candidate: Log {
    /// Whether this connection leads from now on. It does until it breaks or is closed.
    fn try_lead(&mut self) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;
    /// Frees the lock at once, for the next relay to take.
    fn step_down(self) -> impl Future<Output = ()> + Send;
}

impl Contested for PgPool {
    type Candidate = PgConnection;

    /// The server notices within about ten seconds that the connection's other end is gone without a
    /// word, and frees the lock.
    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let options: PgConnectOptions = self.connect_options().as_ref().clone();
        let options = options.application_name("attendance relay").options([
            ("tcp_keepalives_idle", "4"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
        ]);
        in_time(PgConnection::connect_with(&options)).await
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }
}

impl Candidate for PgConnection {
    async fn try_lead(&mut self) -> Result<bool, sqlx::Error> {
        in_time(sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "led!""#, RELAY_LOCK).fetch_one(self)).await
    }

    async fn step_down(self) {
        // Whether the goodbye arrives or not, the session ends.
        let _ = timeout(PATIENCE, self.close()).await;
    }
}

/// A connection that hangs is a broken one.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(PATIENCE, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}
