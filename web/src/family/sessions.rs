//! The sessions' rows. Every instant is the injected clock's.

use super::{Families, Guardian};
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::Secret256;
use domain::{GuardianId, SchoolId};
use uuid::Uuid;

/// How long a session lasts in all.
pub(super) const ABSOLUTE: TimeDelta = TimeDelta::days(30);
/// How long it lasts unused, as Postgres writes it.
const IDLE: TimeDelta = TimeDelta::hours(24);

/// Sessions that are listed.
const LISTED: i64 = 30;

/// A session in the list of whoever reads the address: how somebody came in by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub session_id: Uuid,
    /// `Chrome · Android`; may be empty.
    pub device: String,
    /// `203.0.113.0/24`; may be empty.
    pub network: String,
    /// When somebody came in.
    pub created_at: DateTime<Utc>,
    /// Whether it is open now.
    pub open: bool,
}

impl Families {
    /// Who a session is of, if it is open now and a guardian has its address still: one statement. Notes that it
    /// was used, once a minute.
    pub async fn guardian(&self, secret: &Secret256) -> Result<Option<Guardian>, sqlx::Error> {
        let now = self.clock.of_people();
        let row = sqlx::query!(
            r#"with open as (
                select session_id, email_hmac, last_seen_at from family_sessions
                where secret_sha256 = $1 and ended_at is null and ends_at > $2 and last_seen_at > $3
            ), used as (
                update family_sessions s set last_seen_at = $2 from open o
                where s.session_id = o.session_id and o.last_seen_at < $2 - interval '1 minute'
            )
            select o.session_id as "session_id!",
                array_agg(g.school_id order by g.school_id, g.guardian_id) as "schools!",
                array_agg(g.guardian_id order by g.school_id, g.guardian_id) as "guardians!"
            from open o join guardian_mails g using (email_hmac)
            group by o.session_id"#,
            &secret.sha256(),
            now,
            now - IDLE,
        )
        .fetch_optional(&self.auth)
        .await?;
        Ok(row.map(|row| {
            let (schools, guardians) = (row.schools.into_iter(), row.guardians.into_iter());
            let of = schools.zip(guardians).map(|(school, guardian)| (SchoolId(school), GuardianId(guardian)));
            Guardian { session_id: row.session_id, of: of.collect() }
        }))
    }

    /// How somebody came in by this guardian's address in the last 90 days and longer, newest first; at most thirty.
    /// Who shares the address is in the same list.
    pub async fn list(&self, of: &Guardian) -> Result<Vec<Listed>, sqlx::Error> {
        let now = self.clock.of_people();
        sqlx::query_as!(
            Listed,
            r#"select s.session_id, s.device, s.network, s.created_at,
                 s.ended_at is null and s.ends_at > $2 and s.last_seen_at > $3 as "open!"
               from family_sessions s join family_sessions own using (email_hmac)
               where own.session_id = $1 order by s.created_at desc, s.session_id limit $4"#,
            of.session_id,
            now,
            now - IDLE,
            LISTED,
        )
        .fetch_all(&self.auth)
        .await
    }

    /// Ends another session of this guardian's address, or all others; how many.
    pub async fn end_others(&self, of: &Guardian, only: Option<Uuid>) -> Result<u64, sqlx::Error> {
        let ended = sqlx::query!(
            "update family_sessions s set ended_at = $2 from family_sessions own
             where own.session_id = $1 and s.email_hmac = own.email_hmac and s.session_id <> $1
               and s.ended_at is null and ($3::uuid is null or s.session_id = $3)",
            of.session_id,
            self.clock.of_people(),
            only,
        )
        .execute(&self.auth)
        .await?;
        Ok(ended.rows_affected())
    }

    /// Ends a session.
    pub async fn end(&self, secret: &Secret256) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "update family_sessions set ended_at = $2 where secret_sha256 = $1 and ended_at is null",
            &secret.sha256(),
            self.clock.of_people(),
        )
        .execute(&self.auth)
        .await?;
        Ok(())
    }
}
