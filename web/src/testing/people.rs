//! People who are signed in, made as if they had always been there.

use super::http;
use crate::session;
use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::{Proof, Secret256};
use commands::ids::IdSource as _;
use domain::account::StaffRole;
use domain::sealed::SealingClass::{Contact, Identity};
use domain::values::mail::Mail;
use domain::{AccountId, SchoolId};
use sqlx::PgPool;
use uuid::Uuid;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct TestPerson {
    /// The account.
    pub account_id: AccountId,
    /// `sid=…`, the header `Cookie` of this person's browser.
    pub cookie: String,
}

/// The cookie of the person who owns every school of a test.
pub const OWNER_COOKIE: &str = "sid=b3duZXItb3duZXItb3duZXItb3duZXItb3duZXItb3c";

/// Gives [`OWNER_COOKIE`]'s person a school.
pub async fn own(log_writer: &PgPool, school: SchoolId, now: DateTime<Utc>) -> Result<()> {
    grant(log_writer, AccountId(Uuid::from_u128(0x0e)), school, StaffRole::Owner, now).await
}

pub(super) async fn grant(
    pool: &PgPool,
    account: AccountId,
    school: SchoolId,
    role: StaffRole,
    now: DateTime<Utc>,
) -> Result<()> {
    for statement in [
        "insert into account_members (school_id, account_id, invited_at) values ($1, $2, $3) on conflict do nothing",
        "insert into account_roles (school_id, account_id, granted_at, role) values ($1, $2, $3, $4)
         on conflict do nothing",
    ] {
        let query = sqlx::query(statement).bind(school.0).bind(account.0).bind(now);
        let query = if statement.contains("$4") { query.bind(role.as_str()) } else { query };
        query.execute(pool).await?;
    }
    Ok(())
}

impl TestPerson {
    /// The same one in every server over the same databases, with [`OWNER_COOKIE`]; the session outlasts every
    /// test's clock.
    pub async fn owner(state: &crate::AppState) -> Result<Self> {
        let account_id = AccountId(Uuid::from_u128(0x0e));
        let secret = Secret256::parse(OWNER_COOKIE.trim_start_matches("sid=")).context("a secret")?;
        if state.sessions.person(&secret).await?.is_none() {
            sqlx::query("delete from sessions where secret_sha256 = $1")
                .bind(secret.sha256())
                .execute(&state.pools.auth)
                .await?;
            Self::of(state, account_id).await?;
            let lasting = "update sessions set secret_sha256 = $2, idle_seconds = 1000000000,
                ends_at = ends_at + interval '30 years' where account_id = $1";
            sqlx::query(lasting).bind(account_id.0).bind(secret.sha256()).execute(&state.pools.auth).await?;
        }
        Ok(Self { account_id, cookie: OWNER_COOKIE.to_owned() })
    }

    /// Somebody new who holds a role in a school, signed in.
    pub async fn with_role(state: &crate::AppState, school: SchoolId, role: StaffRole) -> Result<Self> {
        let person = Self::of(state, AccountId(state.ids.next())).await?;
        person.grant(state, school, role).await?;
        Ok(person)
    }

    /// Gives another role as if it had always been there.
    pub async fn grant(&self, state: &crate::AppState, school: SchoolId, role: StaffRole) -> Result<()> {
        grant(&state.pools.log_writer, self.account_id, school, role, state.clock.now()).await
    }

    /// An account, made unless it is there, and an open session of it.
    async fn of(state: &crate::AppState, account_id: AccountId) -> Result<Self> {
        let (id, vault) = (account_id.0, state.write.vault());
        // The accounts' keys belong to no school.
        let keys = vault.ensure_keys(SchoolId(Uuid::nil()), &[(id, Identity), (id, Contact)]).await?;
        sqlx::query(
            "insert into accounts (account_id, email_hmac, name, email, created_at, activated_at)
             values ($1, $2, $3, $4, $5, $5) on conflict do nothing",
        )
        .bind(id)
        .bind(id.as_bytes().as_slice())
        .bind(keys.seal(id, Identity, "account.invited", "name", "Marta Rojas")?.as_str())
        .bind(keys.seal(id, Contact, "account.invited", "email", "marta@escuela.cl")?.as_str())
        .bind(state.clock.now())
        .execute(&state.pools.log_writer)
        .await?;
        let mut person = Self { account_id, cookie: String::new() };
        person.sign_in(state).await?;
        Ok(person)
    }

    /// Begins another session; the one before stays open.
    pub async fn sign_in(&mut self, state: &crate::AppState) -> Result<()> {
        let begin = session::Begin {
            proof: self.proof(state).await?,
            stage: session::Stage::Open,
            device: "Firefox · Linux".to_owned(),
            network: "127.0.0.0/24".to_owned(),
        };
        let secret = state.sessions.begin(&begin, None).await?.context("a session")?;
        self.cookie = format!("sid={}", *secret.reveal());
        Ok(())
    }

    /// As if the person had proved who they are just now.
    pub async fn proof(&self, state: &crate::AppState) -> Result<Proof> {
        proof(state, self.account_id).await
    }

    /// A client with this person's cookie, whose writes come from the server's own pages.
    pub fn client(&self, base: &str) -> reqwest::ClientBuilder {
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in [("cookie", self.cookie.as_str()), ("origin", base)] {
            headers.insert(name, value.parse().expect("ASCII"));
        }
        http().default_headers(headers)
    }
}

/// As if an account's person had proved who they are just now.
pub async fn proof(state: &crate::AppState, account: AccountId) -> Result<Proof> {
    Ok(Proof { account, epoch: state.accounts.person(account).await?.authz_epoch })
}

/// `fam=…`: the cookie of a session of whoever reads an address.
pub async fn family(state: &crate::AppState, address: &str) -> Result<String> {
    let secret = Secret256::random()?;
    let now = state.clock.of_people();
    sqlx::query(
        "insert into family_sessions
           (session_id, secret_sha256, email_hmac, created_at, last_seen_at, ends_at, device, network)
         values ($1, $2, $3, $4, $4, $5, '', '')",
    )
    .bind(state.ids.next())
    .bind(secret.sha256())
    .bind(commands::guardians::address_key(&state.write, &Mail::parse(address)?))
    .bind(now)
    .bind(now + TimeDelta::days(30))
    .execute(&state.pools.auth)
    .await?;
    Ok(format!("fam={}", *secret.reveal()))
}
