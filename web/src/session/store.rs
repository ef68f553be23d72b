//! The sessions' rows. Every instant is the injected clock's.

use super::Person;
use super::watch::Streams;
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::{Proof, Secret256};
use commands::clock::Clock;
use commands::ids::IdSource;
use domain::account::StaffRole;
use domain::{AccountId, SchoolId};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// How long a session may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Since it was last used.
    pub idle: TimeDelta,
    /// Since it began, however much it is used.
    pub absolute: TimeDelta,
    /// Since the password, while the second factor is still to come.
    pub second_factor: TimeDelta,
    /// Between the password and a first second factor.
    pub enrolment: TimeDelta,
}

/// Of the staff (OWASP ASVS 5.0, 7.3).
pub const STAFF: Limits = Limits {
    idle: TimeDelta::minutes(30),
    absolute: TimeDelta::hours(12),
    second_factor: TimeDelta::minutes(5),
    enrolment: TimeDelta::minutes(15),
};

/// Codes that may be tried after one password.
const CODES: i16 = 5;
/// How long the row of a session that ended is kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A second factor is still to come: it opens nothing.
    SecondFactor,
    /// A second factor is still to be added: it opens the pages for that.
    Enrolment,
    /// It opens what its person may see.
    Open,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::Enrolment => "enrolment",
            Self::Open => "open",
        }
    }

    fn lasts(self) -> TimeDelta {
        match self {
            Self::SecondFactor => STAFF.second_factor,
            Self::Enrolment => STAFF.enrolment,
            Self::Open => STAFF.absolute,
        }
    }
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct Begin {
    /// By what.
    pub proof: Proof,
    /// How far it is.
    pub stage: Stage,
    /// `Firefox · Linux`
    pub device: String,
    /// `203.0.113.0/24`
    pub network: String,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The person signed out.
    SignedOut,
    /// The person ended it from another session.
    ByPerson,
    /// Password or second factor changed.
    CredentialChanged,
    /// The same browser signed in again.
    Replaced,
}

impl Ended {
    /// As it is stored, and said in the account's events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::ByPerson => "ended_by_person",
            Self::CredentialChanged => "credential_changed",
            Self::Replaced => "replaced",
        }
    }
}

/// A session in its person's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub session_id: Uuid,
    /// `Firefox · Linux`; may be empty.
    pub device: String,
    /// `203.0.113.0/24`; may be empty.
    pub network: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
}

/// The sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    pub(super) pool: PgPool,
    pub(super) clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    pub(super) streams: Streams,
}

impl Sessions {
    /// Over the pool of the role that signs people in.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { pool, clock, ids, streams: Streams::default() }
    }

    /// The person of a session, if it is open now: one statement for session, account and roles. Notes that it was
    /// used, once a minute.
    pub async fn person(&self, secret: &Secret256) -> Result<Option<Person>, sqlx::Error> {
        let row = sqlx::query!(
            r#"with open as (
                select s.session_id, s.account_id, s.stepped_up_at, s.last_seen_at, a.authz_epoch
                from sessions s join accounts a using (account_id)
                where s.secret_sha256 = $1 and session_is_open(s, a, $2)
            ), used as (
                update sessions s set last_seen_at = $2 from open o
                where s.session_id = o.session_id and o.last_seen_at < $2 - interval '1 minute'
            )
            select o.session_id as "session_id!", o.account_id as "account_id!", o.stepped_up_at as "stepped_up_at!",
                o.authz_epoch as "authz_epoch!",
                coalesce(array_agg(r.school_id order by r.school_id, r.role) filter (where r.role is not null), '{}')
                    as "schools!",
                coalesce(array_agg(r.role order by r.school_id, r.role) filter (where r.role is not null), '{}')
                    as "roles!"
            from open o left join account_roles r using (account_id)
            group by o.session_id, o.account_id, o.stepped_up_at, o.authz_epoch"#,
            &secret.sha256(),
            self.clock.of_people(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Person {
            session_id: row.session_id,
            account_id: AccountId(row.account_id),
            roles: roles(row.schools, &row.roles),
            stepped_up_at: row.stepped_up_at,
            authz_epoch: row.authz_epoch,
        }))
    }

    /// Begins a session under a new id, and ends the one that the browser had; none if the account is disabled or
    /// not activated, or changed since its person proved anything. Forgets what ended long ago.
    pub async fn begin(&self, begin: &Begin, replaces: Option<&Secret256>) -> Result<Option<Secret256>, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        let ends_at = now + begin.stage.lasts();
        let idle = i32::try_from(STAFF.idle.num_seconds()).unwrap_or(i32::MAX);
        if let Some(old) = replaces {
            self.end_secret(old, Ended::Replaced).await?;
        }
        let begun = sqlx::query!(
            "with forgotten as (delete from sessions where account_id = $3 and ends_at < $10)
            insert into sessions (session_id, secret_sha256, account_id, stage, authz_epoch, created_at, last_seen_at,
                rotated_at, stepped_up_at, idle_seconds, ends_at, device, network)
            select $1, $2, account_id, $4, authz_epoch, $5, $5, $5, $5, $6, $7, $8, $9 from accounts
            where account_id = $3 and authz_epoch = $11 and activated_at is not null and disabled_at is null",
            self.ids.next(),
            &secret.sha256(),
            begin.proof.account.0,
            begin.stage.as_str(),
            now,
            idle,
            ends_at,
            begin.device,
            begin.network,
            now - KEPT,
            begin.proof.epoch,
        )
        .execute(&self.pool)
        .await?;
        Ok((begun.rows_affected() == 1).then_some(secret))
    }

    /// Who is to add a second factor in this session; none if that is not what it is for, or the account changed since
    /// the password was given.
    pub async fn enrolling(&self, secret: &Secret256) -> Result<Option<Proof>, sqlx::Error> {
        let row = sqlx::query!(
            "select s.account_id, s.authz_epoch from sessions s join accounts a using (account_id)
            where s.secret_sha256 = $1 and s.stage = 'enrolment' and s.ended_at is null and s.ends_at > $2
                and a.disabled_at is null and a.authz_epoch = s.authz_epoch",
            &secret.sha256(),
            self.clock.of_people(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Proof { account: AccountId(row.account_id), epoch: row.authz_epoch }))
    }

    /// Whose second factor this session waits for; none when there were too many tries, the account changed since the
    /// password was given, or it waits for none.
    pub async fn waits_for(&self, secret: &Secret256) -> Result<Option<Proof>, sqlx::Error> {
        let row = sqlx::query!(
            "select s.account_id, s.authz_epoch from sessions s join accounts a using (account_id)
            where s.secret_sha256 = $1 and s.stage = 'second_factor' and s.ended_at is null and s.ends_at > $2
                and s.attempts < $3 and a.disabled_at is null and a.authz_epoch = s.authz_epoch",
            &secret.sha256(),
            self.clock.of_people(),
            CODES,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Proof { account: AccountId(row.account_id), epoch: row.authz_epoch }))
    }

    /// The same, counting one more try.
    pub async fn try_code(&self, secret: &Secret256) -> Result<Option<Proof>, sqlx::Error> {
        let row = sqlx::query!(
            "update sessions s set attempts = attempts + 1 from accounts a
            where s.secret_sha256 = $1 and s.stage = 'second_factor' and s.ended_at is null and s.ends_at > $2
                and s.attempts < $3
                and a.account_id = s.account_id and a.disabled_at is null and a.authz_epoch = s.authz_epoch
            returning s.account_id, s.authz_epoch",
            &secret.sha256(),
            self.clock.of_people(),
            CODES,
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| Proof { account: AccountId(row.account_id), epoch: row.authz_epoch }))
    }

    /// Gives a session a new id, since its person gave the password again; none if it has ended meanwhile.
    pub async fn step_up(&self, session_id: Uuid) -> Result<Option<Secret256>, sqlx::Error> {
        let (secret, now) = (fresh()?, self.clock.of_people());
        let done = sqlx::query!(
            "update sessions set secret_sha256 = $2, rotated_at = $3, stepped_up_at = $3
            where session_id = $1 and stage = 'open' and ended_at is null",
            session_id,
            &secret.sha256(),
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok((done.rows_affected() == 1).then_some(secret))
    }

    /// A session under a new id in place of all of a person's, since the person changed a credential in it: with its
    /// own end, and stepped up when it was. None if it has ended meanwhile, or more changed than that.
    pub async fn renew(&self, person: &Person) -> Result<Option<Secret256>, sqlx::Error> {
        let secret = fresh()?;
        let done = sqlx::query!(
            "with old as (
                update sessions set ended_at = $3, end_reason = $4 where account_id = $1 and ended_at is null
                returning session_id, stage, authz_epoch, created_at, stepped_up_at, idle_seconds, ends_at, device, network
            )
            insert into sessions (session_id, secret_sha256, account_id, stage, authz_epoch, created_at, last_seen_at,
                rotated_at, stepped_up_at, idle_seconds, ends_at, device, network)
            select $5, $6, a.account_id, o.stage, a.authz_epoch, o.created_at, $3, $3, o.stepped_up_at, o.idle_seconds,
                o.ends_at, o.device, o.network
            from old o join accounts a on a.account_id = $1
            where o.session_id = $2 and o.stage = 'open' and a.disabled_at is null
                and a.authz_epoch in (o.authz_epoch, o.authz_epoch + 1)",
            person.account_id.0,
            person.session_id,
            self.clock.of_people(),
            Ended::CredentialChanged.as_str(),
            self.ids.next(),
            &secret.sha256(),
        )
        .execute(&self.pool)
        .await?;
        Ok((done.rows_affected() == 1).then_some(secret))
    }

    /// The open sessions of a person, last used first.
    pub async fn list(&self, account_id: AccountId) -> Result<Vec<Listed>, sqlx::Error> {
        sqlx::query_as!(
            Listed,
            "select s.session_id, s.device, s.network, s.created_at, s.last_seen_at
            from sessions s join accounts a using (account_id)
            where s.account_id = $1 and session_is_open(s, a, $2)
            order by s.last_seen_at desc, s.session_id",
            account_id.0,
            self.clock.of_people(),
        )
        .fetch_all(&self.pool)
        .await
    }

    /// Ends one session of a person; whether there was such a one.
    pub async fn end(&self, account_id: AccountId, session_id: Uuid, why: Ended) -> Result<bool, sqlx::Error> {
        let ended = sqlx::query!(
            "update sessions set ended_at = $3, end_reason = $4
            where account_id = $1 and session_id = $2 and ended_at is null",
            account_id.0,
            session_id,
            self.clock.of_people(),
            why.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// Ends all sessions of a person but one; how many.
    pub async fn end_others(&self, account_id: AccountId, keep: Option<Uuid>, why: Ended) -> Result<u64, sqlx::Error> {
        let ended = sqlx::query!(
            "update sessions set ended_at = $3, end_reason = $4
            where account_id = $1 and session_id is distinct from $2 and ended_at is null",
            account_id.0,
            keep,
            self.clock.of_people(),
            why.as_str(),
        )
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected())
    }

    /// Ends the session that a browser holds, whatever its stage; whose it was, if it was open.
    pub async fn end_secret(&self, secret: &Secret256, why: Ended) -> Result<Option<AccountId>, sqlx::Error> {
        let ended = sqlx::query!(
            "update sessions set ended_at = $2, end_reason = $3
            where secret_sha256 = $1 and ended_at is null returning account_id, stage",
            &secret.sha256(),
            self.clock.of_people(),
            why.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(ended.filter(|row| row.stage == "open").map(|row| AccountId(row.account_id)))
    }
}

/// The secret of a session, a link or a refresh token; without random numbers none begins.
pub(crate) fn fresh() -> Result<Secret256, sqlx::Error> {
    Secret256::random().map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))
}

/// Pairs of what the statements give side by side. A role that this program does not know gives no right.
pub(crate) fn roles(schools: Vec<Uuid>, roles: &[String]) -> Arc<[(SchoolId, StaffRole)]> {
    let pairs = schools.into_iter().zip(roles);
    pairs.filter_map(|(school, role)| Some((SchoolId(school), role.parse().ok()?))).collect()
}
