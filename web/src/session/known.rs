//! Browsers in which a person signed in before. Knowing one opens nothing: it has a bucket of its own at the door,
//! so that whoever guesses at an account elsewhere cannot keep its person out (P27). One is known by what the account
//! proves itself by now: whoever came in by another password, or before it was shut out, is a stranger again.

use super::store::{Sessions, fresh};
use chrono::TimeDelta;
use commands::accounts::{Proof, Secret256};
use domain::AccountId;

/// How long a browser is known after a sign-in.
pub const KNOWN: TimeDelta = TimeDelta::days(180);

impl Sessions {
    /// The accounts that know a browser.
    pub async fn known_to(&self, browser: &Secret256) -> Result<Vec<AccountId>, sqlx::Error> {
        let accounts = sqlx::query_scalar!(
            "select k.account_id from known_browsers k join accounts a using (account_id)
            where k.secret_sha256 = $1 and k.known_at > $2 and k.authz_epoch >= a.secrets_epoch",
            &browser.sha256(),
            self.clock.of_people() - KNOWN,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(accounts.into_iter().map(AccountId).collect())
    }

    /// Makes a browser known to an account whose person has just proved who they are there, under a new secret: one
    /// that was put there by somebody else never becomes good. Other accounts of the browser move along. If the secrets
    /// changed since the proof, the browser is not known for all that.
    pub async fn make_known(&self, old: Option<&Secret256>, proof: Proof) -> Result<Secret256, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        sqlx::query!(
            "with moved as (
                update known_browsers set secret_sha256 = $1 where secret_sha256 = $2 and account_id <> $3
            ), forgotten as (
                delete from known_browsers k using accounts a where k.account_id = $3 and a.account_id = $3
                    and (k.secret_sha256 = $2 or k.known_at <= $5 or k.authz_epoch < a.secrets_epoch)
            )
            insert into known_browsers (secret_sha256, account_id, known_at, authz_epoch) values ($1, $3, $4, $6)",
            &secret.sha256(),
            old.map(|old| old.sha256().to_vec()),
            proof.account.0,
            now,
            now - KNOWN,
            proof.epoch,
        )
        .execute(&self.pool)
        .await?;
        Ok(secret)
    }
}
