//! What tests share: one cluster and one NATS server a test process, a fresh migrated database a test.

use crate::sabotage::Sabotage;
use crate::{NatsServer, PostgresCluster};
use anyhow::Result;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<PostgresCluster> = OnceCell::const_new();
static NATS: OnceCell<NatsServer> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder for one test process or test, under the system's temporary folder.
pub fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("attendance-test-{}-{name}", std::process::id()))
}

/// The epoch that fresh test databases start with.
pub const EPOCH: uuid::Uuid = uuid::Uuid::from_u128(0x0e90_c400_0000_4000_8000_0000_0000_0001);

/// The shared cluster (fsync off) with its migrated templates.
pub async fn cluster() -> Result<&'static PostgresCluster> {
    CLUSTER
        .get_or_try_init(|| async {
            let cluster = PostgresCluster::scratch(&scratch("postgres")).await?;
            cluster.ensure_database("template_events").await?;
            cluster.ensure_database("template_vault").await?;
            let events = one_connection(cluster.options("template_events")).await?;
            let vault = one_connection(cluster.options("template_vault")).await?;
            migrations::migrate(&events, &vault, EPOCH, sqlx::types::chrono::DateTime::UNIX_EPOCH).await?;
            events.close().await;
            vault.close().await;
            Ok(cluster)
        })
        .await
}

/// The shared NATS server; tests that stop or wipe one start their own.
pub async fn nats() -> Result<&'static NatsServer> {
    NATS.get_or_try_init(async || NatsServer::scratch(&scratch("nats")).await).await
}

async fn one_connection(options: PgConnectOptions) -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(1).connect_with(options).await?)
}

/// A pair of fresh, migrated databases of one test.
#[derive(Debug, Clone)]
pub struct TestDatabases {
    /// Name of the main database in the shared cluster.
    pub events: String,
    /// Name of the vault.
    pub vault: String,
    cluster: &'static PostgresCluster,
}

impl TestDatabases {
    /// Copies the templates.
    pub async fn create() -> Result<Self> {
        let cluster = cluster().await?;
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let databases = Self { events: format!("t{n}_events"), vault: format!("t{n}_vault"), cluster };
        let mut c = PgConnection::connect_with(&cluster.options("postgres")).await?;
        for (name, template) in [(&databases.events, "template_events"), (&databases.vault, "template_vault")] {
            sqlx::query(&format!("create database {name} template {template} strategy file_copy"))
                .execute(&mut c)
                .await?;
        }
        c.close().await?;
        Ok(databases)
    }

    /// Connects to the main database as its owner (superuser).
    pub fn owner_options(&self) -> PgConnectOptions {
        self.cluster.options(&self.events)
    }

    /// Connects to the vault as its owner.
    pub fn vault_options(&self) -> PgConnectOptions {
        self.cluster.options(&self.vault).port(self.servers_port())
    }

    /// The main database's URL, for servers.
    pub fn events_url(&self) -> String {
        self.servers_url(&self.events)
    }

    fn servers_url(&self, database: &str) -> String {
        let (url, port) = (self.cluster.url(database), self.owner_options().get_port());
        url.replace(&format!(":{port}/"), &format!(":{}/", self.servers_port()))
    }

    /// The port at which servers find the cluster: its own, unless a condition is left out.
    fn servers_port(&self) -> u16 {
        static SABOTAGED: OnceLock<Option<u16>> = OnceLock::new();
        let port = self.owner_options().get_port();
        let sabotaged = || Sabotage::of_environment().map(|sabotage| sabotage.before(port).expect("a free port"));
        SABOTAGED.get_or_init(sabotaged).unwrap_or(port)
    }

    /// The vault's URL.
    pub fn vault_url(&self) -> String {
        self.servers_url(&self.vault)
    }

    /// A pool that acts as `role`, with the read models in its search path.
    pub async fn pool_as(&self, role: &str, connections: u32) -> Result<PgPool> {
        let settings = [
            ("role", role),
            ("search_path", "public,roster,live,audit,no_show"),
            // The rollback warns when there is nothing to roll back.
            ("client_min_messages", "error"),
        ];
        let options = self.owner_options().port(self.servers_port()).options(settings);
        Ok(rolling_back().max_connections(connections).connect_with(options).await?)
    }

    /// The vault's pool, as its own role.
    pub async fn vault_pool(&self) -> Result<PgPool> {
        let options = self.vault_options().options([("role", "attendance_vault")]);
        Ok(PgPoolOptions::new().max_connections(4).connect_with(options).await?)
    }
}

/// A pool that rolls a connection back as it comes back, as the product's do.
pub fn rolling_back() -> PgPoolOptions {
    PgPoolOptions::new().after_release(|connection, _| {
        Box::pin(async move {
            connection.execute("rollback").await?;
            Ok(true)
        })
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_test_gets_migrated_databases_and_a_nats_server() {
        let databases = TestDatabases::create().await.unwrap();
        let pool = databases.pool_as("attendance_log_reader", 1).await.unwrap();
        let n: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await.unwrap();
        assert_eq!(n, 0);
        assert!(nats().await.unwrap().url().starts_with("nats://127.0.0.1:"));
    }
}
