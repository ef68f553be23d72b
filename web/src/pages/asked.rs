//! A request of a signed-in person about one school, as the pages take it that change something there.

use super::staff::Visit;
use crate::AppState;
use crate::middleware::RequestId;
use crate::session::{InSchool, Person};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use commands::use_cases::UseCaseError;
use commands::{Context, Done};
use domain::SchoolId;
use projections::ReadModel;
use uuid::Uuid;

/// Who asks about which school. Each page adds what it does with it, in its own file.
pub(super) struct Asked {
    pub(super) state: AppState,
    pub(super) person: Person,
    pub(super) school: SchoolId,
    pub(super) visit: Visit,
    request: Uuid,
}

impl FromRequestParts<AppState> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let person = Person::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let Ok(InSchool(school)) = InSchool::from_request_parts(parts, state).await else {
            return Err(Redirect::to("/escuelas").into_response());
        };
        let Ok(visit) = Visit::from_request_parts(parts, state).await;
        let request = parts.extensions.get::<RequestId>().map_or_else(|| state.ids.next(), |id| id.0);
        Ok(Self { state: state.clone(), person, school, visit, request })
    }
}

impl Asked {
    /// For what is written in this request.
    pub(super) async fn context(&self) -> Result<Context, UseCaseError> {
        Ok(self.person.context(&self.state.write, self.school, self.request).await?)
    }

    /// Waits a moment until the pages of this read model show what was just done. They say what was done in any case.
    pub(super) async fn wait_for(&self, model: ReadModel, done: Done) {
        if let Some(position) = done.position {
            self.wait_until(model, position).await;
        }
    }

    /// The same for a place in the log.
    pub(super) async fn wait_until(&self, model: ReadModel, position: i64) {
        self.state.wait_until(model, position).await;
    }
}
