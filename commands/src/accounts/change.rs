//! One transaction over one account: its row is locked, its schools' streams decide, then rows and events
//! are written together.
//!
//! ```text
//! begin → the school's lock, where its administrators are counted → the account's row
//!       → per school: read the stream, decide → rows → the log's lock → append → commit
//! ```
//! In this order everywhere, so that two changes cannot wait for each other.

use super::error::AccountError;
use super::{Accounts, Proof};
use crate::append::{Head, NewEvent};
use crate::clock::micros;
use crate::context::Context;
use crate::ids::IdSource as _;
use chrono::{DateTime, Utc};
use domain::account::{Account, Command, Event, StaffRole, State};
use domain::event::decode_as;
use domain::{AccountId, Actor, Aggregate as _, EventId, SchoolId, Sealed, StreamId};
use sqlx::{PgConnection, Postgres, Transaction};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An account's row, locked.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) id: AccountId,
    pub(super) name: Sealed,
    pub(super) email: Sealed,
    pub(super) activated: bool,
    pub(super) disabled: bool,
    pub(super) authz_epoch: i64,
}

/// What becomes of what the account proves itself by, and with it of the browsers that it knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// It is as it was.
    Kept,
    /// It is another one, or counts for nothing: no browser is known any more.
    Void,
}

/// A change that is under way; dropped, it never was.
pub(super) struct Change {
    accounts: Accounts,
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) row: Row,
    now: DateTime<Utc>,
    events: Vec<NewEvent>,
}

impl Change {
    /// Locks a known account.
    pub(super) async fn of(accounts: &Accounts, account: AccountId) -> Result<Self, AccountError> {
        let tx = accounts.write.pool().begin().await?;
        Self::lock(accounts, tx, account).await
    }

    /// Locks a known account, if it is still as it was when its person proved who they are.
    pub(super) async fn proven(accounts: &Accounts, proof: Proof) -> Result<Self, AccountError> {
        let change = Self::of(accounts, proof.account).await?;
        if change.row.authz_epoch == proof.epoch { Ok(change) } else { Err(AccountError::Changed) }
    }

    /// Locks a known account, and first the school, whose roles and members nobody else changes meanwhile.
    pub(super) async fn within(
        accounts: &Accounts,
        school: SchoolId,
        account: AccountId,
    ) -> Result<Self, AccountError> {
        let mut tx = accounts.write.pool().begin().await?;
        lock_school_in_tx(&mut tx, school).await?;
        Self::lock(accounts, tx, account).await
    }

    /// The same of an account that is entered unless its address is known; the row is whoever's the
    /// address is.
    pub(super) async fn entering(
        accounts: &Accounts,
        school: SchoolId,
        email_hmac: [u8; 16],
        new: Option<&Row>,
    ) -> Result<Self, AccountError> {
        let mut tx = accounts.write.pool().begin().await?;
        lock_school_in_tx(&mut tx, school).await?;
        if let Some(new) = new {
            sqlx::query!(
                "insert into accounts (account_id, email_hmac, name, email, created_at) values ($1, $2, $3, $4, $5)
                 on conflict (email_hmac) do nothing",
                new.id.0,
                &email_hmac[..],
                new.name.as_str(),
                new.email.as_str(),
                accounts.write.clock().now(),
            )
            .execute(&mut *tx)
            .await?;
        }
        let id = sqlx::query_scalar!("select account_id from accounts where email_hmac = $1", &email_hmac[..])
            .fetch_optional(&mut *tx)
            .await?;
        // Gone again since it was looked up: look again.
        let id = id.ok_or(AccountError::Conflict)?;
        Self::lock(accounts, tx, AccountId(id)).await
    }

    async fn lock(
        accounts: &Accounts,
        mut tx: Transaction<'static, Postgres>,
        account: AccountId,
    ) -> Result<Self, AccountError> {
        let row = sqlx::query!(
            r#"select name, email, activated_at is not null as "activated!", disabled_at is not null as "disabled!",
                 authz_epoch
               from accounts where account_id = $1 for update"#,
            account.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(AccountError::Unknown)?;
        let row = Row {
            id: account,
            name: Sealed(row.name),
            email: Sealed(row.email),
            activated: row.activated,
            disabled: row.disabled,
            authz_epoch: row.authz_epoch,
        };
        let now = micros(accounts.write.clock().now());
        Ok(Self { accounts: accounts.clone(), tx, row, now, events: Vec::new() })
    }

    /// When it is made.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Decides in the school's stream; says what followed.
    pub(super) async fn decide(&mut self, context: &Context, command: Command) -> Result<Vec<Event>, AccountError> {
        let stream = StreamId::of(context.school, self.row.id);
        let (state, last) = self.load(&stream).await?;
        let decided = Account::decide(&state, command)?;
        for (event, sequence) in decided.iter().zip(last + 1..) {
            let id = EventId(self.accounts.write.ids().next());
            self.events.push(NewEvent::new(context, id, stream.clone(), sequence, self.now, event)?);
        }
        Ok(decided)
    }

    /// The stream's state and its last sequence, those decided just now included.
    async fn load(&mut self, stream: &StreamId) -> Result<(State, i64), AccountError> {
        // Sign-ins are many and change no state: of those the last one's number is enough.
        let rows = sqlx::query!(
            r#"select sequence, event_type, event_version,
                 case when event_type <> all($2) then payload::text end as payload
               from events e where aggregate_type = 'account' and aggregate_id = $1
                 and (event_type <> all($2) or sequence = (
                   select max(l.sequence) from events l
                   where l.aggregate_type = 'account' and l.aggregate_id = $1))
               order by sequence"#,
            stream.as_str(),
            &Event::NOTES.map(str::to_owned),
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut state = State::default();
        for row in &rows {
            if let Some(payload) = &row.payload {
                let event = decode_as::<Event>(&row.event_type, &row.event_version, payload);
                state = Account::evolve(state, &event.map_err(crate::StoreError::from)?);
            }
        }
        let mut last = rows.last().map_or(0, |row| row.sequence);
        for new in self.events.iter().filter(|event| event.stream == *stream) {
            let event = decode_as::<Event>(new.event_type, new.event_version, &new.payload);
            state = Account::evolve(state, &event.map_err(crate::StoreError::from)?);
            last = new.sequence;
        }
        Ok((state, last))
    }

    /// Writes what the school's stream says about roles and state into the tables.
    pub(super) async fn keep_roles(&mut self, school: SchoolId) -> Result<(), AccountError> {
        let (state, _) = self.load(&StreamId::of(school, self.row.id)).await?;
        let named = |roles: BTreeSet<StaffRole>| -> Vec<String> {
            roles.into_iter().map(|role| role.as_str().to_owned()).collect()
        };
        let (roles, disabled): (Vec<String>, bool) = match state {
            State::Offered(roles) => {
                self.keep_offer(school, &named(roles)).await?;
                return self.keep_disabled().await;
            }
            State::NotMember => {
                self.keep_offer(school, &[]).await?;
                return self.keep_disabled().await;
            }
            State::Member(member) if member.disabled => (vec![], true),
            State::Member(member) => (named(member.roles), false),
            State::Erased => (vec![], true),
        };
        self.keep_offer(school, &[]).await?;
        sqlx::query!(
            "insert into account_members (school_id, account_id, invited_at) values ($1, $2, $3) on conflict do nothing",
            school.0,
            self.row.id.0,
            self.now,
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "update account_members set disabled_at = case when $3 then coalesce(disabled_at, $4) end
             where school_id = $1 and account_id = $2",
            school.0,
            self.row.id.0,
            disabled,
            self.now,
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "delete from account_roles where school_id = $1 and account_id = $2 and role <> all($3)",
            school.0,
            self.row.id.0,
            &roles,
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "insert into account_roles (account_id, school_id, role, granted_at)
             select $2, $1, r, $4 from unnest($3::text[]) r on conflict do nothing",
            school.0,
            self.row.id.0,
            &roles,
            self.now,
        )
        .execute(&mut *self.tx)
        .await?;
        self.keep_disabled().await
    }

    /// Writes whether nobody lets the account in. Whom a school waits for may come in to answer it.
    async fn keep_disabled(&mut self) -> Result<(), AccountError> {
        sqlx::query!(
            "update accounts set disabled_at = case
               when not exists (select from account_members m where m.account_id = $1 and m.disabled_at is null)
                 and not exists (select from account_offers o where o.account_id = $1)
               then coalesce(disabled_at, $2) end
             where account_id = $1",
            self.row.id.0,
            self.now,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Whether somebody else can administer the school. Under the school's lock.
    pub(super) async fn other_admin(&mut self, school: SchoolId) -> Result<bool, AccountError> {
        Ok(sqlx::query_scalar!(
            r#"select exists(
                 select from account_roles r join accounts a on a.account_id = r.account_id
                 where r.school_id = $1 and r.role = 'ADMIN' and r.account_id <> $2 and a.activated_at is not null
               ) as "exists!""#,
            school.0,
            self.row.id.0,
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// The schools that it is a member of.
    pub(super) async fn schools(&mut self) -> Result<Vec<SchoolId>, AccountError> {
        let schools = sqlx::query_scalar!(
            "select school_id from account_members where account_id = $1 order by school_id",
            self.row.id.0,
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(schools.into_iter().map(SchoolId).collect())
    }

    /// Whether no other school has the account. Under the school's lock it is the school of the change.
    pub(super) async fn is_of_one_school(&mut self) -> Result<bool, AccountError> {
        Ok(self.schools().await?.len() == 1)
    }

    /// After what a school changed: ends every session of an account that is no other school's, or that no school lets
    /// in any more. Of the others each request sees the roles as they are: a school takes away what it gave, and nobody's
    /// place in another school. But whoever was given something and rules over others now comes in anew: the session
    /// may have begun with less than that asks for.
    pub(super) async fn end_sessions_after(&mut self, news: &[Event]) -> Result<(), AccountError> {
        let gives = news.iter().any(|event| matches!(event, Event::RoleGranted { .. } | Event::Enabled));
        sqlx::query!(
            "update accounts set authz_epoch = authz_epoch + 1,
               secrets_epoch = case when $2 then authz_epoch + 1 else secrets_epoch end
             where account_id = $1 and (disabled_at is not null
               or (select count(*) from account_members m where m.account_id = $1) = 1
               or $3 and exists (select from account_roles r where r.account_id = $1 and r.role in ('ADMIN', 'OWNER')))",
            self.row.id.0,
            news.contains(&Event::Disabled),
            gives,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Decides the same in the stream of each of its schools. The contexts were made before the account was
    /// locked: where a school was added since, the change is begun again.
    pub(super) async fn decide_everywhere(
        &mut self,
        contexts: &[Context],
        command: &Command,
    ) -> Result<(), AccountError> {
        if !self.schools().await?.into_iter().eq(contexts.iter().map(|context| context.school)) {
            return Err(AccountError::Conflict);
        }
        for context in contexts {
            self.decide(context, command.clone()).await?;
        }
        Ok(())
    }

    /// Ends every session of an account that nobody lets in any more.
    pub(super) async fn end_sessions_of_nobodys(&mut self) -> Result<(), AccountError> {
        sqlx::query!(
            "update accounts set authz_epoch = authz_epoch + 1 where account_id = $1 and disabled_at is not null",
            self.row.id.0,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Ends every session of the account.
    pub(super) async fn raise_epoch(&mut self, secrets: Secrets) -> Result<(), AccountError> {
        sqlx::query!(
            "update accounts set authz_epoch = authz_epoch + 1,
               secrets_epoch = case when $2 then authz_epoch + 1 else secrets_epoch end
             where account_id = $1",
            self.row.id.0,
            secrets == Secrets::Void,
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Tells each of its schools what the account proves itself by from now on, ends its sessions, and commits.
    pub(super) async fn commit_credential(
        mut self,
        contexts: &[Context],
        command: &Command,
    ) -> Result<(), AccountError> {
        self.decide_everywhere(contexts, command).await?;
        self.raise_epoch(Secrets::Void).await?;
        self.commit().await
    }

    /// Appends what was decided, and commits.
    pub(super) async fn commit(mut self) -> Result<(), AccountError> {
        if !self.events.is_empty() {
            let head = Head::take_in_tx(&mut self.tx, &**self.accounts.write.clock()).await?;
            head.append_in_tx(&mut self.tx, &self.events).await?;
        }
        self.tx.commit().await?;
        Ok(())
    }
}

async fn lock_school_in_tx(conn: &mut PgConnection, school: SchoolId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('accounts of ' || $1, 0))", school.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

impl Accounts {
    /// A context for each school that the account is a member of, for what it does itself.
    pub(super) async fn own_contexts(&self, account: AccountId, actor: &Actor) -> Result<Vec<Context>, AccountError> {
        let schools: Vec<Uuid> = sqlx::query_scalar!(
            "select school_id from account_members where account_id = $1 order by school_id",
            account.0,
        )
        .fetch_all(&self.auth)
        .await?;
        self.contexts(schools, actor).await
    }

    /// A context for each of these schools, in their order, for what belongs together.
    pub(super) async fn contexts(&self, schools: Vec<Uuid>, actor: &Actor) -> Result<Vec<Context>, AccountError> {
        let correlation_id = self.write.ids().next();
        let mut contexts = Vec::with_capacity(schools.len());
        for school in schools.into_iter().map(SchoolId) {
            contexts.push(Context {
                school,
                zone: self.write.school_settings(school).await?.zone,
                actor: actor.clone(),
                command_id: None,
                correlation_id,
                causation_id: None,
            });
        }
        Ok(contexts)
    }
}
