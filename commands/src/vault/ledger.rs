//! The ledger of destroyed keys, for after a restore: which keys must be gone, whatever a backup says.
//!
//! It holds no personal data and no key, only ids, so a copy of it may lie where backups may not.

use super::VaultError;
use chrono::{DateTime, Utc};
use domain::SchoolId;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// A key that was destroyed; one line of an exported ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shredded {
    /// The tenant.
    pub school: Uuid,
    /// Whose key it was.
    pub subject: Uuid,
    /// Of which sealing class.
    pub class: String,
    /// Which key.
    pub key: Uuid,
    /// When it was destroyed.
    pub at: DateTime<Utc>,
}

/// The whole ledger, oldest first.
pub async fn read(vault: &PgPool) -> Result<Vec<Shredded>, VaultError> {
    let rows = sqlx::query("select school_id, subject_id, class, key_id, shredded_at from shredded order by change")
        .fetch_all(vault)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Shredded {
                school: row.try_get("school_id")?,
                subject: row.try_get("subject_id")?,
                class: row.try_get("class")?,
                key: row.try_get("key_id")?,
                at: row.try_get("shredded_at")?,
            })
        })
        .collect()
}

/// Brings a restored ledger to its head: adds what a copy of it holds beyond. Returns how many.
pub async fn complete(vault: &PgPool, copy: &[Shredded]) -> Result<u64, VaultError> {
    let done = sqlx::query(
        "insert into shredded (school_id, subject_id, class, key_id, shredded_at)
         select c.school_id, c.subject_id, c.class, c.key_id, c.shredded_at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])
           with ordinality c (school_id, subject_id, class, key_id, shredded_at, n)
         where not exists (select from shredded s where s.key_id = c.key_id)
         order by c.n",
    )
    .bind(copy.iter().map(|s| s.school).collect::<Vec<_>>())
    .bind(copy.iter().map(|s| s.subject).collect::<Vec<_>>())
    .bind(copy.iter().map(|s| s.class.as_str()).collect::<Vec<_>>())
    .bind(copy.iter().map(|s| s.key).collect::<Vec<_>>())
    .bind(copy.iter().map(|s| s.at).collect::<Vec<_>>())
    .execute(vault)
    .await?;
    Ok(done.rows_affected())
}

/// Destroys again whatever the ledger says was destroyed. Returns how many keys had come back.
pub async fn apply(vault: &PgPool) -> Result<u64, VaultError> {
    let done = sqlx::query("delete from data_keys k using shredded s where s.key_id = k.key_id").execute(vault).await?;
    Ok(done.rows_affected())
}

/// Everybody of whom a key was destroyed and none is left: whoever was erased.
pub async fn erased(vault: &PgPool) -> Result<Vec<(SchoolId, Uuid)>, VaultError> {
    let rows = sqlx::query(
        "select distinct s.school_id, s.subject_id from shredded s
         where not exists (select from data_keys k where k.subject_id = s.subject_id)
         order by s.school_id, s.subject_id",
    )
    .fetch_all(vault)
    .await?;
    rows.iter().map(|row| Ok((SchoolId(row.try_get("school_id")?), row.try_get("subject_id")?))).collect()
}
