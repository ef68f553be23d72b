//! `GET /api/v1/reports/courses/{id}`: a course's days, pupil by pupil.

use super::{Asked, DayView, Head, PupilFigures, TallyView, days};
use crate::AppState;
use crate::api::input::{Params, PathId};
use crate::live::LiveError;
use crate::problem::Problem;
use crate::reports::csv::{self, Reader};
use crate::reports::sheets;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::CourseId;
use projections::live::reports::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A course's days.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CourseReport {
    /// Which days.
    #[serde(flatten)]
    pub head: Head,
    /// All of them.
    pub total: TallyView,
    /// Those on which anybody was expected.
    pub days: Vec<DayView>,
    /// Its pupils by id, each with the days on which the pupil was in the course.
    pub pupils: Vec<PupilFigures>,
}

/// A course's days, at most 31. As CSV: its pupils.
#[utoipa::path(get, path = "/api/v1/reports/courses/{id}", tag = "reports",
    params(("id" = Uuid, Path, description = "The course"), Asked),
    responses((status = 200, description = "The figures", content(
        (CourseReport = "application/json"), (String = "text/csv")))))]
pub async fn get(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = asked.report(&state, school, Scope::Course(CourseId(id)), "course").await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    if csv::is_wanted(&headers) {
        let sheet = sheets::by_pupil(&report.pupils, &report.courses, &names, Reader::Program);
        return Ok(sheet.response(&sheets::file_name("course", &report)));
    }
    let view = CourseReport {
        head: Head::of(&report),
        total: (&report.total).into(),
        days: days(&report.days),
        pupils: report.pupils.iter().map(|line| PupilFigures::of(line, &report.courses, &names)).collect(),
    };
    Ok(Json(view).into_response())
}
