//! Browsers in which a person signed in before. Knowing one opens nothing: it has a bucket of its own at the door,
//! so that whoever guesses at an account elsewhere cannot keep its person out (P27).

use super::store::{Sessions, fresh};
use chrono::TimeDelta;
use commands::accounts::Secret256;
use domain::AccountId;

/// How long a browser is known after a sign-in.
pub const KNOWN: TimeDelta = TimeDelta::days(180);

impl Sessions {
    /// The accounts that know a browser.
    pub async fn known_to(&self, browser: &Secret256) -> Result<Vec<AccountId>, sqlx::Error> {
        let accounts = sqlx::query_scalar!(
            "select account_id from known_browsers where secret_sha256 = $1 and known_at > $2",
            &browser.sha256(),
            self.clock.of_people() - KNOWN,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(accounts.into_iter().map(AccountId).collect())
    }

    /// Makes a browser known to an account that has just signed in there, under a new secret: one that was put there
    /// by somebody else never becomes good. Other accounts of the browser move along.
    pub async fn make_known(&self, old: Option<&Secret256>, account: AccountId) -> Result<Secret256, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        sqlx::query!(
            "with moved as (
                update known_browsers set secret_sha256 = $1 where secret_sha256 = $2 and account_id <> $3
            ), forgotten as (
                delete from known_browsers where account_id = $3 and (secret_sha256 = $2 or known_at <= $5)
            )
            insert into known_browsers (secret_sha256, account_id, known_at) values ($1, $3, $4)",
            &secret.sha256(),
            old.map(|old| old.sha256().to_vec()),
            account.0,
            now,
            now - KNOWN,
        )
        .execute(&self.pool)
        .await?;
        Ok(secret)
    }
}
