//! Who asks, and about whom.

use super::Families;
use crate::AppState;
use crate::problem::{Code, Problem};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use commands::guardians::may_see;
use commands::{Context, StoreError};
use domain::{Actor, GuardianId, SchoolId, StudentId};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// A guardian who came in, as the database knew them when the request began.
#[derive(Clone, Debug)]
pub struct Guardian {
    /// The session's name; its secret is in the browser only.
    pub session_id: Uuid,
    /// Who has the address, school by school.
    pub of: Arc<[(SchoolId, GuardianId)]>,
}

impl Guardian {
    /// The same in each of their sessions.
    pub fn key(&self) -> Uuid {
        self.of.iter().map(|(_, guardian)| guardian.0).min().unwrap_or(self.session_id)
    }

    /// The guardians of each school.
    pub fn schools(&self) -> BTreeMap<SchoolId, Vec<GuardianId>> {
        let mut schools: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (school, guardian) in self.of.iter() {
            schools.entry(*school).or_default().push(*guardian);
        }
        schools
    }
}

impl<S: Sync> FromRequestParts<S> for Guardian {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(Code::Unauthenticated))
    }
}

/// The pupil that a request is about, whom the guardian may see now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnPupil {
    /// Of this school.
    pub school: SchoolId,
    /// The pupil.
    pub student: StudentId,
    /// As whom the guardian may: of several who have the address, one who is linked with this pupil.
    pub guardian: GuardianId,
}

impl<S: Sync> FromRequestParts<S> for OwnPupil {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| Problem::new(Code::NotFound))
    }
}

impl OwnPupil {
    /// For what is written in a request, in the guardian's own name.
    pub async fn context(&self, state: &AppState) -> Result<Context, StoreError> {
        Ok(Context {
            school: self.school,
            zone: state.write.school_settings(self.school).await?.zone,
            actor: Actor::guardian(self.guardian),
            command_id: None,
            correlation_id: state.ids.next(),
            causation_id: None,
        })
    }
}

impl Families {
    /// The pupil, if this guardian may see them now: asked of the log, at every request.
    pub async fn own_pupil(&self, guardian: &Guardian, student: StudentId) -> Result<Option<OwnPupil>, StoreError> {
        for (school, guardians) in guardian.schools() {
            if let Some(guardian) = may_see(&self.write, school, &guardians, student).await? {
                return Ok(Some(OwnPupil { school, student, guardian }));
            }
        }
        Ok(None)
    }
}
