//! Signing in with a password, and changing it.

use super::change::Change;
use super::error::AccountError;
use super::{AccountFact, Accounts, Factors, Turn, password};
use domain::account::Command;
use domain::values::mail::Mail;
use domain::{AccountId, Actor};

/// A password is looked at up to this many bytes: more than 128 characters in any form. Longer ones are
/// nobody's.
const MOST_BYTES: usize = 4096;

/// That somebody proved to be an account's person, and when: once roles, credentials or state have changed since,
/// nothing begins by it. Otherwise whoever was asked for a second factor, or whose password was being looked at, while
/// the person changed the password would come in after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whose.
    pub account: AccountId,
    /// The account's `authz_epoch`, read with what was proved by.
    pub epoch: i64,
}

impl Proof {
    /// After one change that this person made with it.
    #[must_use]
    pub fn after_own_change(self) -> Self {
        Self { epoch: self.epoch + 1, ..self }
    }
}

/// What an address and a password came to. A refusal has no reason: unknown, not activated, disabled and
/// wrong are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// No.
    Refused,
    /// The password is right, and one of these is asked for next.
    NeedsMore(Proof, Factors),
    /// Yes.
    Done(Proof),
}

impl Accounts {
    /// Checks a password: one argon2 run whatever the address is. Writes nothing but a hash that is renewed
    /// because it was made with other parameters; the caller begins the session and notes it. `turn` says whether the
    /// browser is known to the address's person.
    pub async fn sign_in(&self, turn: Turn, email: &str, password: &str) -> Result<SignIn, AccountError> {
        if password.len() > MOST_BYTES {
            return Ok(SignIn::Refused);
        }
        // Looked up by something in any case: what is no address has nobody's hash.
        let hmac = Mail::parse(email).map(|mail| self.email_hmac(&mail)).unwrap_or_default();
        let row = sqlx::query!(
            r#"select a.account_id, a.authz_epoch, p.phc as "phc?"
               from accounts a left join account_passwords p on p.account_id = a.account_id
               where a.email_hmac = $1 and a.activated_at is not null and a.disabled_at is null"#,
            &hmac[..],
        )
        .fetch_optional(&self.auth)
        .await?;
        let phc = row.as_ref().and_then(|row| row.phc.clone());
        let right = self.hashing.verify(turn, password, phc.clone()).await?;
        let (Some(row), Some(phc), true) = (row, phc, right) else { return Ok(SignIn::Refused) };
        let account = AccountId(row.account_id);
        if self.hashing.is_outdated(&phc) {
            self.renew(turn, account, password, &phc).await?;
        }
        let factors = self.factors(account).await?;
        let proof = Proof { account, epoch: row.authz_epoch };
        Ok(if factors.asked() { SignIn::NeedsMore(proof, factors) } else { SignIn::Done(proof) })
    }

    async fn renew(&self, turn: Turn, account: AccountId, password: &str, old: &str) -> Result<(), AccountError> {
        let new = self.hashing.hash(turn, password).await?;
        // Unless it was changed meanwhile.
        sqlx::query!("update account_passwords set phc = $3 where account_id = $1 and phc = $2", account.0, old, new)
            .execute(&self.auth)
            .await?;
        Ok(())
    }

    /// Whether it is the account's password: for acts that ask for it once more.
    pub async fn check_password(&self, account: AccountId, password: &str) -> Result<bool, AccountError> {
        if password.len() > MOST_BYTES {
            return Ok(false);
        }
        let phc = sqlx::query_scalar!("select phc from account_passwords where account_id = $1", account.0)
            .fetch_optional(&self.auth)
            .await?;
        self.hashing.verify(Turn::Known, password, phc).await
    }

    /// Changes the password; every session of the account ends.
    pub async fn change_password(&self, account: AccountId, current: &str, new: &str) -> Result<(), AccountError> {
        let person = self.person(account).await?;
        let proof = Proof { account, epoch: person.authz_epoch };
        if !self.check_password(account, current).await? {
            return Err(AccountError::WrongPassword);
        }
        let mut words: Vec<String> = [person.name, person.email].into_iter().flatten().collect();
        words.extend(self.school_names(account).await?);
        password::check(new, &words).map_err(AccountError::Unfit)?;
        let phc = self.hashing.hash(Turn::Known, new).await?;
        let actor = Actor::user(account);
        self.change(move |this| {
            let (actor, phc) = (actor.clone(), phc.clone());
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let mut change = Change::proven(&this, proof).await?;
                change.set_password(&contexts, &phc).await?;
                change.commit().await
            }
        })
        .await
    }

    /// Notes what happened in each school where the account may do something.
    pub async fn note(&self, account: AccountId, fact: AccountFact) -> Result<(), AccountError> {
        let actor = Actor::user(account);
        self.change(move |this| {
            let actor = actor.clone();
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let roles = this.roles(account).await?;
                let mut change = Change::of(&this, account).await?;
                for context in contexts.iter().filter(|c| roles.iter().any(|(school, _)| *school == c.school)) {
                    change.decide(context, Command::Note(fact)).await?;
                }
                change.commit().await
            }
        })
        .await
    }
}
