//! The families' rows, and who asks with an access token. Every instant is the injected clock's.

use super::access::{self, ACCESS, Claims};
use super::keys::SigningKeys;
use crate::session::{Person, fresh, roles};
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::{Proof, Secret256};
use commands::clock::Clock;
use commands::ids::IdSource;
use domain::{AccountId, SchoolId};
use sqlx::PgPool;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// How long a family lives, however much it is used.
pub(super) const ABSOLUTE: TimeDelta = TimeDelta::days(30);
/// How long a refresh token may lie unused.
pub(super) const IDLE: TimeDelta = TimeDelta::days(7);
/// Programs of one account at once; the one that was used longest ago ends where another begins.
pub(super) const MOST: i64 = 20;
/// How long a person is shown that a copy of a token was used.
const SHOWN: TimeDelta = TimeDelta::days(30);

/// A family to begin.
#[derive(Clone, Debug)]
pub struct Begin {
    /// By what.
    pub proof: Proof,
    /// For which school.
    pub school: SchoolId,
    /// What the program calls itself.
    pub client: String,
    /// `203.0.113.0/24`
    pub network: String,
}

/// An access token and the refresh token that was made with it.
pub struct Pair {
    /// For requests.
    pub access: String,
    /// How long it is good.
    pub access_for: TimeDelta,
    /// For the next pair, once.
    pub refresh: Secret256,
    /// Until when, if it lies unused.
    pub refresh_until: DateTime<Utc>,
    /// The family.
    pub family_id: Uuid,
    /// The school that it opens.
    pub school: SchoolId,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("family_id", &self.family_id).finish_non_exhaustive()
    }
}

/// Why a family ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The program said so.
    SignedOut,
    /// The person ended it.
    ByPerson,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::ByPerson => "ended_by_person",
        }
    }
}

/// A family in its person's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub family_id: Uuid,
    /// The school that it opens.
    pub school_id: Uuid,
    /// What the program calls itself; may be empty.
    pub client: String,
    /// `203.0.113.0/24`; may be empty.
    pub network: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it last got tokens.
    pub last_used_at: DateTime<Utc>,
    /// When it ends, whatever happens.
    pub ends_at: DateTime<Utc>,
    /// Ended because a refresh token came a second time.
    pub reused: bool,
}

/// The tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) keys: Option<Arc<SigningKeys>>,
}

impl Tokens {
    /// Over the pool of the role that signs people in; without keys there are none.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, keys: Option<SigningKeys>) -> Self {
        Self { pool, clock, ids, keys: keys.map(Arc::new) }
    }

    /// Whether this installation gives tokens.
    pub fn are_on(&self) -> bool {
        self.keys.is_some()
    }

    /// The person of an access token, if it is good and its family is open now: one statement for family, account
    /// and roles, those of its school alone. A pair's first use is noted with it, and refused if the pair was
    /// replaced at that moment.
    pub async fn person(&self, token: &str) -> Result<Option<Person>, sqlx::Error> {
        let now = self.clock.of_people();
        let Some(claims) = self.keys.as_deref().and_then(|keys| access::read(keys, token, now)) else {
            return Ok(None);
        };
        let row = sqlx::query!(
            r#"with open as (
                select f.family_id, f.account_id, f.school_id, f.created_at, t.token_id, t.access_used_at, a.authz_epoch
                from refresh_tokens t join token_families f using (family_id) join accounts a using (account_id)
                where t.token_id = $1 and f.family_id = $2 and f.account_id = $3 and f.school_id = $4
                  and t.revoked_at is null and family_is_open(f, a, $5)
            ), used as (
                update refresh_tokens t set access_used_at = $5 from open o
                where t.token_id = o.token_id and o.access_used_at is null and t.revoked_at is null
                returning t.token_id
            )
            select o.family_id as "family_id!", o.account_id as "account_id!", o.created_at as "created_at!",
                o.authz_epoch as "authz_epoch!",
                coalesce(array_agg(r.school_id order by r.role) filter (where r.role is not null), '{}') as "schools!",
                coalesce(array_agg(r.role order by r.role) filter (where r.role is not null), '{}') as "roles!"
            from open o left join account_roles r on r.account_id = o.account_id and r.school_id = o.school_id
            where o.access_used_at is not null or exists (select from used)
            group by o.family_id, o.account_id, o.created_at, o.authz_epoch"#,
            claims.jti,
            claims.sid,
            claims.sub,
            claims.school,
            now,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Person {
            session_id: row.family_id,
            account_id: AccountId(row.account_id),
            roles: roles(row.schools, &row.roles),
            stepped_up_at: row.created_at,
            authz_epoch: row.authz_epoch,
        }))
    }

    /// Begins a family; none if the account is disabled or holds no role in the school, or changed since its person
    /// proved anything. Ends those beyond [`MOST`], and forgets the account's families that ended long ago.
    pub async fn begin(&self, begin: &Begin) -> Result<Option<Pair>, sqlx::Error> {
        let (now, refresh) = (self.clock.of_people(), fresh()?);
        let (family_id, token_id) = (self.ids.next(), self.ids.next());
        let begun = sqlx::query!(
            "with forgotten as (delete from token_families where account_id = $3 and ends_at < $9
            ), too_many as (
                update token_families set ended_at = $5, end_reason = 'too_many' where family_id in (
                    select family_id from token_families where account_id = $3 and ended_at is null and ends_at > $5
                    order by last_used_at desc, family_id desc offset $12)
            ), family as (
                insert into token_families (family_id, account_id, school_id, authz_epoch, created_at, last_used_at,
                    ends_at, client, network)
                select $1, account_id, $4, authz_epoch, $5, $5, $6, $7, $8 from accounts a
                where account_id = $3 and authz_epoch = $13 and activated_at is not null and disabled_at is null
                  and exists (select from account_roles r where r.account_id = $3 and r.school_id = $4)
                returning family_id
            )
            insert into refresh_tokens (token_id, token_sha256, family_id, issued_at, expires_at)
            select $2, $10, family_id, $5, $11 from family",
            family_id,
            token_id,
            begin.proof.account.0,
            begin.school.0,
            now,
            now + ABSOLUTE,
            begin.client,
            begin.network,
            now - SHOWN,
            &refresh.sha256(),
            now + IDLE,
            MOST - 1,
            begin.proof.epoch,
        )
        .execute(&self.pool)
        .await?;
        if begun.rows_affected() == 0 {
            return Ok(None);
        }
        let claims = Claims::new(begin.proof.account.0, begin.school.0, family_id, token_id, now);
        self.pair(&claims, refresh, now + IDLE).map(Some)
    }

    /// What is given for a row that was just written.
    pub(super) fn pair(&self, claims: &Claims, refresh: Secret256, until: DateTime<Utc>) -> Result<Pair, sqlx::Error> {
        let keys = self.keys.as_deref().ok_or_else(|| other("no signing key"))?;
        Ok(Pair {
            access: access::sign(keys, claims).map_err(other)?,
            access_for: ACCESS,
            refresh,
            refresh_until: until,
            family_id: claims.sid,
            school: SchoolId(claims.school),
        })
    }

    /// The open families of a person, last used first, and those that ended lately because of a copy.
    pub async fn list(&self, account_id: AccountId) -> Result<Vec<Family>, sqlx::Error> {
        let now = self.clock.of_people();
        sqlx::query_as!(
            Family,
            r#"select f.family_id, f.school_id, f.client, f.network, f.created_at, f.last_used_at, f.ends_at,
                f.end_reason is not null as "reused!"
            from token_families f join accounts a using (account_id)
            where f.account_id = $1
              and (family_is_open(f, a, $2) or f.end_reason = 'reuse' and f.ended_at > $3)
            order by f.last_used_at desc, f.family_id"#,
            account_id.0,
            now,
            now - SHOWN,
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Ends a family of a person, or all of them; how many ended.
    pub async fn end(&self, account_id: AccountId, family: Option<Uuid>, why: Ended) -> Result<u64, sqlx::Error> {
        let ended = sqlx::query!(
            "update token_families set ended_at = $3, end_reason = $4
            where account_id = $1 and family_id = coalesce($2, family_id) and ended_at is null and ends_at > $3",
            account_id.0,
            family,
            self.clock.of_people(),
            why.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected())
    }

    /// Ends the family of a refresh token, used or not (RFC 7009); whose it was, if it had not ended.
    pub async fn end_secret(&self, refresh: &Secret256, why: Ended) -> Result<Option<AccountId>, sqlx::Error> {
        let account = sqlx::query_scalar!(
            "update token_families f set ended_at = $2, end_reason = $3 from refresh_tokens t
            where t.token_sha256 = $1 and f.family_id = t.family_id and f.ended_at is null returning f.account_id",
            &refresh.sha256(),
            self.clock.of_people(),
            why.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(account.map(AccountId))
    }
}

pub(super) fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other(error))
}
