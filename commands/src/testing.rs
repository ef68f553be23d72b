//! What this crate's tests share: a fresh pair of databases and a write side on it.

use crate::clock::ManualClock;
use crate::directory::{Directory, Kind};
use crate::ids::SeededIds;
use crate::keys::{DirectoryKey, Kek};
use crate::pool::{self, PoolSettings, Role};
use crate::vault::Vault;
use crate::write::Retry;
use crate::{Context, Write};
use chrono::{DateTime, Utc};
use domain::school::Settings;
use domain::{Actor, CommandId, SchoolId};
use local_services::testing::TestDatabases;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// A write side on databases of its own, with a clock that stands still and ids from a seed.
pub(crate) struct World {
    pub(crate) databases: TestDatabases,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) write: Write,
    /// The owner's pool: sees and may do everything but rewrite the log.
    pub(crate) owner: PgPool,
    pub(crate) school: SchoolId,
}

/// Monday, 2026-03-09, 07:30 in Santiago.
pub(crate) fn monday_morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_052_200, 0).unwrap()
}

impl World {
    /// With so many connections for the log writer.
    pub(crate) async fn with_connections(connections: u32) -> Self {
        let databases = TestDatabases::create().await.unwrap();
        let clock = Arc::new(ManualClock::at(monday_morning()));
        let ids = Arc::new(SeededIds::new(1));
        let settings = PoolSettings::for_testing(connections);
        let writer = pool::connect(databases.events_url().parse().unwrap(), Role::LogWriter, &settings).await.unwrap();
        let vault = pool::connect(databases.vault_options(), Role::Vault, &PoolSettings::for_testing(4)).await.unwrap();
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        let vault = Vault::new(vault, Kek::from_bytes([7; 32]), ids.clone(), clock.clone());
        let directory = Directory::new(writer.clone(), DirectoryKey::from_bytes([8; 32]));
        let retry = Retry::with_jitter(fastrand::Rng::with_seed(1));
        let write = Write::with_retry(writer, clock.clone(), ids.clone(), vault, directory, retry);
        Self { databases, clock, ids, write, owner, school: SchoolId(Uuid::from_u128(0x5c00_0001)) }
    }

    pub(crate) async fn new() -> Self {
        Self::with_connections(8).await
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            school: self.school,
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: None,
            correlation_id: Uuid::from_u128(0xc0),
            causation_id: None,
        }
    }

    pub(crate) fn context_with_id(&self, id: u128) -> Context {
        Context { command_id: Some(CommandId(Uuid::from_u128(id))), ..self.context() }
    }

    /// Whose a value of the directory is.
    pub(crate) async fn find(&self, kind: Kind, value: &str) -> Option<Uuid> {
        self.write.directory().find(self.school, kind, value).await.unwrap().map(|entry| entry.subject)
    }

    /// All positions of the log, in order.
    pub(crate) async fn positions(&self) -> Vec<i64> {
        sqlx::query_scalar("select position from events order by position").fetch_all(&self.owner).await.unwrap()
    }

    /// Asserts that the log is dense from 1 and returns its length.
    pub(crate) async fn dense_length(&self) -> usize {
        let positions = self.positions().await;
        assert!(positions.iter().zip(1..).all(|(p, n)| *p == n), "positions are not dense: {positions:?}");
        positions.len()
    }
}

/// Settings of a school in Santiago.
pub(crate) fn settings(late_after_minutes: u16) -> Settings {
    Settings {
        late_after_minutes,
        missing_after_minutes: 30,
        echo_seconds: 60,
        ..Settings::of(chrono_tz::America::Santiago)
    }
}
