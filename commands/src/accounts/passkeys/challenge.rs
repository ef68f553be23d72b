//! The rows of what was asked.

use crate::accounts::error::AccountError;
use crate::accounts::{Accounts, Secret256};
use chrono::TimeDelta;
use domain::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long a device may take to answer.
const ASKED: TimeDelta = TimeDelta::minutes(5);

/// What a device was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new passkey.
    Register,
    /// To say who is there.
    SignIn,
    /// To say it of somebody who gave the password.
    SecondFactor,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
        }
    }
}

impl Accounts {
    /// Keeps what the answer is to be compared with, and forgets what nobody answered.
    pub(super) async fn keep_challenge(
        &self,
        purpose: Purpose,
        account: Option<AccountId>,
        state: &impl Serialize,
    ) -> Result<Secret256, AccountError> {
        let (secret, now) = (Secret256::random()?, self.write.clock().of_people());
        sqlx::query!(
            "with forgotten as (delete from passkey_challenges where expires_at <= $5)
             insert into passkey_challenges (secret_sha256, purpose, account_id, state, expires_at)
             values ($1, $2, $3, $4, $6)",
            &secret.sha256()[..],
            purpose.as_str(),
            account.map(|account| account.0),
            serde_json::to_value(state)?,
            now,
            now + ASKED,
        )
        .execute(&self.auth)
        .await?;
        Ok(secret)
    }

    /// What was asked for, if it was, and nobody has answered yet: of many at once one gets it.
    pub(super) async fn take_challenge<S: DeserializeOwned>(
        &self,
        purpose: Purpose,
        account: Option<AccountId>,
        secret: &str,
    ) -> Result<S, AccountError> {
        let secret = Secret256::parse(secret).ok_or(AccountError::PasskeyLate)?;
        let state = sqlx::query_scalar!(
            "delete from passkey_challenges
             where secret_sha256 = $1 and purpose = $2 and account_id is not distinct from $3 and expires_at > $4
             returning state",
            &secret.sha256()[..],
            purpose.as_str(),
            account.map(|account| account.0),
            self.write.clock().of_people(),
        )
        .fetch_optional(&self.auth)
        .await?
        .ok_or(AccountError::PasskeyLate)?;
        Ok(serde_json::from_value(state)?)
    }
}
