//! The write-side directory: what a RUN, phone, mail, card or natural key was reserved for.
//!
//! Only keyed HMACs are stored, so the table tells nothing without the key. What is reserved together
//! with the events it belongs to ([`crate::write::Unit`]) or before them makes two requests with one
//! RUN meet here and not as two pupils.

use crate::error::StoreError;
use crate::keys::DirectoryKey;
use domain::SchoolId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::{PgConnection, PgPool};
use std::collections::HashSet;
use uuid::Uuid;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RUN or IPE, normalised; the subject is a pupil.
    NationalId,
    /// Phone in E.164; the subject is a guardian.
    Phone,
    /// Mail address, lower case; the subject is a guardian.
    Mail,
    /// Card text, trimmed and upper case; the subject is a credential, the owner its pupil.
    Card,
    /// A course's natural key (year and name); the subject is a course.
    Course,
    /// A guardian's RUN or other natural key; the subject is a guardian.
    Guardian,
    /// A channel's own id of a message. Hashed only; never in the table.
    Message,
}

impl Kind {
    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NationalId => "national_id",
            Self::Phone => "phone",
            Self::Mail => "mail",
            Self::Card => "card",
            Self::Course => "course",
            Self::Guardian => "guardian",
            Self::Message => "message",
        }
    }
}

/// What a value stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The id it was reserved for.
    pub subject: Uuid,
    /// A card's pupil, where `subject` is the credential. None of a card: its pupil was erased.
    pub owner: Option<Uuid>,
}

/// Whether a value was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It is yours now.
    New,
    /// It was reserved before, by this subject or by another.
    Existing(Entry),
}

/// A value and whose it shall be, or is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// What the value is.
    pub kind: Kind,
    /// The value's [`Directory::hmac`].
    pub hmac: [u8; 16],
    /// The id that it stands for.
    pub subject: Uuid,
    /// A card's pupil, where `subject` is the credential.
    pub owner: Option<Uuid>,
}

/// Looks values up, and reserves them.
#[derive(Debug, Clone)]
pub struct Directory {
    pool: PgPool,
    key: DirectoryKey,
}

impl Directory {
    /// The pool is the log writer's.
    pub fn new(pool: PgPool, key: DirectoryKey) -> Self {
        Self { pool, key }
    }

    /// HMAC-SHA256 (RFC 2104) over `school|kind|value`, cut to 16 bytes. `value` must be normalised.
    pub fn hmac(&self, school: SchoolId, kind: Kind, value: &str) -> [u8; 16] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("{school}|{}|", kind.as_str()).as_bytes());
        mac.update(value.as_bytes());
        let tag = mac.finalize().into_bytes();
        let mut cut = [0; 16];
        cut.copy_from_slice(&tag[..16]);
        cut
    }

    /// Reserves `value` for `subject`, unless it is reserved already. Of many at once one wins, and
    /// all others are told who.
    pub async fn reserve(
        &self,
        school: SchoolId,
        kind: Kind,
        value: &str,
        subject: Uuid,
        owner: Option<Uuid>,
    ) -> Result<Reserved, StoreError> {
        let hmac = self.hmac(school, kind, value);
        loop {
            let done = sqlx::query!(
                "insert into directory (school_id, kind, hmac, subject_id, owner_id)
                 values ($1, $2, $3, $4, $5) on conflict do nothing",
                school.0,
                kind.as_str(),
                &hmac[..],
                subject,
                owner,
            )
            .execute(&self.pool)
            .await?;
            if done.rows_affected() == 1 {
                return Ok(Reserved::New);
            }
            // Released in between: it is free again.
            if let Some(entry) = self.find(school, kind, value).await? {
                return Ok(Reserved::Existing(entry));
            }
        }
    }

    /// Reserves all values, each for its subject; says which of them were free before. None: one of them is
    /// another's, so roll back. Waits for whoever holds one in an open transaction; in one order everywhere, so that two
    /// cannot wait for each other.
    pub async fn reserve_in_tx(
        &self,
        conn: &mut PgConnection,
        school: SchoolId,
        claims: &[Claim],
    ) -> Result<Option<HashSet<[u8; 16]>>, sqlx::Error> {
        if claims.is_empty() {
            return Ok(Some(HashSet::new()));
        }
        let mut claims: Vec<&Claim> = claims.iter().collect();
        claims.sort_unstable_by_key(|c| (c.kind.as_str(), c.hmac));
        let kinds: Vec<&str> = claims.iter().map(|c| c.kind.as_str()).collect();
        let hmacs: Vec<Vec<u8>> = claims.iter().map(|c| c.hmac.to_vec()).collect();
        let subjects: Vec<Uuid> = claims.iter().map(|c| c.subject).collect();
        let owners: Vec<Option<Uuid>> = claims.iter().map(|c| c.owner).collect();
        let made = sqlx::query_scalar!(
            "insert into directory (school_id, kind, hmac, subject_id, owner_id)
             select $1, t.kind, t.hmac, t.subject_id, t.owner_id
             from unnest($2::text[], $3::bytea[], $4::uuid[], $5::uuid[])
               with ordinality t (kind, hmac, subject_id, owner_id, n)
             order by t.n
             on conflict do nothing
             returning hmac",
            school.0,
            &kinds as &[&str],
            &hmacs,
            &subjects,
            &owners as &[Option<Uuid>],
        )
        .fetch_all(&mut *conn)
        .await?;
        let (all, made) =
            (made.len() == claims.len(), made.into_iter().filter_map(|hmac| hmac.try_into().ok()).collect());
        if all {
            return Ok(Some(made));
        }
        let ours = sqlx::query_scalar!(
            r#"select count(*) as "n!"
               from unnest($2::text[], $3::bytea[], $4::uuid[], $5::uuid[]) t (kind, hmac, subject_id, owner_id)
               join directory d on d.school_id = $1 and d.kind = t.kind and d.hmac = t.hmac
                 and d.subject_id = t.subject_id and d.owner_id is not distinct from t.owner_id"#,
            school.0,
            &kinds as &[&str],
            &hmacs,
            &subjects,
            &owners as &[Option<Uuid>],
        )
        .fetch_one(conn)
        .await?;
        Ok((ours == claims.len() as i64).then_some(made))
    }

    /// Frees each value that is reserved for its subject.
    pub async fn release_in_tx(
        &self,
        conn: &mut PgConnection,
        school: SchoolId,
        values: &[Claim],
    ) -> Result<u64, sqlx::Error> {
        if values.is_empty() {
            return Ok(0);
        }
        let kinds: Vec<&str> = values.iter().map(|c| c.kind.as_str()).collect();
        let hmacs: Vec<Vec<u8>> = values.iter().map(|c| c.hmac.to_vec()).collect();
        let subjects: Vec<Uuid> = values.iter().map(|c| c.subject).collect();
        let done = sqlx::query!(
            "delete from directory d using unnest($2::text[], $3::bytea[], $4::uuid[]) t (kind, hmac, subject_id)
             where d.school_id = $1 and d.kind = t.kind and d.hmac = t.hmac and d.subject_id = t.subject_id",
            school.0,
            &kinds as &[&str],
            &hmacs,
            &subjects,
        )
        .execute(conn)
        .await?;
        Ok(done.rows_affected())
    }

    /// What `value` is reserved for.
    pub async fn find(&self, school: SchoolId, kind: Kind, value: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.find_many(school, kind, &[value]).await?.pop().flatten())
    }

    /// What each value is reserved for, in the order asked, in one round trip.
    pub async fn find_many<S: AsRef<str>>(
        &self,
        school: SchoolId,
        kind: Kind,
        values: &[S],
    ) -> Result<Vec<Option<Entry>>, StoreError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let hmacs: Vec<Vec<u8>> = values.iter().map(|v| self.hmac(school, kind, v.as_ref()).to_vec()).collect();
        let rows = sqlx::query!(
            r#"select t.n as "n!", d.subject_id, d.owner_id
               from unnest($3::bytea[]) with ordinality t (hmac, n)
               cross join lateral (
                 select v.subject_id, v.owner_id from directory v
                 where v.school_id = $1 and v.kind = $2 and v.hmac = t.hmac offset 0) d"#,
            school.0,
            kind.as_str(),
            &hmacs,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut found = vec![None; values.len()];
        for row in rows {
            if let Some(place) = usize::try_from(row.n - 1).ok().and_then(|n| found.get_mut(n)) {
                *place = Some(Entry { subject: row.subject_id, owner: row.owner_id });
            }
        }
        Ok(found)
    }

    /// Frees every value that was reserved for `subject`: it is gone, and somebody else may use it. A
    /// card that it owns stays taken and becomes nobody's: a scan of it that a kiosk still holds back
    /// must not become a new owner's. A guardian's address opens nothing any more, and how somebody came in by
    /// it is forgotten with the last guardian who had it. Returns how many of all; a
    /// second time 0.
    pub async fn release(&self, school: SchoolId, subject: Uuid) -> Result<u64, StoreError> {
        release_on(&self.pool, school, subject).await
    }
}

/// [`Directory::release`] without the key that new entries are made with, for after a restore.
pub async fn release_on(pool: &PgPool, school: SchoolId, subject: Uuid) -> Result<u64, StoreError> {
    let released = sqlx::query_scalar!(
        r#"with freed as (
             delete from directory
             where school_id = $1 and (subject_id = $2 or owner_id = $2) and kind <> 'card'
             returning 1
           ), kept as (
             update directory set subject_id = $3, owner_id = null
             where school_id = $1 and (subject_id = $2 or owner_id = $2) and kind = 'card'
             returning 1
           ), unreachable as (
             delete from guardian_mails where school_id = $1 and guardian_id = $2 returning email_hmac
           ), unshared as (
             select u.email_hmac from unreachable u where not exists (
               select from guardian_mails g
               where g.email_hmac = u.email_hmac and (g.school_id, g.guardian_id) <> ($1, $2))
           ), links as (
             delete from family_links l using unshared u where l.email_hmac = u.email_hmac
           ), sessions as (
             delete from family_sessions s using unshared u where s.email_hmac = u.email_hmac
           ), browsers as (
             delete from family_browsers b using unshared u where b.email_hmac = u.email_hmac
           )
           select (select count(*) from freed) + (select count(*) from kept) + (select count(*) from unreachable)
             as "released!""#,
        school.0,
        subject,
        Uuid::nil(),
    )
    .fetch_one(pool)
    .await?;
    Ok(released.unsigned_abs())
}

#[cfg(test)]
mod tests;
