//! Connections that boards keep, beside the pool's.
//!
//! The pool rolls a connection back and tries it when it comes back, and tries one that rested before it lends
//! it: two or three round trips beside each statement, of which boards ask some hundreds a second in the rush. And their
//! statement takes longer to plan than to run, so that here its plan is kept.

use projections::live::kept;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A few connections. Whoever drops one closes it.
pub(super) struct Lines {
    options: PgConnectOptions,
    most: usize,
    idle: Mutex<Vec<PgConnection>>,
}

/// A connection that is lent.
pub(super) struct Line {
    pub(super) connection: PgConnection,
    /// Nobody has looked whether its other end is still there.
    pub(super) kept: bool,
}

impl Lines {
    /// At most so many, each like those of the pool.
    pub(super) fn new(pool: &PgPool, most: usize) -> Self {
        let options = PgConnectOptions::clone(&pool.connect_options()).options(kept::SETTINGS);
        Self { options, most, idle: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn take(&self) -> Result<Line, sqlx::Error> {
        let kept = self.idle().pop();
        Ok(match kept {
            Some(connection) => Line { connection, kept: true },
            None => Line { connection: self.options.connect().await?, kept: false },
        })
    }

    /// Keeps one whose statement went well.
    pub(super) fn keep(&self, line: Line) {
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(line.connection);
        }
    }

    /// Closes all: one of them had lost its other end.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_services::testing::TestDatabases;

    #[tokio::test]
    async fn a_few_lines_are_kept_and_are_the_pool_s_role_with_plans_that_are_kept() {
        let databases = TestDatabases::create().await.unwrap();
        let pool = databases.pool_as("attendance_request", 2).await.unwrap();
        let lines = Lines::new(&pool, 2);
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(lines.take().await.unwrap());
        }
        assert!(taken.iter().all(|line| !line.kept));
        taken.into_iter().for_each(|line| lines.keep(line));
        let mut again = Vec::new();
        for _ in 0..3 {
            again.push(lines.take().await.unwrap());
        }
        assert_eq!(again.iter().map(|line| line.kept).collect::<Vec<_>>(), [true, true, false]);
        let said: (String, String) = sqlx::query_as("select current_user::text, current_setting('plan_cache_mode')")
            .fetch_one(&mut again[0].connection)
            .await
            .unwrap();
        assert_eq!(said, ("attendance_request".into(), "force_generic_plan".into()));
        again.into_iter().for_each(|line| lines.keep(line));
        lines.clear();
        assert!(!lines.take().await.unwrap().kept);
    }
}
