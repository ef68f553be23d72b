//! How often somebody may try: sign in, redeem a link, refresh (OWASP ASVS 5.0, 2.4.1 and 6.3.1).
//!
//! Two tiers. A local one per process, twice as wide, turns a flood away before it costs a round trip;
//! the one in Postgres holds for all processes together and survives a restart. Where Postgres does not
//! answer within [`PATIENCE`] the local one decides at its own, stricter rate: a limit is never open.
//!
//! Nobody is locked out: what counts is the network from which somebody tries, and a browser in which a person
//! signed in before has a bucket of its own, which strangers cannot empty (see [`limits`] and [`crate::sign_in`]).

pub mod limits;

use chrono::{DateTime, Utc};
use commands::clock::Clock;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use limits::Limit;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use sqlx::postgres::types::PgInterval;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long Postgres may take for its answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often the table is swept; at most ten thousand keys each time.
const SWEPT_EVERY: Duration = Duration::from_secs(60);
/// How often a full process forgets keys, at most.
const FORGETS_EVERY: Duration = Duration::from_secs(1);
/// Most keys that a limit keeps in a process; past that it forgets those that may go on anyway, and
/// where none may, all strangers share one bucket.
const MOST_KEYS: usize = 100_000;

/// A limit's key, hashed: it holds no address and no account.
type Key = [u8; 32];
type Limiters = HashMap<&'static str, Arc<Limiter>>;

/// The limits of this process and, through Postgres, of all of them. Cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    auth: PgPool,
    local: Arc<Mutex<Limiters>>,
}

/// Somebody tried too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; the next may come in {} s", retry_after.as_secs())]
pub struct TooMany {
    /// When the next try may come.
    pub retry_after: Duration,
}

impl TooMany {
    /// Whole seconds for `Retry-After`, at least one.
    pub fn seconds(self) -> u64 {
        (self.retry_after.as_secs_f64().ceil() as u64).max(1)
    }
}

impl Throttle {
    /// The limits over the pool of `attendance_auth`.
    pub fn new(auth: PgPool) -> Self {
        Self { auth, local: Arc::default() }
    }

    /// Counts a try of `key` against `limit` at `now`, or refuses it. A refused one is not counted.
    pub async fn take(&self, now: DateTime<Utc>, limit: &Limit, key: &str) -> Result<(), TooMany> {
        let hashed = hash(limit, key);
        self.shield(limit, hashed)?;
        self.ask(now, limit, hashed).await
    }

    /// The shield counts by a clock that no test moves: as if so much time had gone by that it forgot everything.
    #[cfg(test)]
    pub(crate) fn forget_floods(&self) {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn ask(&self, now: DateTime<Utc>, limit: &Limit, hashed: Key) -> Result<(), TooMany> {
        match tokio::time::timeout(PATIENCE, self.shared(now, limit, &hashed)).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the shared limit is away; the local one decides");
                self.alone(limit, hashed)
            }
            Err(_) => self.alone(limit, hashed),
        }
    }

    /// The same of a try that may turn out to be none ([`Throttle::give_back`]). Past the shield, which gives
    /// nothing back.
    pub async fn hold(&self, now: DateTime<Utc>, limit: &Limit, key: &str) -> Result<(), TooMany> {
        self.ask(now, limit, hash(limit, key)).await
    }

    /// Takes back a try that was held.
    pub async fn give_back(&self, limit: &Limit, key: &str) {
        let hashed = hash(limit, key);
        let given = sqlx::query!(
            "update throttle set due = due - $2::interval where key = $1",
            &hashed[..],
            interval(limit.one_in)
        );
        if let Err(error) = given.execute(&self.auth).await {
            tracing::warn!(%error, "a try was not given back");
        }
    }

    /// Forgets now and then what nobody tries any more, until it is told to stop.
    pub async fn keep_small(self, clock: Arc<dyn Clock>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(SWEPT_EVERY)).await.is_some() {
            if let Err(error) = self.sweep(clock.of_people()).await {
                tracing::warn!(%error, "old limits are not forgotten this time");
            }
        }
    }

    /// Forgets keys that may go on anyway; at most so many at once. The table stays as small as what
    /// was tried lately.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
        let swept = sqlx::query!(
            "delete from throttle where key in (select key from throttle where due < $1 order by due limit 10000)",
            now
        );
        Ok(swept.execute(&self.auth).await?.rows_affected())
    }

    /// The generic cell rate algorithm in one statement (ITU-T I.371): the row is written only where the
    /// try is allowed.
    async fn shared(&self, now: DateTime<Utc>, limit: &Limit, key: &Key) -> Result<Result<(), TooMany>, sqlx::Error> {
        let (one, tolerance) = (interval(limit.one_in), interval(limit.tolerance()));
        let taken = sqlx::query_scalar!(
            "insert into throttle as t (key, due) values ($1, $2::timestamptz + $3::interval) \
             on conflict (key) do update set due = greatest(t.due, $2) + $3::interval \
             where t.due - $4::interval <= $2 returning true as \"taken!\"",
            &key[..],
            now,
            one,
            tolerance,
        )
        .fetch_optional(&self.auth)
        .await?;
        if taken.is_some() {
            return Ok(Ok(()));
        }
        let due = self.due(key).await?;
        Ok(due.map_or(Ok(()), |due| limit.allows(due, now)))
    }

    async fn due(&self, key: &Key) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        sqlx::query_scalar!("select due from throttle where key = $1", &key[..]).fetch_optional(&self.auth).await
    }

    fn limiter(&self, name: &'static str, quota: Quota) -> Arc<Limiter> {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        local.entry(name).or_insert_with(|| Arc::new(Limiter::new(quota))).clone()
    }

    /// Twice as wide as the shared limit: only floods meet it.
    fn shield(&self, limit: &Limit, key: Key) -> Result<(), TooMany> {
        self.limiter(limit.shield_name, limit.quota(2)).check(key, Instant::now())
    }

    fn alone(&self, limit: &Limit, key: Key) -> Result<(), TooMany> {
        self.limiter(limit.name, limit.quota(1)).check(key, Instant::now())
    }
}

/// A limit of this process alone.
struct Limiter {
    keys: DefaultKeyedRateLimiter<Key>,
    /// When it last forgot keys because there were too many.
    forgot: Mutex<Option<Instant>>,
}

impl Limiter {
    fn new(quota: Quota) -> Self {
        Self { keys: RateLimiter::keyed(quota), forgot: Mutex::default() }
    }

    fn check(&self, key: Key, now: Instant) -> Result<(), TooMany> {
        if self.is_full() && self.may_forget(now) {
            self.keys.retain_recent();
        }
        // One bucket for everybody, rather than memory without end.
        let key = if self.is_full() { [0; 32] } else { key };
        let clock = DefaultClock::default();
        self.keys.check_key(&key).map_err(|not_until| TooMany { retry_after: not_until.wait_time_from(clock.now()) })
    }

    fn is_full(&self) -> bool {
        self.keys.len() >= MOST_KEYS
    }

    /// To forget is to walk over all keys: not at every try of a flood.
    fn may_forget(&self, now: Instant) -> bool {
        let mut forgot = self.forgot.lock().unwrap_or_else(PoisonError::into_inner);
        let may = forgot.is_none_or(|last| now.duration_since(last) >= FORGETS_EVERY);
        if may {
            *forgot = Some(now);
        }
        may
    }
}

fn hash(limit: &Limit, key: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(limit.name.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    hash.finalize().into()
}

fn interval(span: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(span.as_micros()).unwrap_or(i64::MAX) }
}

#[cfg(test)]
mod tests;
