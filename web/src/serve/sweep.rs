//! Forgets what nobody may use any more: where and by what people came in is kept for their own lists, and no longer.

use crate::session::KNOWN;
use chrono::{DateTime, TimeDelta, Utc};
use commands::clock::Clock;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two sweeps.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How long a session is kept after its end, of the staff and of guardians.
const SESSIONS: TimeDelta = TimeDelta::days(90);
/// How long a program is kept after its end.
const PROGRAMS: TimeDelta = TimeDelta::days(30);
/// How long a guardian's link is kept after its end.
const LINKS: TimeDelta = TimeDelta::days(1);

/// Sweeps once an hour until it is told to stop, over the pool of the role that signs people in.
pub(super) async fn keep_small(pool: PgPool, clock: Arc<dyn Clock>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = sweep(&pool, clock.of_people()).await {
            tracing::warn!(%error, "old sessions are not forgotten this time");
        }
    }
}

/// Whoever sweeps beside another process finds less to do.
async fn sweep(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with programs as (delete from token_families where ends_at < $2
        ), browsers as (delete from known_browsers where known_at < $3
        ), links as (delete from family_links where expires_at < $4
        ), of_families as (delete from family_sessions where ends_at < $1)
        delete from sessions where ends_at < $1",
        now - SESSIONS,
        now - PROGRAMS,
        now - KNOWN,
        now - LINKS,
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use domain::account::StaffRole;

    #[tokio::test]
    async fn what_is_kept_for_ninety_days_goes_then_also_of_whoever_never_comes_again() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        let pool = &app.running().pools().auth;
        let counts = async || -> Vec<i64> {
            let mut counts = Vec::new();
            for table in ["sessions", "token_families", "known_browsers", "family_links", "family_sessions"] {
                // The owner of every school is everybody's, and stays.
                let count = format!("select count(*) from {table} t where t::text not like $1");
                let owner = format!("%{}%", app.owner().account_id);
                counts.push(sqlx::query_scalar(&count).bind(owner).fetch_one(pool).await.unwrap());
            }
            counts
        };
        let person = app.person(school.id, StaffRole::Inspector).await.unwrap();
        sqlx::query(
            "insert into token_families (family_id, account_id, school_id, authz_epoch, created_at, last_used_at, ends_at,
               client, network) values ($1, $1, $2, 1, $3, $3, $3, '', '')",
        )
        .bind(person.account_id.0)
        .bind(school.id.0)
        .bind(app.now())
        .execute(pool)
        .await
        .unwrap();
        app.state().sessions.make_known(None, person.proof(app.state()).await.unwrap()).await.unwrap();
        app.family("ana@example.com").await.unwrap();
        let link =
            "insert into family_links (email_hmac, token_sha256, browser_sha256, code_sha256, asked_at, asked_from,
            expires_at) values (uuid_send(gen_random_uuid()), sha256('y'), sha256('z'), sha256('c'), $1, '', $1)";
        sqlx::query(link).bind(app.now()).execute(pool).await.unwrap();
        let days = |n| app.clock.advance(TimeDelta::days(n));
        let swept = async || {
            sweep(pool, app.now()).await.unwrap();
            counts().await
        };
        assert_eq!(swept().await, [1, 1, 1, 1, 1]);
        days(2);
        assert_eq!(swept().await, [1, 1, 1, 0, 1]);
        days(29);
        assert_eq!(swept().await, [1, 0, 1, 0, 1]);
        days(90);
        assert_eq!(swept().await, [0, 0, 1, 0, 0]);
        days(60);
        assert_eq!(swept().await, [0, 0, 0, 0, 0]);
        app.shutdown().await;
    }
}
