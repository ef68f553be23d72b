//! The vault: data keys, and the sealing and opening of personal values.
//!
//! One data key per subject and class, wrapped by the key-encryption key. The keys' database is not
//! the log's, so its queries are checked by tests and not by the compiler: the macros know one
//! database only.
//!
//! Associated data (so that nothing opens in another place): of a value
//! `school|subject|event|field|key id`, of a wrapped key `school|subject|class|key id`.

mod cipher;
mod keyring;
pub mod ledger;

pub use keyring::{Keyring, Opened};

use crate::clock::Clock;
use crate::error::StoreError;
use crate::ids::IdSource;
use crate::keys::Kek;
use crate::pool::in_time;
use domain::SchoolId;
use domain::sealed::SealingClass;
use keyring::DataKey;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// Why a value cannot be sealed or opened. Nothing here quotes a value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The keys' database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key does not unwrap: another key-encryption key made it, or it was changed.
    #[error("a data key does not unwrap: the key-encryption key is not the one it was made with")]
    WrongKek,
    /// The subject has keys in another school.
    #[error("the subject belongs to another school")]
    ForeignSubject,
    /// The keyring was not loaded for this subject, or class to seal with.
    #[error("the keyring was not loaded for this subject")]
    NotLoaded,
    /// The text is not a sealed value of a version that this program knows.
    #[error("not a sealed value")]
    Malformed,
    /// The value was changed, or stands at another subject, event or field than it was sealed for.
    #[error("a sealed value was changed or moved")]
    Tampered,
    /// The operating system gave no random numbers.
    #[error("no random numbers")]
    Random,
    /// A name that cannot stand in a sealed text: it is empty or holds `:` or `|`.
    #[error("an event's or field's name cannot hold `:` or `|`")]
    Name,
}

impl From<sqlx::Error> for VaultError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The keys' database and the key that wraps them.
#[derive(Debug, Clone)]
pub struct Vault {
    pool: PgPool,
    kek: Kek,
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl Vault {
    /// The pool is that of role `attendance_vault`, in the vault's own database.
    pub fn new(pool: PgPool, kek: Kek, ids: Arc<dyn IdSource>, clock: Arc<dyn Clock>) -> Self {
        Self { pool, kek, ids, clock }
    }

    /// The keys of all these subjects and classes, made where they are missing. Of two makers of
    /// one key one wins, and both get its key. One round trip, and a second one after such a race.
    ///
    /// Opens values of these subjects only as far as the classes go.
    pub async fn ensure_keys(&self, school: SchoolId, wanted: &[(Uuid, SealingClass)]) -> Result<Keyring, VaultError> {
        // In one order everywhere, so that two makers cannot wait for each other.
        let wanted: BTreeSet<(Uuid, SealingClass)> = wanted.iter().copied().collect();
        let mut ring = Keyring::of(school, wanted.iter().map(|w| w.0));
        let mut missing: Vec<_> = wanted.into_iter().collect();
        // The statement cannot see a key that another transaction commits while it waits for it;
        // the next one does.
        for _ in 0..3 {
            if missing.is_empty() {
                return Ok(ring);
            }
            for row in self.insert_missing(school, &missing).await? {
                self.take(&mut ring, &row)?;
            }
            missing.retain(|(subject, class)| !ring.holds(*subject, *class));
        }
        if missing.is_empty() { Ok(ring) } else { Err(VaultError::ForeignSubject) }
    }

    async fn insert_missing(
        &self,
        school: SchoolId,
        missing: &[(Uuid, SealingClass)],
    ) -> Result<Vec<PgRow>, VaultError> {
        let mut subjects = Vec::with_capacity(missing.len());
        let mut classes = Vec::with_capacity(missing.len());
        let mut key_ids = Vec::with_capacity(missing.len());
        let mut wrapped = Vec::with_capacity(missing.len());
        for (subject, class) in missing {
            let fresh = DataKey::random(self.ids.next())?;
            subjects.push(*subject);
            classes.push(class.as_str());
            key_ids.push(fresh.id);
            wrapped.push(fresh.wrap(&self.kek, school, *subject, *class)?);
        }
        let inserted = sqlx::query(
            "with wanted as (
               select * from unnest($2::uuid[], $3::text[], $4::uuid[], $5::bytea[])
                 as w (subject_id, class, key_id, wrapped)
             ), made as (
               insert into data_keys (subject_id, class, key_id, school_id, wrapped, created_at)
               select subject_id, class, key_id, $1, wrapped, $6 from wanted
               on conflict (subject_id, class) do nothing
               returning subject_id, class, key_id, wrapped
             )
             select subject_id, class, key_id, wrapped from made
             union all
             select k.subject_id, k.class, k.key_id, k.wrapped
             from data_keys k join wanted w on w.subject_id = k.subject_id and w.class = k.class
             where k.school_id = $1",
        )
        .bind(school.0)
        .bind(&subjects)
        .bind(&classes)
        .bind(&key_ids)
        .bind(&wrapped)
        .bind(self.clock.now())
        .fetch_all(&self.pool);
        Ok(in_time::<_, sqlx::Error>(inserted).await?)
    }

    /// All keys of a school, for whoever reads its whole directory.
    pub async fn school_keys(&self, school: SchoolId) -> Result<Keyring, VaultError> {
        let mut ring = Keyring::of_school(school);
        let rows = sqlx::query(
            "select subject_id, class, key_id, wrapped from data_keys where school_id = $1
             union all
             select subject_id, class, key_id, null from shredded where school_id = $1",
        )
        .bind(school.0)
        .fetch_all(&self.pool);
        for row in in_time::<_, sqlx::Error>(rows).await? {
            self.take(&mut ring, &row)?;
        }
        Ok(ring)
    }

    /// The keys of these subjects, of every class. Makes none.
    pub async fn keys_of(&self, school: SchoolId, subjects: &[Uuid]) -> Result<Keyring, VaultError> {
        let mut ring = Keyring::of(school, subjects.iter().copied());
        let rows = sqlx::query(
            "select subject_id, class, key_id, wrapped from data_keys
             where school_id = $1 and subject_id = any($2)
             union all
             select subject_id, class, key_id, null from shredded
             where school_id = $1 and subject_id = any($2)",
        )
        .bind(school.0)
        .bind(subjects)
        .fetch_all(&self.pool);
        for row in in_time::<_, sqlx::Error>(rows).await? {
            self.take(&mut ring, &row)?;
        }
        Ok(ring)
    }

    fn take(&self, ring: &mut Keyring, row: &PgRow) -> Result<(), VaultError> {
        let (subject, key_id) = (row.try_get::<Uuid, _>("subject_id")?, row.try_get::<Uuid, _>("key_id")?);
        match row.try_get::<Option<Vec<u8>>, _>("wrapped")? {
            None => ring.add_shredded(key_id, subject),
            Some(wrapped) => {
                let class = keyring::class(row.try_get("class")?).ok_or(VaultError::Malformed)?;
                ring.add(subject, class, DataKey::unwrap(key_id, &wrapped, &self.kek, ring.school(), subject, class)?);
            }
        }
        Ok(())
    }

    /// Grows whenever a key was destroyed: whoever keeps opened values compares it and forgets.
    pub async fn change(&self) -> Result<i64, VaultError> {
        let change = sqlx::query_scalar("select coalesce(max(change), 0) from shredded").fetch_one(&self.pool);
        Ok(in_time::<_, sqlx::Error>(change).await?)
    }

    /// Destroys the subject's keys, of one class or of all, and writes which into the ledger, in one
    /// statement. Returns how many; a second time 0. What they sealed is erased everywhere at once.
    pub async fn shred(
        &self,
        school: SchoolId,
        subject: Uuid,
        class: Option<SealingClass>,
    ) -> Result<usize, VaultError> {
        let done = sqlx::query(
            "with gone as (
               delete from data_keys
               where school_id = $1 and subject_id = $2 and ($3::text is null or class = $3)
               returning school_id, subject_id, class, key_id
             )
             insert into shredded (school_id, subject_id, class, key_id, shredded_at)
             select school_id, subject_id, class, key_id, $4 from gone",
        )
        .bind(school.0)
        .bind(subject)
        .bind(class.map(SealingClass::as_str))
        .bind(self.clock.now())
        .execute(&self.pool);
        let done = in_time::<_, sqlx::Error>(done).await?;
        Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
    }

    /// Whether the database answers and the key-encryption key is the one its keys were made with.
    pub async fn check(&self) -> Result<(), VaultError> {
        let row = sqlx::query("select school_id, subject_id, class, key_id, wrapped from data_keys limit 1")
            .fetch_optional(&self.pool);
        if let Some(row) = in_time::<_, sqlx::Error>(row).await? {
            self.take(&mut Keyring::of_school(SchoolId(row.try_get("school_id")?)), &row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
