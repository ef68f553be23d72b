//! One leader among any number of processes.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

/// The workers' lock numbers; any two differ, and from the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// [`crate::gate_watch`].
    GateWatch,
}

impl Lock {
    fn number(self) -> i64 {
        match self {
            Self::GateWatch => 4_702_111_234_474_984_001,
        }
    }
}

/// Leadership: a session advisory lock on a connection of its own. Dropped, or when the connection
/// breaks, Postgres gives it to another process.
#[derive(Debug)]
pub struct Leadership {
    connection: PgConnection,
}

impl Leadership {
    /// Takes the lock if nobody has it.
    pub async fn take(options: &PgConnectOptions, lock: Lock) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = PgConnection::connect_with(options).await?;
        let taken = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "taken!""#, lock.number())
            .fetch_one(&mut connection)
            .await?;
        if taken {
            return Ok(Some(Self { connection }));
        }
        connection.close().await?;
        Ok(None)
    }

    /// The connection that holds the lock: work done on it is work done as the leader, since a leader
    /// that lost its connection cannot use it any more.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_services::testing::TestDatabases;

    #[tokio::test]
    async fn one_leads_until_its_connection_goes_then_another() {
        let options = TestDatabases::create().await.unwrap().owner_options();
        let first = Leadership::take(&options, Lock::GateWatch).await.unwrap().unwrap();
        assert!(Leadership::take(&options, Lock::GateWatch).await.unwrap().is_none());
        drop(first);
        for _ in 0..100 {
            if Leadership::take(&options, Lock::GateWatch).await.unwrap().is_some() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("nobody leads after the leader went");
    }
}
