//! `GET /api/v1/reports/students/{student_id}`: a pupil's days.

use super::{Asked, Head, PupilDateView, TallyView};
use crate::AppState;
use crate::api::input::{Params, PathId};
use crate::live::{LiveError, NameView};
use crate::problem::{Code, Problem};
use crate::reports::csv::{self, Reader};
use crate::reports::sheets;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::StudentId;
use projections::live::reports::{MAX_PUPIL_DAYS, pupil};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A pupil's days.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilReport {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// Which days.
    #[serde(flatten)]
    pub head: Head,
    /// All of them.
    pub total: TallyView,
    /// Each of them, those included on which nobody expected the pupil.
    pub days: Vec<PupilDateView>,
}

/// A pupil's days, at most 366.
#[utoipa::path(get, path = "/api/v1/reports/students/{student_id}", tag = "reports",
    params(("student_id" = Uuid, Path, description = "The pupil"), Asked),
    responses((status = 200, description = "The days", content(
        (PupilReport = "application/json"), (String = "text/csv")))))]
pub async fn get(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let dates = asked.dates(&state, school, MAX_PUPIL_DAYS).await?;
    let mut tx = state.pools.request.snapshot(school).await?;
    let found = pupil(&mut tx, StudentId(id), dates, state.clock.now()).await?;
    drop(tx);
    let (report, dates) = found.ok_or_else(|| Problem::new(Code::NotFound).at("student"))?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    if csv::is_wanted(&headers) {
        let zone = report.school.settings.zone;
        let sheet = sheets::of_pupil(StudentId(id), &dates, &names, zone, Reader::Program);
        return Ok(sheet.response(&sheets::file_name("student", &report)));
    }
    let view = PupilReport {
        student_id: id,
        name: names.of(StudentId(id)).into(),
        head: Head::of(&report),
        total: (&report.total).into(),
        days: dates.iter().map(PupilDateView::from).collect(),
    };
    Ok(Json(view).into_response())
}
