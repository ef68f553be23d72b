//! A request of a signed-in person about one school, as the pages take it that change something there.

use super::source::SourceError;
use super::staff::Visit;
use super::view::School;
use crate::AppState;
use crate::middleware::RequestId;
use crate::session::{InSchool, Person};
use axum::extract::{FromRequestParts, Path, RawQuery};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use commands::use_cases::UseCaseError;
use commands::{Context, Done};
use domain::values::school_date;
use domain::{SchoolId, StudentId};
use projections::ReadModel;
use projections::roster::queries;
use uuid::Uuid;

/// A value of the address, the first of its name.
pub(super) fn asked_for(query: &RawQuery, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query.0.as_deref().unwrap_or_default().as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The day that the address asks for, `fecha=2026-11-23`; none if it asks for none that a school can mean.
pub(super) fn date_asked_for(query: &RawQuery) -> Option<NaiveDate> {
    school_date::date(asked_for(query, "fecha")?.parse().ok()?).ok()
}

/// A field of a form as it was sent, the first of its name.
pub(super) fn field<'a>(sent: &'a [(String, String)], name: &str) -> Option<&'a str> {
    sent.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

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

    /// The school, as its pages name it; none if the roster does not know it.
    pub(super) async fn school_of_page(&self) -> Result<Option<School>, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        let found = queries::school(&mut tx).await?;
        Ok(found.map(|found| School { id: self.school.0, name: found.name, zone: found.settings.zone }))
    }

    /// A pupil whom the school knows; else the answer.
    pub(super) async fn pupil_of(&self, Path(id): &Path<String>) -> Result<StudentId, Response> {
        let student = id.parse().map(StudentId).map_err(|_| self.visit.failed(StatusCode::NOT_FOUND))?;
        let found = async {
            let mut tx = self.state.pools.request.begin(self.school).await?;
            queries::student(&mut tx, student).await
        };
        match found.await {
            Ok(Some(_)) => Ok(student),
            Ok(None) => Err(self.visit.failed(StatusCode::NOT_FOUND)),
            Err(error) => Err(self.visit.source_error(&error.into())),
        }
    }

    /// The answer where the log could not be written, `what` in the words of whoever reads the server's own log.
    pub(super) fn not_written(&self, what: &'static str, error: &UseCaseError) -> Response {
        if error.is_temporary() {
            tracing::warn!(%error, what, "not written");
            self.visit.failed(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            tracing::error!(%error, what, "not written");
            self.visit.failed(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }

    /// The same for a place in the log.
    pub(super) async fn wait_until(&self, model: ReadModel, position: i64) {
        self.state.wait_until(model, position).await;
    }
}
