//! Who asks.

use crate::permissions::Permission;
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, TimeDelta, Utc};
use commands::accounts::Proof;
use commands::{Context, StoreError, Write};
use domain::account::StaffRole;
use domain::{AccountId, Actor, SchoolId};
use std::sync::Arc;
use uuid::Uuid;

/// How long the password counts as just given (OWASP ASVS 5.0, 7.5.3).
pub const STEP_UP: TimeDelta = TimeDelta::minutes(5);
/// The same for what goes on from a page that asked for it, and takes somebody a while to read.
pub const STEP_UP_TO_GO_ON: TimeDelta = TimeDelta::hours(1);

/// A person who is signed in, as the database knew them when the request began.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name of the session, or of the family of tokens ([`crate::tokens`]); its secret is in the browser only, or
    /// in the program.
    pub session_id: Uuid,
    /// The account.
    pub account_id: AccountId,
    /// The roles, school by school.
    pub roles: Arc<[(SchoolId, StaffRole)]>,
    /// When the password was last given.
    pub stepped_up_at: DateTime<Utc>,
    /// The account's `authz_epoch`.
    pub authz_epoch: i64,
}

impl Person {
    /// Somebody who owns these schools.
    #[cfg(any(test, feature = "testing"))]
    pub fn sample(schools: impl IntoIterator<Item = SchoolId>) -> Self {
        Self {
            session_id: Uuid::from_u128(1),
            account_id: AccountId(Uuid::from_u128(2)),
            roles: schools.into_iter().map(|school| (school, StaffRole::Owner)).collect(),
            stepped_up_at: DateTime::UNIX_EPOCH,
            authz_epoch: 1,
        }
    }

    /// That this person was who they are when the request began.
    pub fn proof(&self) -> Proof {
        Proof { account: self.account_id, epoch: self.authz_epoch }
    }

    /// The schools where this person holds a role, each once.
    pub fn schools(&self) -> Vec<SchoolId> {
        let mut schools: Vec<_> = self.roles.iter().map(|(school, _)| *school).collect();
        schools.sort_unstable();
        schools.dedup();
        schools
    }

    /// Whether this person holds any role there.
    pub fn belongs_to(&self, school: SchoolId) -> bool {
        self.roles.iter().any(|(of, _)| *of == school)
    }

    /// Whether this person may do that there.
    pub fn may(&self, permission: Permission, school: SchoolId) -> bool {
        self.roles.iter().any(|(of, role)| *of == school && permission.is_of(*role))
    }

    /// What surrounds a command that this person gives in a school by the request of that id.
    pub async fn context(&self, write: &Write, school: SchoolId, request: Uuid) -> Result<Context, StoreError> {
        Ok(Context {
            school,
            zone: write.school_settings(school).await?.zone,
            actor: Actor::user(self.account_id),
            command_id: None,
            correlation_id: request,
            causation_id: None,
        })
    }

    /// Whether this person may do that in any school.
    pub fn may_somewhere(&self, permission: Permission) -> bool {
        self.roles.iter().any(|(_, role)| permission.is_of(*role))
    }

    /// Whether the password was given so lately.
    pub fn stepped_up(&self, now: DateTime<Utc>, within: TimeDelta) -> bool {
        now - self.stepped_up_at < within
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(Code::Unauthenticated))
    }
}

/// Somebody who gave the password and must add a second factor before anything opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolling(pub Proof);

impl<S: Sync> FromRequestParts<S> for Enrolling {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Problem::new(Code::Unauthenticated))
    }
}

/// The school that a request is about, and that the person may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InSchool(pub SchoolId);

impl<S: Sync> FromRequestParts<S> for InSchool {
    type Rejection = Problem;

    /// There is none when the person has several and the request names none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Problem::new(Code::SchoolRequired))
    }
}
