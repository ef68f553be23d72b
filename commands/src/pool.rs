//! Connection pools: one per role, with the time-outs and the guard that every pool needs.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgPool};
use std::time::Duration;

/// Who a pool's connections are in the database. The user that connects must be a member of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Appends to the log; writes receipts, directory, kiosks' operational rows.
    LogWriter,
    /// Reads the log across schools.
    LogReader,
    /// Writes read models.
    Projector,
    /// Answers requests from read models.
    Request,
    /// Acts on events and on time.
    Worker,
    /// Signs people in: sessions, throttling, reading credentials.
    Auth,
    /// Owns the data keys, in the vault's database.
    Vault,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::LogWriter, Self::LogReader, Self::Projector, Self::Request, Self::Worker, Self::Auth, Self::Vault];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogWriter => "attendance_log_writer",
            Self::LogReader => "attendance_log_reader",
            Self::Projector => "attendance_projector",
            Self::Request => "attendance_request",
            Self::Worker => "attendance_worker",
            Self::Auth => "attendance_auth",
            Self::Vault => "attendance_vault",
        }
    }

    /// (idle in transaction, statement, lock) time-outs in milliseconds; 0 is none. Who holds the
    /// log's lock stops every other writer, so writers are held shortest; a projector has given a page up
    /// after 20 s.
    fn timeouts(self) -> (u32, u32, u32) {
        match self {
            Self::LogWriter | Self::Vault => (2_000, 5_000, 2_000),
            Self::Request | Self::Auth => (5_000, 5_000, 2_000),
            Self::LogReader | Self::Worker => (10_000, 30_000, 5_000),
            Self::Projector => (10_000, 15_000, 10_000),
        }
    }

    fn writes_facts(self) -> bool {
        matches!(self, Self::LogWriter | Self::Vault)
    }
}

/// How a pool is made.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// The most connections it opens.
    pub max_connections: u32,
    /// How long a caller waits for one.
    pub acquire_timeout: Duration,
    /// Schemas of the read models, `public` first; a rebuild names fresh copies here.
    pub search_path: String,
    /// Whether a server that may forget what it committed is refused. Only tests say no.
    pub insist_on_durability: bool,
}

impl PoolSettings {
    /// Settings for so many connections.
    pub fn new(max_connections: u32) -> Self {
        Self {
            max_connections,
            acquire_timeout: Duration::from_secs(5),
            search_path: "public,roster,live,audit,no_show".to_owned(),
            insist_on_durability: true,
        }
    }

    /// The same, on a test cluster that runs without fsync.
    pub fn for_testing(max_connections: u32) -> Self {
        Self { insist_on_durability: false, ..Self::new(max_connections) }
    }
}

/// Why a pool cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The server may forget what it committed, so an acknowledgement would mean nothing.
    #[error("{0} is off: the server may lose what it acknowledged; turn it on")]
    NotDurable(&'static str),
    /// It cannot be reached, or the role may not be taken.
    #[error("cannot connect as {role}")]
    Connect {
        /// The role.
        role: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

/// A connection that rested for longer is asked whether it lives before it is given out. One that was used a
/// moment ago is not: each question is a round trip.
const RESTED: Duration = Duration::from_secs(1);
/// How long a connection may take to roll back as it comes back. One that takes longer has lost its
/// other end without a word, and would keep its place in the pool for as long as it waits.
const ROLLBACK: Duration = Duration::from_secs(2);
/// How long one piece of work of a writer may take, the wait for a connection included: longer than the
/// server lets a statement run.
const LONGEST: Duration = Duration::from_secs(12);

/// Gives up work whose connection has lost its other end without a word: no time-out of the server reaches
/// such a connection, and the operating system would wait for hours.
pub(crate) async fn in_time<T, E: From<sqlx::Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(LONGEST, work).await.unwrap_or_else(|_| Err(hangs().into()))
}

/// The error of a connection that hangs.
pub(crate) fn hangs() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())
}

/// Opens a pool as `role`. Build each pool once and share it; a clone is the same pool.
///
/// A connection whose user was cancelled in the middle of `begin` may come back inside an open
/// transaction, and the next user's acknowledged write then vanishes with it (transact-rs/sqlx
/// #4385, measured: 86 of 4,000). So every connection is rolled back as it comes back.
pub async fn connect(options: PgConnectOptions, role: Role, settings: &PoolSettings) -> Result<PgPool, PoolError> {
    let failed = |source| PoolError::Connect { role: role.as_str(), source };
    let (idle, statement, lock) = role.timeouts();
    let options = options.application_name(role.as_str()).options([
        ("role", role.as_str()),
        ("search_path", &settings.search_path),
        ("idle_in_transaction_session_timeout", &idle.to_string()),
        ("statement_timeout", &statement.to_string()),
        ("lock_timeout", &lock.to_string()),
        // The rollback below warns when there is nothing to roll back.
        ("client_min_messages", "error"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    tokio::time::timeout(ROLLBACK, connection.ping()).await.map_err(|_| hangs())??;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                tokio::time::timeout(ROLLBACK, connection.execute("rollback")).await.map_err(|_| hangs())??;
                // What a batch of a thousand needed is not kept by each connection that once had one.
                connection.shrink_buffers();
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(failed)?;
    if role.writes_facts() && settings.insist_on_durability {
        insist_on_durability(&pool).await.map_err(|e| e.unwrap_or_else(failed))?;
    }
    Ok(pool)
}

async fn insist_on_durability(pool: &PgPool) -> Result<(), Durability> {
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String =
            sqlx::query_scalar!(r#"select current_setting($1) as "value!""#, setting).fetch_one(pool).await?;
        if value == "off" {
            return Err(Durability::Off(setting));
        }
    }
    Ok(())
}

enum Durability {
    Off(&'static str),
    Sqlx(sqlx::Error),
}

impl From<sqlx::Error> for Durability {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl Durability {
    fn unwrap_or_else(self, failed: impl FnOnce(sqlx::Error) -> PoolError) -> PoolError {
        match self {
            Self::Off(setting) => PoolError::NotDurable(setting),
            Self::Sqlx(source) => failed(source),
        }
    }
}

#[cfg(test)]
mod tests;
