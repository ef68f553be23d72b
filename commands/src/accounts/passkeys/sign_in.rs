//! Coming in by a passkey: alone, or after the password.

use super::challenge::Purpose;
use super::{PasskeyChallenge, PublicKey, library, options_of, refused};
use crate::accounts::error::AccountError;
use crate::accounts::{Accounts, Proof};
use domain::AccountId;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, PasskeyAuthentication, PublicKeyCredential, WebauthnError,
};

/// What a device's answer came to. A refusal has no reason: a key that nobody has, one of somebody who is disabled and
/// a wrong signature are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeySignIn {
    /// No.
    Refused,
    /// The signature is right, but the device counted no further than before: two have the key. No, and the account
    /// is to be told.
    Copied(AccountId),
    /// Yes.
    Done(Proof),
}

/// A passkey's row.
struct Known {
    proof: Proof,
    passkey_id: Uuid,
    key: PublicKey,
}

impl Accounts {
    /// Asks any device for any passkey of this host.
    pub async fn begin_passkey_sign_in(&self) -> Result<PasskeyChallenge, AccountError> {
        let (options, state) = self.party()?.webauthn().start_discoverable_authentication().map_err(library)?;
        let secret = self.keep_challenge(Purpose::SignIn, None, &state).await?;
        Ok(PasskeyChallenge { secret, options: options_of(&options)? })
    }

    /// Who answered. Writes no event; the caller begins the session and notes it.
    pub async fn passkey_sign_in(&self, secret: &str, answer: &str) -> Result<PasskeySignIn, AccountError> {
        let party = self.party()?;
        let state: DiscoverableAuthentication = self.take_challenge(Purpose::SignIn, None, secret).await?;
        let Some(answer) = read(answer) else { return Ok(PasskeySignIn::Refused) };
        let Ok((account, _)) = party.webauthn().identify_discoverable_authentication(&answer) else {
            return Ok(PasskeySignIn::Refused);
        };
        let account = AccountId(account);
        let Some(known) = self.known(&answer, account).await? else { return Ok(PasskeySignIn::Refused) };
        let checked = party.webauthn().finish_discoverable_authentication_v2(&answer, state, &known.key);
        self.counted(known, checked).await
    }

    /// Asks for a passkey of the account, whose password was right.
    pub async fn begin_second_passkey(&self, account: AccountId) -> Result<PasskeyChallenge, AccountError> {
        let keys = self.public_keys(account).await?;
        if keys.is_empty() {
            return Err(AccountError::NoPasskey);
        }
        let (options, state) = self.party()?.webauthn().start_passkey_authentication(&keys).map_err(library)?;
        let secret = self.keep_challenge(Purpose::SecondFactor, Some(account), &state).await?;
        Ok(PasskeyChallenge { secret, options: options_of(&options)? })
    }

    /// Whether the account's device answered.
    pub async fn second_passkey(
        &self,
        account: AccountId,
        secret: &str,
        answer: &str,
    ) -> Result<PasskeySignIn, AccountError> {
        let party = self.party()?;
        let state: PasskeyAuthentication = self.take_challenge(Purpose::SecondFactor, Some(account), secret).await?;
        let Some(answer) = read(answer) else { return Ok(PasskeySignIn::Refused) };
        let Some(known) = self.known(&answer, account).await? else { return Ok(PasskeySignIn::Refused) };
        let checked = party.webauthn().finish_passkey_authentication(&answer, &state);
        self.counted(known, checked).await
    }

    /// The passkey that answers, of an account that may sign in.
    async fn known(&self, answer: &PublicKeyCredential, of: AccountId) -> Result<Option<Known>, AccountError> {
        let row = sqlx::query!(
            "select p.passkey_id, p.credential, a.authz_epoch
             from account_passkeys p join accounts a on a.account_id = p.account_id
             where p.credential_id = $1 and p.rp_id = $2 and p.account_id = $3
               and a.activated_at is not null and a.disabled_at is null",
            answer.get_credential_id(),
            self.rp_id(),
            of.0,
        )
        .fetch_optional(&self.auth)
        .await?;
        let known = row.map(|row| {
            let key = serde_json::from_value(row.credential)?;
            let proof = Proof { account: of, epoch: row.authz_epoch };
            Ok::<_, AccountError>(Known { proof, passkey_id: row.passkey_id, key })
        });
        known.transpose()
    }

    /// Keeps what the device counted. A key on several devices counts nothing, which is 0 each time; any other counts
    /// up, and of two that show the same count at once one is a copy (WebAuthn, 7.2 step 22).
    async fn counted(
        &self,
        mut known: Known,
        checked: Result<AuthenticationResult, WebauthnError>,
    ) -> Result<PasskeySignIn, AccountError> {
        let result = match checked {
            Ok(result) if result.user_verified() => result,
            Ok(_) => return Ok(PasskeySignIn::Refused),
            Err(WebauthnError::CredentialPossibleCompromise) => return Ok(PasskeySignIn::Copied(known.proof.account)),
            Err(error) => {
                refused(&error);
                return Ok(PasskeySignIn::Refused);
            }
        };
        known.key.update_credential(&result);
        let kept = sqlx::query!(
            "update account_passkeys set credential = $2, sign_count = $3, last_used_at = $4
             where passkey_id = $1 and (sign_count < $3 or (sign_count = 0 and $3 = 0))",
            known.passkey_id,
            serde_json::to_value(&known.key)?,
            i64::from(result.counter()),
            self.write.clock().of_people(),
        )
        .execute(&self.auth)
        .await?;
        let proof = known.proof;
        Ok(if kept.rows_affected() == 1 { PasskeySignIn::Done(proof) } else { PasskeySignIn::Copied(proof.account) })
    }
}

fn read(answer: &str) -> Option<PublicKeyCredential> {
    serde_json::from_str(answer).ok()
}
