//! What an account proves itself by beside the password.

use super::Accounts;
use super::change::{Change, Secrets};
use super::error::AccountError;
use super::{Credential, Scope};
use crate::context::Context;
use domain::AccountId;
use domain::account::{Command, Error};

/// The factors that an account has. Passkeys of another host are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Factors {
    /// Whether it has codes of an app.
    pub code: bool,
    /// Whether it has a passkey.
    pub passkey: bool,
    /// Whether it can change who may do what (ADMIN or OWNER of any school): then a code is too little, since it can
    /// be asked for by a page that only looks like ours.
    pub strict: bool,
}

impl Factors {
    /// Whether a code is taken after the password.
    pub fn takes_code(self) -> bool {
        self.code && !(self.strict && self.passkey)
    }

    /// Whether anything is asked for after the password.
    pub fn asked(self) -> bool {
        self.code || self.passkey
    }

    /// Whether these are all that the account should have.
    pub fn suffice(self) -> bool {
        self.passkey || (self.code && !self.strict)
    }
}

impl Accounts {
    /// What an account has.
    pub async fn factors(&self, account: AccountId) -> Result<Factors, AccountError> {
        Ok(sqlx::query_as!(
            Factors,
            r#"select
                 exists(select from account_totp t where t.account_id = $1 and t.confirmed_at is not null) as "code!",
                 exists(select from account_passkeys p where p.account_id = $1 and p.rp_id = $2) as "passkey!",
                 exists(select from account_roles r where r.account_id = $1 and r.role in ('ADMIN', 'OWNER')) as "strict!""#,
            account.0,
            self.rp_id(),
        )
        .fetch_one(&self.auth)
        .await?)
    }

    /// Takes everything beside the password away, of a person who lost it; whether there was anything. Every session of
    /// the account ends. In a school's name only of an account that is no other school's.
    pub async fn reset_factors(
        &self,
        context: &Context,
        account: AccountId,
        scope: Scope,
    ) -> Result<bool, AccountError> {
        let context = context.clone();
        self.change(move |this| {
            let context = context.clone();
            async move {
                let contexts = this.own_contexts(account, &context.actor).await?;
                let mut change = Change::within(&this, context.school, account).await?;
                let schools = change.schools().await?;
                if !schools.contains(&context.school) {
                    return Err(Error::NotMember.into());
                }
                if scope == Scope::School && schools != [context.school] {
                    return Err(AccountError::OfAnotherSchool);
                }
                let codes = sqlx::query_scalar!(
                    r#"delete from account_totp where account_id = $1 returning confirmed_at is not null as "was!""#,
                    account.0,
                )
                .fetch_optional(&mut *change.tx)
                .await?;
                let passkeys = sqlx::query!("delete from account_passkeys where account_id = $1", account.0)
                    .execute(&mut *change.tx)
                    .await?;
                let gone =
                    [(codes == Some(true), Credential::Totp), (passkeys.rows_affected() > 0, Credential::Passkey)];
                let gone: Vec<_> = gone.into_iter().filter_map(|(was, what)| was.then_some(what)).collect();
                for credential in &gone {
                    change.decide_everywhere(&contexts, &Command::RemoveCredential { credential: *credential }).await?;
                }
                if gone.is_empty() {
                    return Ok(false);
                }
                change.raise_epoch(Secrets::Void).await?;
                change.commit().await?;
                Ok(true)
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a38_whoever_rules_over_others_needs_a_passkey_and_then_gives_no_code() {
        let all = [false, true];
        for (code, passkey, strict) in all.iter().flat_map(|c| all.iter().flat_map(move |p| all.map(|s| (*c, *p, s)))) {
            let factors = Factors { code, passkey, strict };
            assert_eq!(factors.asked(), code || passkey, "{factors:?}");
            assert_eq!(factors.suffice(), if strict { passkey } else { code || passkey }, "{factors:?}");
            // Until a passkey is there, the code is better than nothing.
            assert_eq!(factors.takes_code(), if strict && passkey { false } else { code }, "{factors:?}");
        }
    }
}
