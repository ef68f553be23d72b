//! What this crate's tests share: a write side on databases of its own, with a clock that stands still.

use chrono::{DateTime, Utc};
use commands::Write;
use commands::clock::ManualClock;
use commands::directory::Directory;
use commands::ids::SeededIds;
use commands::keys::{DirectoryKey, Kek};
use commands::pool::{PoolSettings, Role, connect};
use commands::vault::Vault;
use local_services::testing::TestDatabases;
use std::sync::Arc;

/// A write side and its clock.
pub(crate) async fn write_side(databases: &TestDatabases, now: DateTime<Utc>) -> (Write, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(now));
    let ids = Arc::new(SeededIds::new(1));
    let settings = PoolSettings::for_testing(4);
    let pool = connect(databases.owner_options(), Role::LogWriter, &settings).await.unwrap();
    let vault = connect(databases.vault_options(), Role::Vault, &settings).await.unwrap();
    let vault = Vault::new(vault, Kek::from_bytes([7; 32]), ids.clone(), clock.clone());
    let directory = Directory::new(pool.clone(), DirectoryKey::from_bytes([8; 32]));
    (Write::new(pool, clock.clone(), ids, vault, directory), clock)
}
