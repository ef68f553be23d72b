//! One-time links: who opens one chooses the account's password. Nobody else ever sets one.

use super::change::{Change, Secrets};
use super::error::AccountError;
use super::{Accounts, Credential, INSTALLATION, LinkPurpose, Proof, Secret256, Turn, password};
use chrono::{DateTime, Utc};
use domain::account::Command;
use domain::{AccountId, Actor, SchoolId, Sealed};

/// Whose a link is. Holds personal data in clear: neither `Debug` nor `Display`.
#[derive(Clone)]
pub struct LinkOf {
    /// The account.
    pub account_id: AccountId,
    /// The first password, or another.
    pub purpose: LinkPurpose,
    /// The account's address; empty once erased.
    pub email: String,
    /// The person's name; empty once erased.
    pub name: String,
    /// Until when the link may be used.
    pub expires_at: DateTime<Utc>,
}

impl Accounts {
    /// Whose a link is, if it may be used. Uses nothing up, however often.
    #[cfg(test)]
    pub async fn open_link(&self, token: &str) -> Result<LinkOf, AccountError> {
        self.link_of(token, self.write.clock().now()).await
    }

    async fn link_of(&self, token: &str, now: DateTime<Utc>) -> Result<LinkOf, AccountError> {
        let secret = Secret256::parse(token).ok_or(AccountError::Link)?;
        let row = sqlx::query!(
            "select l.account_id, l.purpose, l.expires_at, a.name, a.email
             from account_links l join accounts a on a.account_id = l.account_id
             where l.token_sha256 = $1 and l.used_at is null and l.expires_at > $2 and a.disabled_at is null",
            &secret.sha256()[..],
            now,
        )
        .fetch_optional(&self.auth)
        .await?
        .ok_or(AccountError::Link)?;
        let keys = self.write.vault().keys_of(INSTALLATION, &[row.account_id]).await?;
        let open = |field, text| Ok::<_, AccountError>(keys.open(row.account_id, field, &Sealed(text))?.plain());
        Ok(LinkOf {
            account_id: AccountId(row.account_id),
            purpose: if row.purpose == "reset" { LinkPurpose::Reset } else { LinkPurpose::Activate },
            email: open("email", row.email)?.unwrap_or_default(),
            name: open("name", row.name)?.unwrap_or_default(),
            expires_at: row.expires_at,
        })
    }

    /// Sets the password of a link's account and uses the link up: of many at once one succeeds. A second
    /// factor stays. Where a school was shown the link, it may be the school that has the account now: what other
    /// schools offer the person is taken back.
    pub async fn activate(&self, token: &str, password: &str, now: DateTime<Utc>) -> Result<Proof, AccountError> {
        let link = self.link_of(token, now).await?;
        let account = link.account_id;
        let actor = Actor::user(account);
        let mut words = vec![link.name, link.email];
        words.extend(self.school_names(account).await?);
        password::check(password, &words).map_err(AccountError::Unfit)?;
        let phc = self.hashing.hash(Turn::Known, password).await?;
        let hash = Secret256::parse(token).ok_or(AccountError::Link)?.sha256();
        self.change(move |this| {
            let (actor, phc) = (actor.clone(), phc.clone());
            async move {
                let contexts = this.own_contexts(account, &actor).await?;
                let offers = this.offer_contexts(account, &actor).await?;
                let mut change = Change::of(&this, account).await?;
                let shown = sqlx::query_scalar!(
                    "update account_links set used_at = $2
                     where token_sha256 = $1 and used_at is null and expires_at > $2 returning shown",
                    &hash[..],
                    now,
                )
                .fetch_optional(&mut *change.tx)
                .await?;
                let Some(shown) = shown.filter(|_| !change.row.disabled) else { return Err(AccountError::Link) };
                change.decide_everywhere(&contexts, &Command::Activate).await?;
                if shown {
                    change.withdraw_all(&offers).await?;
                }
                change.set_password(&contexts, &phc).await?;
                let proof = Proof { account, epoch: change.row.authz_epoch }.after_own_change();
                change.commit().await?;
                Ok(proof)
            }
        })
        .await
    }

    /// The names of its schools, which no password may consist of.
    pub(super) async fn school_names(&self, account: AccountId) -> Result<Vec<String>, AccountError> {
        Ok(sqlx::query_scalar!(
            r#"select e.payload->>'name' as "name!" from account_members m
               join events e on e.aggregate_type = 'school' and e.aggregate_id = m.school_id || '/' || m.school_id
                 and e.event_type = 'registered'
               where m.account_id = $1"#,
            account.0,
        )
        .fetch_all(self.write.pool())
        .await?)
    }
}

impl Change {
    /// Keeps a new password: tells every school, voids links, ends sessions.
    pub(super) async fn set_password(&mut self, contexts: &[crate::Context], phc: &str) -> Result<(), AccountError> {
        let changed = Command::ChangeCredential { credential: Credential::Password };
        self.decide_everywhere(contexts, &changed).await?;
        self.void_links().await?;
        sqlx::query!(
            "insert into account_passwords (account_id, phc, changed_at) values ($1, $2, $3)
             on conflict (account_id) do update set phc = $2, changed_at = $3",
            self.row.id.0,
            phc,
            self.now(),
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "update accounts set activated_at = coalesce(activated_at, $2) where account_id = $1",
            self.row.id.0,
            self.now(),
        )
        .execute(&mut *self.tx)
        .await?;
        self.raise_epoch(Secrets::Void).await
    }

    /// No link of the account may be used any more, nor by whoever opened one already and is choosing the password:
    /// what is void was so from the beginning.
    pub(super) async fn void_links(&mut self) -> Result<(), AccountError> {
        sqlx::query!(
            "update account_links set expires_at = issued_at where account_id = $1 and used_at is null
               and expires_at > issued_at",
            self.row.id.0,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// No link that the account's person handed out to people of this school may be used any more.
    pub(super) async fn void_links_handed_out(&mut self, school: SchoolId) -> Result<(), AccountError> {
        sqlx::query!(
            "update account_links l set expires_at = issued_at from account_members m
             where l.issued_by = $1 and l.used_at is null and m.account_id = l.account_id and m.school_id = $2",
            self.row.id.0,
            school.0,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
