//! One school's rows and nobody else's: how requests ask the read models.
//!
//! [`Readers`] is the request role's pool. It gives out nothing that runs SQL but a [`SchoolTx`]: a reading
//! transaction that belongs to one school from its first message on, in which Postgres shows that school's
//! rows only (`migrations/events/0005_tenancy.sql`), whatever a statement forgets. The statements name the
//! school besides, and take it from the transaction: another one cannot be asked for.
//!
//! What concerns all schools is in [`across`], each a function of its own with its reason. A board's changes
//! are asked for by one statement that sets the school itself ([`crate::live::lines`]).

mod across;
mod everywhere;

pub use everywhere::Everywhere;

use domain::SchoolId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor, PgConnection, PgPool, Postgres};
use std::ops::{Deref, DerefMut};

/// Begins a transaction whose statements each see the moment in which they begin.
const BEGIN: &str = "begin read only";

/// Begins one in which all tables belong to one copy of the read models and show one moment. The lock comes
/// first and takes no snapshot: whoever waits here for a rebuild's swap sees the new copy with its rows,
/// never a new table through an old snapshot (which is empty).
const BEGIN_SNAPSHOT: &str = "begin isolation level repeatable read read only; \
     lock table schools, school_settings, courses, schedules, school_days, course_days, students, memberships, kiosks, \
     pupil_days, live_scans, gates, quarantined, roll_calls, roll_call_marks, cases, log in access share mode";

/// The request role's connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Readers(PgPool);

impl Readers {
    /// Over a pool of the request role that rolls a connection back as it comes back, which is what ends a
    /// [`SchoolTx`], also one that was cancelled.
    pub fn new(request: PgPool) -> Self {
        Self(request)
    }

    /// A school's transaction, in one round trip beside the connection's.
    pub async fn begin(&self, school: SchoolId) -> Result<SchoolTx, sqlx::Error> {
        self.open(BEGIN, school).await
    }

    /// The same over one moment of one copy of the read models, for whoever asks more than once.
    pub async fn snapshot(&self, school: SchoolId) -> Result<SchoolSnapshot, sqlx::Error> {
        self.open(BEGIN_SNAPSHOT, school).await.map(SchoolSnapshot)
    }

    async fn open(&self, begin: &str, school: SchoolId) -> Result<SchoolTx, sqlx::Error> {
        let mut connection = self.0.acquire().await?;
        // One message, hence one round trip. It holds no parameters, but a UUID has digits and dashes only.
        // `set` takes no snapshot, as a `select` would.
        let begin = format!("{begin}; set local app.school = '{}'", school.0.hyphenated());
        connection.execute(begin.as_str()).await?;
        Ok(SchoolTx { connection, school })
    }

    /// How its connections are made.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.0.connect_options())
    }

    /// How many connections are open, and how many of them nobody uses.
    pub fn connections(&self) -> (u32, usize) {
        (self.0.size(), self.0.num_idle())
    }

    /// Closes it, waiting for the connections in use.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// A reading transaction of one school. It ends when it is dropped: there is nothing to commit.
#[derive(Debug)]
pub struct SchoolTx {
    connection: PoolConnection<Postgres>,
    school: SchoolId,
}

impl SchoolTx {
    /// Whose rows it shows.
    pub fn school(&self) -> SchoolId {
        self.school
    }

    /// For this crate's statements.
    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// A [`SchoolTx`] over one moment of one copy of the read models.
#[derive(Debug)]
pub struct SchoolSnapshot(SchoolTx);

impl Deref for SchoolSnapshot {
    type Target = SchoolTx;
    fn deref(&self) -> &SchoolTx {
        &self.0
    }
}

impl DerefMut for SchoolSnapshot {
    fn deref_mut(&mut self) -> &mut SchoolTx {
        &mut self.0
    }
}
