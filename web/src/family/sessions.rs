//! The sessions' rows. Every instant is the injected clock's.

use super::{Families, Guardian};
use chrono::TimeDelta;
use commands::accounts::Secret256;
use domain::{GuardianId, SchoolId};

/// How long a session lasts in all.
pub(super) const ABSOLUTE: TimeDelta = TimeDelta::days(30);
/// How long it lasts unused, as Postgres writes it.
const IDLE: TimeDelta = TimeDelta::hours(24);

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
