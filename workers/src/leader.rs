//! One leader among any number of processes.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use tokio::time::timeout;

/// How long a leader waits for an answer on its own connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// The workers' lock numbers; any two differ, and from the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// [`crate::gate_watch`].
    GateWatch,
    /// [`crate::no_show`].
    NoShow,
}

impl Lock {
    fn number(self) -> i64 {
        match self {
            Self::GateWatch => 4_702_111_234_474_984_001,
            Self::NoShow => 4_702_111_234_474_984_002,
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
    /// Takes the lock if nobody has it. The server notices within about ten seconds that a leader's
    /// machine is gone without a word, and frees the lock.
    pub async fn take(options: &PgConnectOptions, lock: Lock) -> Result<Option<Self>, sqlx::Error> {
        let options = options.clone().options([
            ("tcp_keepalives_idle", "4"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
        ]);
        let mut connection = in_time(PgConnection::connect_with(&options)).await?;
        let taken = in_time(
            sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "taken!""#, lock.number())
                .fetch_one(&mut connection),
        )
        .await?;
        if taken {
            return Ok(Some(Self { connection }));
        }
        in_time(connection.close()).await?;
        Ok(None)
    }

    /// The connection that holds the lock: work done on it is work done as the leader, since a leader
    /// that lost its connection cannot use it any more.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// A connection that hangs is a broken one.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(PATIENCE, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
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
    #[tokio::test]
    async fn a_leader_whose_machine_went_is_noticed_within_ten_seconds() {
        let options = TestDatabases::create().await.unwrap().owner_options();
        let mut leader = Leadership::take(&options, Lock::GateWatch).await.unwrap().unwrap();
        let keepalives: Vec<String> =
            sqlx::query_scalar("select setting from pg_settings where name like 'tcp_keepalives%' order by name")
                .fetch_all(leader.connection())
                .await
                .unwrap();
        // Count, idle, interval.
        assert_eq!(keepalives, ["3", "4", "2"]);
    }

    #[tokio::test]
    async fn a_server_that_accepts_and_says_nothing_is_given_up() {
        let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(deaf.local_addr().unwrap().port());
        let taken = timeout(PATIENCE * 2, Leadership::take(&options, Lock::GateWatch)).await;
        assert!(matches!(taken, Ok(Err(_))), "{taken:?}");
    }
}
