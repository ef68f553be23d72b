//! Rejected, conflict or store: the three ways in which a write fails.

use domain::{DecodeError, SchoolId};

/// The store could not do it. Nothing here quotes a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be reached or asked, or took too long. Whether a write happened may be
    /// unknown: the same command id finds out.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement: a defect of this program, not of the request.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
    /// A stored event cannot be read by this program.
    #[error("a stored event cannot be read")]
    Decode(#[from] DecodeError),
    /// The event library failed in a way that is none of the others.
    #[error("the event store failed")]
    Library(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stream belongs to another school than the context.
    #[error("the stream belongs to another school")]
    ForeignStream,
    /// No such school is in the log.
    #[error("school {0} is not registered")]
    UnknownSchool(SchoolId),
    /// The write's task panicked or was stopped with the program.
    #[error("the write did not finish")]
    Interrupted,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if !passes(e.code().as_deref().unwrap_or_default()) => Self::Refused(error),
            sqlx::Error::Database(_)
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::BeginFailed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Refused(error),
        }
    }
}

/// SQLSTATEs that may pass by waiting: connection (08), rollback (40), resources (53), operator
/// intervention and time-outs (57), system (58), a server that is read-only until a failover is over
/// (25006), idle in transaction (25P03), lock not available (55P03).
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn passes(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "40" | "53" | "57" | "58")) || matches!(code, "25006" | "25P03" | "55P03")
}

/// SQLSTATEs that say that a value cannot be stored: data exceptions (22), and rows that break a
/// check or lack a value.
fn of_data(code: &str) -> bool {
    code.starts_with("22") || matches!(code, "23502" | "23514")
}

impl StoreError {
    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Interrupted)
    }

    /// Whether it is what was written, or what is stored, that cannot be: nothing will change by trying
    /// again, and a write without that value may well succeed. All else (a right that is missing, a disk
    /// that is full, a server that is read-only) would refuse any value.
    pub fn is_about_data(&self) -> bool {
        match self {
            Self::Decode(_) => true,
            Self::Refused(sqlx::Error::Database(error)) => of_data(error.code().as_deref().unwrap_or_default()),
            Self::Refused(sqlx::Error::Encode(_)) => true,
            Self::Refused(_)
            | Self::Unavailable(_)
            | Self::Library(_)
            | Self::ForeignStream
            | Self::UnknownSchool(_)
            | Self::Interrupted => false,
        }
    }
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E: std::error::Error> {
    /// The aggregate refused it: the caller's mistake.
    #[error("rejected: {0}")]
    Rejected(E),
    /// Others kept writing to the same stream; it may be tried again.
    #[error("conflict: the stream kept changing")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a command id cannot be reserved.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The id was used for another request before.
    #[error("this key was used for another request")]
    KeyReused,
    /// The same request under the same id runs still, for longer than a caller waits.
    #[error("the same request is still being done")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ReserveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
