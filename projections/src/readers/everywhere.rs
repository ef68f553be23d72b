//! The read models as workers see them: of all schools, on a connection of their own role.

use crate::checkpoint;
use domain::Epoch;
use sqlx::{Executor, PgConnection};
use std::time::Duration;
use tokio::time::sleep;

/// As [`super::Readers::snapshot`], of all schools: first the lock, which waits for a rebuild's swap without a
/// snapshot, so that no table is ever seen empty that is being put in another's place.
const BEGIN: &str = "begin isolation level repeatable read read only; \
     lock table schools, school_settings, courses, schedules, school_days, course_days, students, memberships, kiosks, \
     pupil_days, live_scans, gates, quarantined, cases in access share mode";

/// How long the models may take to reach the log's end, looked at this often.
const PATIENCE: (u32, Duration) = (40, Duration::from_millis(50));

/// One moment of one copy of the read models.
#[derive(Debug)]
pub struct Everywhere<'c>(&'c mut PgConnection);

impl<'c> Everywhere<'c> {
    /// Begins once every model has the log up to `position` of `epoch`; none if they do not reach it in two seconds.
    pub async fn at(conn: &'c mut PgConnection, epoch: Epoch, position: i64) -> Result<Option<Self>, sqlx::Error> {
        if !Self::reached(conn, epoch, position).await? {
            return Ok(None);
        }
        conn.execute(BEGIN).await?;
        Ok(Some(Self(conn)))
    }

    /// Whether every model has the log up to `position` of `epoch`, waiting for it for two seconds.
    pub async fn reached(conn: &mut PgConnection, epoch: Epoch, position: i64) -> Result<bool, sqlx::Error> {
        for attempt in 0..PATIENCE.0 {
            if attempt > 0 {
                sleep(PATIENCE.1).await;
            }
            let all = checkpoint::all_in_tx(conn).await?;
            let needed = |model: crate::ReadModel| model != crate::ReadModel::Audit;
            let there = all.iter().filter(|c| needed(c.model) && c.epoch == epoch && c.position >= position).count();
            if there == crate::ReadModel::ALL.into_iter().filter(|model| needed(*model)).count() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The connection.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.0
    }

    /// Ends it. Whoever drops it instead gives the connection up: another transaction cannot begin on it.
    pub async fn end(self) -> Result<(), sqlx::Error> {
        self.0.execute("commit").await.map(drop)
    }
}
