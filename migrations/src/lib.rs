//! The schema, forward only: `events/` for the main database, `vault/` for the keys' own database.
//!
//! How to add one more migration: a new numbered file; never edit one that was released. Expand
//! first, contract in a later release.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// Migrations of the main database.
pub static EVENTS: sqlx::migrate::Migrator = sqlx::migrate!("./events");
/// Migrations of the vault.
pub static VAULT: sqlx::migrate::Migrator = sqlx::migrate!("./vault");

/// Brings both databases to this program's schema and starts the log's first epoch if it has none.
/// The pools belong to the owner of the databases.
pub async fn migrate(
    events: &PgPool,
    vault: &PgPool,
    first_epoch: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::migrate::MigrateError> {
    EVENTS.run(events).await?;
    VAULT.run(vault).await?;
    sqlx::query("insert into log_epoch (epoch, started_at) values ($1, $2) on conflict do nothing")
        .bind(first_epoch)
        .bind(now)
        .execute(events)
        .await?;
    Ok(())
}

/// The newest migration of the main database that this program knows.
pub fn expected() -> i64 {
    EVENTS.iter().map(|m| m.version).max().unwrap_or(0)
}

/// The newest migration that was applied to the main database.
pub async fn applied(pool: &PgPool) -> Result<i64, sqlx::Error> {
    // sqlx's own table, which the schema's files do not name: hence no macro.
    sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success").fetch_one(pool).await
}
