//! One pair for the next. The family's row is locked first, so those who come with the same token come one after
//! the other; the token itself is consumed by one conditional update.

use super::access::Claims;
use super::families::{IDLE, Pair, Tokens, other};
use crate::session::fresh;
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::Secret256;
use domain::AccountId;
use sqlx::PgConnection;
use uuid::Uuid;

/// How long whoever lost the answer may ask again.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a refresh token came to.
#[derive(Debug)]
pub enum Refreshed {
    /// The next pair.
    Pair(Pair),
    /// Nothing: unknown, too old, or of a family that is over.
    Refused,
    /// Nothing: it came a second time, and its family is over. Whose it was.
    Reused(AccountId),
}

/// A family, locked.
struct Locked {
    family_id: Uuid,
    account_id: Uuid,
    school_id: Uuid,
    ends_at: DateTime<Utc>,
}

impl Tokens {
    /// Gives the next pair for a refresh token. In a task of its own: a client that hangs up stops nothing half-way.
    pub async fn refresh(&self, refresh: Secret256) -> Result<Refreshed, sqlx::Error> {
        let this = self.clone();
        tokio::spawn(async move { this.try_refresh(&refresh).await }).await.map_err(other)?
    }

    async fn try_refresh(&self, refresh: &Secret256) -> Result<Refreshed, sqlx::Error> {
        let (now, hash) = (self.clock.of_people(), refresh.sha256());
        let mut tx = self.pool.begin().await?;
        let family = sqlx::query_as!(
            Locked,
            "select f.family_id, f.account_id, f.school_id, f.ends_at
            from token_families f join refresh_tokens t using (family_id) where t.token_sha256 = $1 for update of f",
            &hash,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(family) = family else { return Ok(Refreshed::Refused) };
        let parent = match consume_in_tx(&mut tx, &hash, now).await? {
            Some(parent) => Some(parent),
            None => replace_in_tx(&mut tx, &hash, now).await?,
        };
        let Some(parent) = parent else {
            let reused = end_reused_in_tx(&mut tx, &hash, now).await?;
            tx.commit().await?;
            return Ok(reused.map_or(Refreshed::Refused, |account| Refreshed::Reused(AccountId(account))));
        };
        let (token_id, secret) = (self.ids.next(), fresh()?);
        let until = (now + IDLE).min(family.ends_at);
        sqlx::query!(
            "with used as (update token_families set last_used_at = $5 where family_id = $3)
            insert into refresh_tokens (token_id, token_sha256, family_id, parent_id, issued_at, expires_at)
            values ($1, $2, $3, $4, $5, $6)",
            token_id,
            &secret.sha256(),
            family.family_id,
            parent,
            now,
            until,
        )
        .execute(&mut *tx)
        .await?;
        let claims = Claims::new(family.account_id, family.school_id, family.family_id, token_id, now);
        let pair = self.pair(&claims, secret, until)?;
        tx.commit().await?;
        Ok(Refreshed::Pair(pair))
    }
}

/// Consumes a token that may be; its name.
async fn consume_in_tx(conn: &mut PgConnection, hash: &[u8], now: DateTime<Utc>) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "update refresh_tokens t set consumed_at = $2 from token_families f, accounts a
        where t.token_sha256 = $1 and t.consumed_at is null and t.revoked_at is null and t.expires_at > $2
          and f.family_id = t.family_id and a.account_id = f.account_id and family_is_open(f, a, $2)
        returning t.token_id",
        hash,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// The grace: takes back the successor of a token that was consumed a moment ago, unless it was used, as the one or
/// the other; the token's name.
async fn replace_in_tx(conn: &mut PgConnection, hash: &[u8], now: DateTime<Utc>) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "update refresh_tokens s set revoked_at = $2 from refresh_tokens t, token_families f, accounts a
        where t.token_sha256 = $1 and t.consumed_at > $3 and t.revoked_at is null
          and s.parent_id = t.token_id
          and s.consumed_at is null and s.access_used_at is null and s.revoked_at is null
          and f.family_id = t.family_id and a.account_id = f.account_id and family_is_open(f, a, $2)
        returning t.token_id",
        hash,
        now,
        now - GRACE,
    )
    .fetch_optional(conn)
    .await
}

/// Ends the open family of a token that had its successor, or was replaced; whose it was.
async fn end_reused_in_tx(
    conn: &mut PgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "update token_families f set ended_at = $2, end_reason = 'reuse' from refresh_tokens t, accounts a
        where t.token_sha256 = $1 and (t.consumed_at is not null or t.revoked_at is not null)
          and f.family_id = t.family_id and a.account_id = f.account_id and family_is_open(f, a, $2)
        returning f.account_id",
        hash,
        now,
    )
    .fetch_optional(conn)
    .await
}
