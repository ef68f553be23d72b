//! Erases a person's name and address everywhere at once, by destroying the account's keys.

use super::change::{Change, Secrets};
use super::error::AccountError;
use super::{Accounts, INSTALLATION};
use crate::error::StoreError;
use domain::account::{Command, Error};
use domain::{AccountId, Actor};
use sqlx::PgPool;
use uuid::Uuid;

impl Accounts {
    /// Of an account that every school has disabled. The streams stay and read as erased; the address may be
    /// invited again, as another account. The keys go first: they are what the erasure is, and the event must
    /// not say so before it is true. They go once more after it, since a second factor that was begun
    /// meanwhile may have sealed under a new one. A repeat finishes what a crash left.
    pub async fn erase(&self, account: AccountId, by: &Actor) -> Result<(), AccountError> {
        if !self.is_kept_out(account).await? {
            return Err(Error::NotDisabled.into());
        }
        self.write.vault().shred(INSTALLATION, account.0, None).await?;
        let actor = by.clone();
        self.change(move |this| {
            let actor = actor.clone();
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let offers = this.offer_contexts(account, &actor).await?;
                let mut change = Change::of(&this, account).await?;
                change.decide_everywhere(&contexts, &Command::Erase).await?;
                change.withdraw_all(&offers).await?;
                change.void_links().await?;
                sqlx::query!("update accounts set email_hmac = null where account_id = $1", account.0)
                    .execute(&mut *change.tx)
                    .await?;
                sqlx::query!("delete from account_passwords where account_id = $1", account.0)
                    .execute(&mut *change.tx)
                    .await?;
                sqlx::query!("delete from account_totp where account_id = $1", account.0)
                    .execute(&mut *change.tx)
                    .await?;
                sqlx::query!("delete from account_passkeys where account_id = $1", account.0)
                    .execute(&mut *change.tx)
                    .await?;
                change.raise_epoch(Secrets::Void).await?;
                change.commit().await
            }
        })
        .await?;
        self.write.vault().shred(INSTALLATION, account.0, None).await?;
        self.forget_browsers(account).await
    }
}

impl Accounts {
    /// Whether every school that has the account keeps it out, whatever others offer.
    async fn is_kept_out(&self, account: AccountId) -> Result<bool, AccountError> {
        let kept_out = sqlx::query_scalar!(
            r#"select not exists(select from account_members m where m.account_id = a.account_id and m.disabled_at is null)
                 as "kept_out!"
               from accounts a where a.account_id = $1"#,
            account.0,
        );
        kept_out.fetch_optional(&self.auth).await?.ok_or(AccountError::Unknown)
    }

    /// From where and by what somebody came in: of an erased account nobody asks.
    async fn forget_browsers(&self, account: AccountId) -> Result<(), AccountError> {
        sqlx::query!(
            "with browsers as (delete from known_browsers where account_id = $1
             ), programs as (delete from token_families where account_id = $1)
             delete from sessions where account_id = $1",
            account.0,
        )
        .execute(&self.auth)
        .await?;
        Ok(())
    }
}

/// What must not come back with a restored database: sessions that had ended, links that had been used, and
/// the credentials of these erased, some of whom may be accounts. Guardians come in anew; no browser is known. The pool is the owner's.
/// Returns how many accounts had come back.
pub async fn after_restore(owner: &PgPool, erased: &[Uuid]) -> Result<u64, StoreError> {
    let mut tx = owner.begin().await?;
    sqlx::query!("update account_links set expires_at = issued_at where used_at is null").execute(&mut *tx).await?;
    sqlx::query!("delete from account_passwords where account_id = any($1)", erased).execute(&mut *tx).await?;
    sqlx::query!("delete from account_totp where account_id = any($1)", erased).execute(&mut *tx).await?;
    sqlx::query!("delete from account_passkeys where account_id = any($1)", erased).execute(&mut *tx).await?;
    sqlx::query!("delete from account_offers where account_id = any($1)", erased).execute(&mut *tx).await?;
    let back = sqlx::query!(
        "update accounts set email_hmac = null where account_id = any($1) and email_hmac is not null",
        erased,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("update accounts set authz_epoch = authz_epoch + 1").execute(&mut *tx).await?;
    sqlx::query!("delete from known_browsers").execute(&mut *tx).await?;
    sqlx::query!("delete from family_browsers").execute(&mut *tx).await?;
    sqlx::query!("delete from family_sessions").execute(&mut *tx).await?;
    sqlx::query!("delete from family_links").execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(back.rows_affected())
}
