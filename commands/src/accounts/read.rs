//! What is asked about accounts.

use super::error::AccountError;
use super::{Accounts, INSTALLATION, StaffRole};
use chrono::{DateTime, Utc};
use domain::values::mail::Mail;
use domain::{AccountId, SchoolId, Sealed};
use std::collections::BTreeMap;

/// A person of the staff. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Person {
    /// Name; none once erased.
    pub name: Option<String>,
    /// Mail address; none once erased.
    pub email: Option<String>,
    /// Whether a password was chosen.
    pub activated: bool,
    /// Whether every school that it is a member of keeps it out.
    pub disabled: bool,
    /// Grows with every change of roles, credentials or state.
    pub authz_epoch: i64,
    /// Whether codes of an app are asked for.
    pub has_totp: bool,
}

/// A member of one school. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Member {
    /// The account.
    pub account_id: AccountId,
    /// Name; none once erased.
    pub name: Option<String>,
    /// Mail address; none once erased.
    pub email: Option<String>,
    /// What the member may do in this school now; nothing while disabled.
    pub roles: Vec<StaffRole>,
    /// When a password was chosen.
    pub activated_at: Option<DateTime<Utc>>,
    /// Since when this school keeps the member out.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Whether there is anything beside the password: codes of an app, a passkey.
    pub has_second_factor: bool,
}

impl Accounts {
    /// What an account may do now, by school.
    pub async fn roles(&self, account: AccountId) -> Result<Vec<(SchoolId, StaffRole)>, AccountError> {
        let rows = sqlx::query!(
            "select school_id, role from account_roles where account_id = $1 order by school_id, role",
            account.0,
        )
        .fetch_all(&self.auth)
        .await?;
        Ok(rows.iter().filter_map(|row| Some((SchoolId(row.school_id), row.role.parse().ok()?))).collect())
    }

    /// Whose an address is, whatever the account's state; what is no address is nobody's.
    pub async fn by_email(&self, email: &str) -> Result<Option<AccountId>, AccountError> {
        let Ok(mail) = Mail::parse(email) else { return Ok(None) };
        let hmac = self.email_hmac(&mail);
        let id = sqlx::query_scalar!("select account_id from accounts where email_hmac = $1", &hmac[..]);
        Ok(id.fetch_optional(&self.auth).await?.map(AccountId))
    }

    /// Who it is.
    pub async fn person(&self, account: AccountId) -> Result<Person, AccountError> {
        let row = sqlx::query!(
            r#"select a.name, a.email, a.activated_at is not null as "activated!", a.disabled_at is not null as "disabled!",
                 a.authz_epoch,
                 exists(select from account_totp t where t.account_id = a.account_id and t.confirmed_at is not null)
                   as "has_totp!"
               from accounts a where a.account_id = $1"#,
            account.0,
        )
        .fetch_optional(&self.auth)
        .await?
        .ok_or(AccountError::Unknown)?;
        let keys = self.write.vault().keys_of(INSTALLATION, &[account.0]).await?;
        Ok(Person {
            name: keys.open(account.0, "name", &Sealed(row.name))?.plain(),
            email: keys.open(account.0, "email", &Sealed(row.email))?.plain(),
            activated: row.activated,
            disabled: row.disabled,
            authz_epoch: row.authz_epoch,
            has_totp: row.has_totp,
        })
    }

    /// The members of a school, by name; whoever is disabled included.
    pub async fn members(&self, school: SchoolId) -> Result<Vec<Member>, AccountError> {
        let rows = sqlx::query!(
            r#"select a.account_id, a.name, a.email, a.activated_at, m.disabled_at,
                 exists(select from account_totp t where t.account_id = a.account_id and t.confirmed_at is not null)
                   or exists(select from account_passkeys p where p.account_id = a.account_id and p.rp_id = $2)
                   as "has_second_factor!"
               from account_members m join accounts a on a.account_id = m.account_id
               where m.school_id = $1"#,
            school.0,
            self.rp_id(),
        )
        .fetch_all(&self.auth)
        .await?;
        let granted = sqlx::query!("select account_id, role from account_roles where school_id = $1", school.0)
            .fetch_all(&self.auth)
            .await?;
        let mut roles: BTreeMap<_, Vec<StaffRole>> = BTreeMap::new();
        for row in granted {
            roles.entry(row.account_id).or_default().extend(row.role.parse::<StaffRole>());
        }
        let ids: Vec<_> = rows.iter().map(|row| row.account_id).collect();
        let keys = self.write.vault().keys_of(INSTALLATION, &ids).await?;
        let mut members = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.account_id;
            let mut roles = roles.remove(&id).unwrap_or_default();
            roles.sort_unstable();
            members.push(Member {
                account_id: AccountId(id),
                name: keys.open(id, "name", &Sealed(row.name))?.plain(),
                email: keys.open(id, "email", &Sealed(row.email))?.plain(),
                roles,
                activated_at: row.activated_at,
                disabled_at: row.disabled_at,
                has_second_factor: row.has_second_factor,
            });
        }
        members.sort_by_cached_key(|member| (member.name.clone(), member.account_id));
        Ok(members)
    }
}
