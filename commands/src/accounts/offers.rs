//! Invitations of persons whom another school has: nothing counts until the person accepts.
//!
//! They are apart from memberships, so that whatever asks for an account's schools does not find them: an offer gives
//! the person nothing, and takes nothing from the schools that the person has.

use super::change::{Change, Secrets};
use super::error::AccountError;
use super::{Accounts, INSTALLATION, Scope, StaffRole};
use crate::context::Context;
use chrono::{DateTime, Utc};
use domain::account::{Command, Error};
use domain::{AccountId, Actor, SchoolId, Sealed};

/// A person whom a school invited and who has not answered. The school knows the address, which it typed, and nothing
/// else of the account. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Offered {
    /// The account.
    pub account_id: AccountId,
    /// The address; none once erased.
    pub email: Option<String>,
    /// What the person would be.
    pub roles: Vec<StaffRole>,
    /// Since when.
    pub offered_at: DateTime<Utc>,
}

/// A school that waits for a person's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// It.
    pub school: SchoolId,
    /// What the person would be there.
    pub roles: Vec<StaffRole>,
}

impl Accounts {
    /// Whom a school waits for, by address.
    pub async fn offered(&self, school: SchoolId) -> Result<Vec<Offered>, AccountError> {
        let rows = sqlx::query!(
            "select a.account_id, a.email, o.roles, o.offered_at
             from account_offers o join accounts a on a.account_id = o.account_id where o.school_id = $1",
            school.0,
        )
        .fetch_all(&self.auth)
        .await?;
        let ids: Vec<_> = rows.iter().map(|row| row.account_id).collect();
        let keys = self.write.vault().keys_of(INSTALLATION, &ids).await?;
        let mut offered = Vec::with_capacity(rows.len());
        for row in rows {
            offered.push(Offered {
                account_id: AccountId(row.account_id),
                email: keys.open(row.account_id, "email", &Sealed(row.email))?.plain(),
                roles: parsed(&row.roles),
                offered_at: row.offered_at,
            });
        }
        offered.sort_by_cached_key(|offered| (offered.email.clone(), offered.account_id));
        Ok(offered)
    }

    /// The schools that wait for a person's answer, the oldest first.
    pub async fn offers(&self, account: AccountId) -> Result<Vec<Offer>, AccountError> {
        let rows = sqlx::query!(
            "select school_id, roles from account_offers where account_id = $1 order by offered_at, school_id",
            account.0,
        )
        .fetch_all(&self.auth)
        .await?;
        Ok(rows.into_iter().map(|row| Offer { school: SchoolId(row.school_id), roles: parsed(&row.roles) }).collect())
    }

    /// The person accepts: a member with what was offered, under a new session as after any change of roles. No link
    /// that another school handed out opens what this one gives.
    pub async fn accept(&self, account: AccountId, school: SchoolId) -> Result<(), AccountError> {
        self.answer(account, school, Command::Accept).await
    }

    /// The person declines: nothing was, and the school may ask again.
    pub async fn decline(&self, account: AccountId, school: SchoolId) -> Result<(), AccountError> {
        self.answer(account, school, Command::Decline).await
    }

    async fn answer(&self, account: AccountId, school: SchoolId, command: Command) -> Result<(), AccountError> {
        let contexts = self.offer_contexts(account, &Actor::user(account)).await?;
        let context = contexts.into_iter().find(|context| context.school == school).ok_or(Error::NotMember)?;
        self.end_offer(context, account, command).await
    }

    /// The school takes an offer back.
    pub async fn withdraw(&self, context: &Context, account: AccountId) -> Result<(), AccountError> {
        self.end_offer(context.clone(), account, Command::Withdraw).await
    }

    async fn end_offer(&self, context: Context, account: AccountId, command: Command) -> Result<(), AccountError> {
        self.change(move |this| {
            let (context, command) = (context.clone(), command.clone());
            async move {
                let mut change = Change::within(&this, context.school, account).await?;
                let accepts = command == Command::Accept;
                if change.decide(&context, command).await?.is_empty() {
                    return Ok(());
                }
                change.keep_roles(context.school).await?;
                if accepts {
                    change.void_links().await?;
                    change.raise_epoch(Secrets::Kept).await?;
                } else {
                    change.end_sessions_of_nobodys().await?;
                }
                change.commit().await
            }
        })
        .await
    }

    /// A context for each school that waits for the account's answer.
    pub(super) async fn offer_contexts(&self, account: AccountId, actor: &Actor) -> Result<Vec<Context>, AccountError> {
        let schools = sqlx::query_scalar!(
            "select school_id from account_offers where account_id = $1 order by school_id",
            account.0
        )
        .fetch_all(&self.auth)
        .await?;
        self.contexts(schools, actor).await
    }
}

impl Change {
    /// Whether the person need not be asked: nobody has them, or this school does; whoever runs the installation
    /// adds them, or somebody who owns this school and each that has them.
    pub(super) async fn needs_no_answer(&mut self, context: &Context, scope: Scope) -> Result<bool, AccountError> {
        let schools = self.schools().await?;
        if scope == Scope::Installation || schools.is_empty() || schools.contains(&context.school) {
            return Ok(true);
        }
        let Some(by) = context.actor.as_user() else { return Ok(false) };
        let all: Vec<_> = schools.iter().chain([&context.school]).map(|school| school.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select not exists(
                 select from unnest($2::uuid[]) s (school_id) where not exists (
                   select from account_roles r
                   where r.account_id = $1 and r.school_id = s.school_id and r.role = 'OWNER')
               ) as "owns_all!""#,
            by.0,
            &all,
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Takes all offers back. The contexts were made before the account was locked: where a school was added since,
    /// the change is begun again.
    pub(super) async fn withdraw_all(&mut self, contexts: &[Context]) -> Result<(), AccountError> {
        let schools = sqlx::query_scalar!(
            "select school_id from account_offers where account_id = $1 order by school_id",
            self.row.id.0,
        )
        .fetch_all(&mut *self.tx)
        .await?;
        if !schools.into_iter().eq(contexts.iter().map(|context| context.school.0)) {
            return Err(AccountError::Conflict);
        }
        for context in contexts {
            self.decide(context, Command::Withdraw).await?;
            self.keep_roles(context.school).await?;
        }
        Ok(())
    }

    /// Writes what a school offers, or that it offers nothing.
    pub(super) async fn keep_offer(&mut self, school: SchoolId, roles: &[String]) -> Result<(), AccountError> {
        if roles.is_empty() {
            sqlx::query!(
                "delete from account_offers where school_id = $1 and account_id = $2",
                school.0,
                self.row.id.0,
            )
            .execute(&mut *self.tx)
            .await?;
            return Ok(());
        }
        sqlx::query!(
            "insert into account_offers (school_id, account_id, roles, offered_at) values ($1, $2, $3, $4)
             on conflict (school_id, account_id) do update set roles = excluded.roles",
            school.0,
            self.row.id.0,
            roles,
            self.now(),
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// A role that this program does not know is none.
fn parsed(roles: &[String]) -> Vec<StaffRole> {
    roles.iter().filter_map(|role| role.parse().ok()).collect()
}
