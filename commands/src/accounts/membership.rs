//! What a school does about its people: invite, grant, revoke, disable, enable, a new link.

use super::change::{Change, Row, Secrets};
use super::error::AccountError;
use super::{Accounts, INSTALLATION, LinkPurpose, Secret256, StaffRole};
use crate::context::Context;
use crate::directory::Kind;
use crate::ids::IdSource as _;
use crate::use_cases::Invalid;
use chrono::{DateTime, TimeDelta, Utc};
use domain::AccountId;
use domain::account::{Command, Event};
use domain::sealed::SealingClass::{Contact, Identity};
use domain::values::{mail::Mail, name};

/// How long a link may be used.
pub(super) const LINK: TimeDelta = TimeDelta::hours(24);

/// A person to be invited. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct Invite {
    /// Mail address.
    pub email: String,
    /// Name.
    pub name: String,
    /// What the person will be.
    pub role: StaffRole,
}

/// A link that was made; whoever has it chooses the password.
#[derive(Debug, Clone)]
pub struct Link {
    /// To be shown once, in the fragment of an address.
    pub secret: Secret256,
    /// The first password, or another.
    pub purpose: LinkPurpose,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// The person as invited.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The account.
    pub account_id: AccountId,
    /// None where the person can sign in already, or it would be shown to a school whose account it is not alone
    /// ([`Scope::School`]).
    pub link: Option<Link>,
    /// Whether the person has to accept first, because another school has them.
    pub pending: bool,
}

/// Who is shown a link. It opens all of an account, in whatever school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Somebody of the school: of an account that is nobody else's.
    School,
    /// The account's own mailbox, and nobody else.
    Mailbox,
    /// Whoever runs the installation.
    Installation,
}

impl Accounts {
    /// Makes a member with a role; whoever invites is shown the link. A known address gets the role, and keeps its
    /// name; where another school has its person, nothing counts until the person accepts.
    pub async fn invite(&self, context: &Context, invite: Invite) -> Result<Invited, AccountError> {
        self.invite_for(context, invite, Scope::School).await
    }

    /// The same; the link is for who is said. Whoever runs the installation adds a person to a second school without
    /// asking, and so does who owns all schools of that person.
    pub async fn invite_for(&self, context: &Context, invite: Invite, scope: Scope) -> Result<Invited, AccountError> {
        let name = name::clean(&invite.name).map_err(|_| AccountError::Invalid(Invalid::Name))?;
        let mail = Mail::parse(&invite.email).map_err(|_| AccountError::Invalid(Invalid::Mail))?;
        let (hmac, context) = (self.email_hmac(&mail), context.clone());
        self.change(move |this| {
            let (context, name, mail) = (context.clone(), name.clone(), mail.clone());
            async move { this.try_invite(&context, (&name, &mail, hmac), invite.role, scope).await }
        })
        .await
    }

    async fn try_invite(
        &self,
        context: &Context,
        (name, mail, hmac): (&str, &Mail, [u8; 16]),
        role: StaffRole,
        scope: Scope,
    ) -> Result<Invited, AccountError> {
        let known = sqlx::query_scalar!("select account_id from accounts where email_hmac = $1", &hmac[..])
            .fetch_optional(self.write.pool())
            .await?;
        let new = match known {
            Some(_) => None,
            None => Some(self.seal(name, mail).await?),
        };
        let mut change = Change::entering(self, context.school, hmac, new.as_ref()).await?;
        let row = change.row.clone();
        if !change.needs_no_answer(context, scope).await? {
            change.decide(context, Command::Offer { role }).await?;
            change.keep_roles(context.school).await?;
            // Beside those that the person's school handed out, which stay good.
            let link = match row.activated || scope != Scope::Mailbox {
                true => None,
                false => Some(change.link(context, LinkPurpose::Activate, scope).await?),
            };
            change.commit().await?;
            return Ok(Invited { account_id: row.id, link, pending: true });
        }
        let command = Command::Invite { name: row.name, email: row.email, role, activated: row.activated };
        let news = change.decide(context, command).await?;
        change.keep_roles(context.school).await?;
        let alone = change.is_of_one_school().await?;
        if !alone {
            // Who holds one, in another school, would open what this one grants.
            change.void_links().await?;
        }
        let link = match row.activated || !(alone || scope != Scope::School) {
            true => None,
            false => {
                change.void_links().await?;
                Some(change.link(context, LinkPurpose::Activate, scope).await?)
            }
        };
        if !news.is_empty() {
            change.end_sessions_after(&news).await?;
        }
        change.commit().await?;
        Ok(Invited { account_id: row.id, link, pending: false })
    }

    /// A new person's row, with keys of its own.
    async fn seal(&self, name: &str, mail: &Mail) -> Result<Row, AccountError> {
        let id = self.write.ids().next();
        let keys = self.write.vault().ensure_keys(INSTALLATION, &[(id, Identity), (id, Contact)]).await?;
        Ok(Row {
            id: AccountId(id),
            name: keys.seal(id, Identity, "account.invited", "name", name)?,
            email: keys.seal(id, Contact, "account.invited", "email", mail.as_str())?,
            activated: false,
            disabled: false,
            authz_epoch: 1,
        })
    }

    pub(super) fn email_hmac(&self, mail: &Mail) -> [u8; 16] {
        self.write.directory().hmac(INSTALLATION, Kind::Mail, mail.as_str())
    }

    /// Gives a member a role.
    pub async fn grant(&self, context: &Context, account: AccountId, role: StaffRole) -> Result<(), AccountError> {
        self.decide_in(context, account, move |_| Command::Grant { role }).await
    }

    /// Takes a role back. The school's last administrator keeps it.
    pub async fn revoke(&self, context: &Context, account: AccountId, role: StaffRole) -> Result<(), AccountError> {
        self.decide_in(context, account, move |other_admin| Command::Revoke { role, other_admin }).await
    }

    /// Keeps a member out of this school. Where no other school lets it in, it cannot sign in any more.
    pub async fn disable(&self, context: &Context, account: AccountId) -> Result<(), AccountError> {
        self.decide_in(context, account, |other_admin| Command::Disable { other_admin }).await
    }

    /// Lets a member in again, with the roles as they were.
    pub async fn enable(&self, context: &Context, account: AccountId) -> Result<(), AccountError> {
        self.decide_in(context, account, |_| Command::Enable).await
    }

    /// Ends every session and program of a member. Of an account that another school has, too, a school does not.
    pub async fn end_sessions(&self, context: &Context, account: AccountId) -> Result<(), AccountError> {
        let context = context.clone();
        self.change(move |this| {
            let context = context.clone();
            async move {
                let mut change = Change::within(&this, context.school, account).await?;
                if !change.is_of_one_school().await? {
                    return Err(AccountError::OfAnotherSchool);
                }
                change.decide(&context, Command::EndSessions).await?;
                change.raise_epoch(Secrets::Kept).await?;
                change.commit().await
            }
        })
        .await
    }

    /// One command in the school's stream, with its rows. If it changed anything, the sessions of an account that is
    /// no other school's, or that rules over others by it, end; and the links are void that somebody handed out who may do less now.
    async fn decide_in(
        &self,
        context: &Context,
        account: AccountId,
        command: impl Fn(bool) -> Command + Send + Clone + 'static,
    ) -> Result<(), AccountError> {
        let context = context.clone();
        self.change(move |this| {
            let (context, command) = (context.clone(), command.clone());
            async move {
                let mut change = Change::within(&this, context.school, account).await?;
                let other_admin = change.other_admin(context.school).await?;
                let news = change.decide(&context, command(other_admin)).await?;
                if news.is_empty() {
                    return Ok(());
                }
                change.keep_roles(context.school).await?;
                if news.iter().any(|event| matches!(event, Event::RoleRevoked { .. } | Event::Disabled)) {
                    change.void_links_handed_out(context.school).await?;
                }
                change.end_sessions_after(&news).await?;
                change.commit().await
            }
        })
        .await
    }

    /// A new link, by which the account's password is chosen: the first one, or another. Earlier links are
    /// void. Nobody of a school is shown one of an account that another school has, too.
    pub async fn reset(&self, context: &Context, account: AccountId, scope: Scope) -> Result<Link, AccountError> {
        let context = context.clone();
        self.change(move |this| {
            let context = context.clone();
            async move {
                let mut change = Change::within(&this, context.school, account).await?;
                let purpose = if change.row.activated { LinkPurpose::Reset } else { LinkPurpose::Activate };
                change.void_links().await?;
                let link = change.link(&context, purpose, scope).await?;
                if scope == Scope::School && !change.is_of_one_school().await? {
                    return Err(AccountError::OfAnotherSchool);
                }
                change.commit().await?;
                Ok(link)
            }
        })
        .await
    }
}

impl Change {
    async fn link(&mut self, context: &Context, purpose: LinkPurpose, scope: Scope) -> Result<Link, AccountError> {
        self.decide(context, Command::IssueLink { purpose }).await?;
        let secret = Secret256::random()?;
        let expires_at = self.now() + LINK;
        sqlx::query!(
            "insert into account_links (token_sha256, account_id, purpose, issued_at, expires_at, shown, issued_by)
             values ($1, $2, $3, $4, $5, $6, (select account_id from accounts where account_id = $7))",
            &secret.sha256()[..],
            self.row.id.0,
            purpose.as_str(),
            self.now(),
            expires_at,
            scope == Scope::School,
            context.actor.as_user().map(|account| account.0),
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(Link { secret, purpose, expires_at })
    }
}
