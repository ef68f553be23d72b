//! Passkeys (WebAuthn, <https://www.w3.org/TR/webauthn-3/>): a key pair per person and host on a device, which signs
//! only after it has verified its person (finger, face, PIN). One is therefore two factors at once.
//!
//! What a device is asked to sign is a row that any process may take, once and within five minutes; nothing about
//! it is kept in memory. What devices and browsers say is read and checked by the library.

mod challenge;
mod relying_party;
mod sign_in;

pub use relying_party::RelyingParty;
pub use sign_in::PasskeySignIn;

use super::change::Change;
use super::error::AccountError;
use super::{Accounts, Credential, INSTALLATION, Proof, Secret256};
use crate::ids::IdSource as _;
use crate::use_cases::Invalid;
use challenge::Purpose;
use chrono::{DateTime, Utc};
use domain::account::Command;
use domain::sealed::SealingClass::Identity;
use domain::values::name;
use domain::{AccountId, Actor, Sealed};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, Passkey as PublicKey, PasskeyRegistration, RegisterPublicKeyCredential, WebauthnError,
};

/// Longest name of a passkey, in characters.
const LONGEST_NAME: usize = 60;

/// What a page asks of a device.
#[derive(Debug, Clone)]
pub struct PasskeyChallenge {
    /// Comes back with the device's answer.
    pub secret: Secret256,
    /// The options for `navigator.credentials`, JSON with bytes as base64url.
    pub options: Value,
}

/// A passkey in its person's list. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Passkey {
    /// Its name in forms; opens nothing.
    pub passkey_id: Uuid,
    /// What its person calls it; none once erased.
    pub name: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last opened a session.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Accounts {
    /// Where passkeys are for; without one there are none.
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        self.relying_party.as_deref()
    }

    fn party(&self) -> Result<Arc<RelyingParty>, AccountError> {
        self.relying_party.clone().ok_or(AccountError::NoPasskeys)
    }

    /// The host that an account's passkeys must be of to count; of none where there are none.
    pub(super) fn rp_id(&self) -> &str {
        self.relying_party.as_ref().map_or("", |party| party.id())
    }

    /// Asks a device for a new passkey of the account.
    pub async fn begin_passkey(&self, account: AccountId) -> Result<PasskeyChallenge, AccountError> {
        let party = self.party()?;
        let person = self.person(account).await?;
        let (name, email) = (person.name.unwrap_or_default(), person.email.unwrap_or_default());
        let known = self.public_keys(account).await?;
        // A device that has one of the account makes no second.
        let known: Vec<CredentialID> = known.iter().map(|key| key.cred_id().clone()).collect();
        let begun = party.webauthn().start_passkey_registration(account.0, &email, &name, Some(known));
        let (options, state) = begun.map_err(library)?;
        let mut options = options_of(&options)?;
        // So that it can say whose it is before anybody has typed an address.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        let secret = self.keep_challenge(Purpose::Register, Some(account), &state).await?;
        Ok(PasskeyChallenge { secret, options })
    }

    /// Adds the passkey that a device answered with, unless the account changed since its person proved who they are.
    /// Every session of the account ends.
    pub async fn add_passkey(&self, proof: Proof, secret: &str, answer: &str, name: &str) -> Result<(), AccountError> {
        let account = proof.account;
        let name = name::clean_up_to(name, LONGEST_NAME).map_err(|_| AccountError::Invalid(Invalid::Name))?;
        let party = self.party()?;
        let state: PasskeyRegistration = self.take_challenge(Purpose::Register, Some(account), secret).await?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| AccountError::PasskeyRefused)?;
        let key = party.webauthn().finish_passkey_registration(&answer, &state).map_err(|e| refused(&e))?;
        let (credential_id, credential) = (key.cred_id().to_vec(), serde_json::to_value(&key)?);
        let sign_count = count_of(&credential)?;
        let keys = self.write.vault().keys_of(INSTALLATION, &[account.0]).await?;
        let name = keys.seal(account.0, Identity, "account.passkey", "passkey", &name)?;
        let (passkey_id, actor) = (self.write.ids().next(), Actor::user(account));
        self.change(move |this| {
            let (actor, party, name) = (actor.clone(), party.clone(), name.clone());
            let (credential_id, credential) = (credential_id.clone(), credential.clone());
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let mut change = Change::proven(&this, proof).await?;
                let added = sqlx::query!(
                    "insert into account_passkeys
                       (passkey_id, account_id, credential_id, rp_id, name, credential, sign_count, created_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
                    passkey_id,
                    account.0,
                    credential_id,
                    party.id(),
                    name.as_str(),
                    credential,
                    sign_count,
                    change.now(),
                )
                .execute(&mut *change.tx)
                .await?;
                // Some account has it already, which the library does not know of other accounts.
                if added.rows_affected() != 1 {
                    return Err(AccountError::PasskeyRefused);
                }
                let command = Command::ChangeCredential { credential: Credential::Passkey };
                change.commit_credential(&contexts, &command).await
            }
        })
        .await
    }

    /// The account's passkeys for this host, in the order in which they were added.
    pub async fn passkeys(&self, account: AccountId) -> Result<Vec<Passkey>, AccountError> {
        let rows = sqlx::query!(
            "select passkey_id, name, created_at, last_used_at from account_passkeys
             where account_id = $1 and rp_id = $2 order by created_at, passkey_id",
            account.0,
            self.rp_id(),
        )
        .fetch_all(&self.auth)
        .await?;
        let keys = self.write.vault().keys_of(INSTALLATION, &[account.0]).await?;
        let passkey = |passkey_id, name, created_at, last_used_at| {
            let name = keys.open(account.0, "passkey", &Sealed(name))?.plain();
            Ok(Passkey { passkey_id, name, created_at, last_used_at })
        };
        rows.into_iter().map(|row| passkey(row.passkey_id, row.name, row.created_at, row.last_used_at)).collect()
    }

    /// Takes one of the account's passkeys away, in somebody's name. Every session of the account ends.
    pub async fn remove_passkey(&self, account: AccountId, passkey: Uuid, by: &Actor) -> Result<(), AccountError> {
        let actor = by.clone();
        self.change(move |this| {
            let actor = actor.clone();
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let mut change = Change::of(&this, account).await?;
                let gone = sqlx::query!(
                    "delete from account_passkeys where account_id = $1 and passkey_id = $2",
                    account.0,
                    passkey,
                )
                .execute(&mut *change.tx)
                .await?;
                if gone.rows_affected() != 1 {
                    return Err(AccountError::NoPasskey);
                }
                let command = Command::RemoveCredential { credential: Credential::Passkey };
                change.commit_credential(&contexts, &command).await
            }
        })
        .await
    }

    /// What the account's devices sign with, for this host.
    async fn public_keys(&self, account: AccountId) -> Result<Vec<PublicKey>, AccountError> {
        let rows = sqlx::query_scalar!(
            "select credential from account_passkeys where account_id = $1 and rp_id = $2",
            account.0,
            self.rp_id(),
        )
        .fetch_all(&self.auth)
        .await?;
        rows.into_iter().map(|row| Ok(serde_json::from_value(row)?)).collect()
    }
}

/// The part of the library's options that is for `navigator.credentials`.
fn options_of(options: &impl serde::Serialize) -> Result<Value, AccountError> {
    Ok(serde_json::to_value(options)?["publicKey"].take())
}

/// What a device had counted when it made the key; the library tells nobody but its own JSON.
fn count_of(credential: &Value) -> Result<i64, AccountError> {
    let count = credential["cred"]["counter"].as_i64();
    count.ok_or_else(|| library(WebauthnError::CredentialCounterUpdateFailure))
}

/// An answer that is not what was asked for. Why is for the log alone: nothing of it helps an honest person.
fn refused(error: &WebauthnError) -> AccountError {
    tracing::info!(?error, "a passkey's answer was refused");
    AccountError::PasskeyRefused
}

fn library(error: WebauthnError) -> AccountError {
    AccountError::Store(crate::StoreError::Library(Box::new(error)))
}
