//! Codes of an authenticator app (TOTP, RFC 6238): SHA-1, six digits, thirty seconds, as every app knows.

use super::change::Change;
use super::error::AccountError;
use super::{Accounts, Credential, INSTALLATION, Proof};
use crate::StoreError;
use crate::vault::{Opened, VaultError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::account::Command;
use domain::sealed::SealingClass::Identity;
use domain::{AccountId, Actor, Sealed};
use std::fmt;
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

/// How long a first code may take.
const BEGUN: TimeDelta = TimeDelta::minutes(10);
/// What an app shows beside the account.
const ISSUER: &str = "Attendance";

/// What an authenticator app is given, once.
#[derive(Clone)]
pub struct TotpSetup {
    /// To be typed.
    pub secret_base32: Zeroizing<String>,
    /// To be opened, or scanned as a QR code.
    pub otpauth_uri: Zeroizing<String>,
}

impl fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSetup(…)")
    }
}

impl Accounts {
    /// Makes a secret, which is no second factor until a first code is shown within ten minutes. Begun
    /// again, the earlier secret is void.
    pub async fn begin_totp(&self, account: AccountId) -> Result<TotpSetup, AccountError> {
        let person = self.person(account).await?;
        let mut bytes = Zeroizing::new([0; 20]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::Random)?;
        let secret = Secret::new_stack(*bytes);
        let secret_base32 = Zeroizing::new(secret.to_base32());
        let keys = self.write.vault().keys_of(INSTALLATION, &[account.0]).await?;
        let sealed = keys.seal(account.0, Identity, "account.totp", "secret", &secret_base32)?;
        let begun = sqlx::query!(
            "insert into account_totp as t (account_id, secret, begun_at) values ($1, $2, $3)
             on conflict (account_id) do update set secret = excluded.secret, begun_at = excluded.begun_at
             where t.confirmed_at is null",
            account.0,
            sealed.as_str(),
            self.write.clock().now(),
        )
        .execute(&self.auth)
        .await?;
        if begun.rows_affected() == 0 {
            return Err(AccountError::TotpExists);
        }
        let label = person.email.unwrap_or_else(|| account.to_string());
        let totp = Builder::new().with_secret(secret).with_account_name(label).with_issuer(Some(ISSUER));
        let url = totp.build().and_then(|totp| totp.to_url()).map_err(library)?;
        Ok(TotpSetup { secret_base32, otpauth_uri: Zeroizing::new(url) })
    }

    /// Makes the begun secret the second factor, if the code is its, unless the account changed since its person proved
    /// who they are. Every session of the account ends.
    pub async fn confirm_totp(&self, proof: Proof, code: &str, now: DateTime<Utc>) -> Result<(), AccountError> {
        let account = proof.account;
        let row = sqlx::query!(
            "select secret, begun_at from account_totp where account_id = $1 and confirmed_at is null and begun_at > $2",
            account.0,
            now - BEGUN,
        )
        .fetch_optional(&self.auth)
        .await?
        .ok_or(AccountError::NoTotp)?;
        let step = self.step_of(account, &row.secret, code, now).await?.ok_or(AccountError::WrongCode)?;
        let actor = Actor::user(account);
        self.change(move |this| {
            let actor = actor.clone();
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let mut change = Change::proven(&this, proof).await?;
                let confirmed = sqlx::query!(
                    "update account_totp set confirmed_at = $2, last_step = $3
                     where account_id = $1 and confirmed_at is null and begun_at = $4",
                    account.0,
                    now,
                    step,
                    row.begun_at,
                )
                .execute(&mut *change.tx)
                .await?;
                if confirmed.rows_affected() != 1 {
                    return Err(AccountError::NoTotp);
                }
                let command = Command::ChangeCredential { credential: Credential::Totp };
                change.commit_credential(&contexts, &command).await
            }
        })
        .await
    }

    /// Whether the code is one of now, or of half a minute before or after, and none at or after its time was
    /// used: of one code sent twice at once, one succeeds.
    pub async fn check_totp(&self, account: AccountId, code: &str, now: DateTime<Utc>) -> Result<bool, AccountError> {
        let secret = sqlx::query_scalar!(
            "select secret from account_totp where account_id = $1 and confirmed_at is not null",
            account.0,
        )
        .fetch_optional(&self.auth)
        .await?
        .ok_or(AccountError::NoTotp)?;
        let Some(step) = self.step_of(account, &secret, code, now).await? else { return Ok(false) };
        let used = sqlx::query!(
            "update account_totp set last_step = $3
             where account_id = $1 and secret = $2 and confirmed_at is not null and last_step < $3",
            account.0,
            secret,
            step,
        )
        .execute(&self.auth)
        .await?;
        Ok(used.rows_affected() == 1)
    }

    /// Takes the second factor away, in somebody's name. Every session of the account ends.
    pub async fn remove_totp(&self, account: AccountId, by: &Actor) -> Result<(), AccountError> {
        let actor = by.clone();
        self.change(move |this| {
            let actor = actor.clone();
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let mut change = Change::of(&this, account).await?;
                let gone = sqlx::query_scalar!(
                    r#"delete from account_totp where account_id = $1 returning confirmed_at is not null as "was!""#,
                    account.0,
                )
                .fetch_optional(&mut *change.tx)
                .await?;
                if gone != Some(true) {
                    return Err(AccountError::NoTotp);
                }
                let command = Command::RemoveCredential { credential: Credential::Totp };
                change.commit_credential(&contexts, &command).await
            }
        })
        .await
    }

    /// The number of the thirty seconds that the code is of.
    async fn step_of(
        &self,
        account: AccountId,
        sealed: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, AccountError> {
        let keys = self.write.vault().keys_of(INSTALLATION, &[account.0]).await?;
        let Opened::Plain(secret) = keys.open(account.0, "secret", &Sealed(sealed.to_owned()))? else {
            return Ok(None);
        };
        let secret = Secret::try_from_base32(&*Zeroizing::new(secret)).map_err(library)?;
        let totp: Totp = Builder::new().with_secret(secret).with_skew(1).build().map_err(library)?;
        // Apps show it in two groups.
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let step = totp.check(&digits, u64::try_from(now.timestamp()).unwrap_or(0));
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }
}

fn library(error: impl std::error::Error + Send + Sync + 'static) -> AccountError {
    AccountError::Store(StoreError::Library(Box::new(error)))
}
