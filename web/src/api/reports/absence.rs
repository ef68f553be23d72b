//! `GET /api/v1/reports/absence`: who is away or late again and again.

use super::{Asked, Head, PupilFigures};
use crate::AppState;
use crate::api::input::Params;
use crate::live::LiveError;
use crate::problem::Problem;
use crate::reports::csv::{self, Reader};
use crate::reports::sheets;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::entry_rate::{CURRICULUM_NACIONAL, REPEATED_LATENESS};
use projections::live::reports::{PupilLine, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who is away or late again and again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AbsenceReport {
    /// Which days.
    #[serde(flatten)]
    pub head: Head,
    /// Whose scale the bands are of.
    #[schema(example = "curriculumnacional.cl")]
    pub scale: String,
    /// From so many late entries on they are repeated.
    pub repeated_lateness: u32,
    /// Pupils whose band is `severe` or `repeated`, by id.
    pub chronic_absence: Vec<PupilFigures>,
    /// Pupils who were late that often, by id.
    pub repeated_late: Vec<PupilFigures>,
}

/// Pupils with chronic absence or repeated lateness over at most 31 days, by what is known of their days.
#[utoipa::path(get, path = "/api/v1/reports/absence", tag = "reports", params(Asked),
    responses((status = 200, description = "The pupils", content(
        (AbsenceReport = "application/json"), (String = "text/csv")))))]
pub async fn get(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = asked.report(&state, school, Scope::School, "school").await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    if csv::is_wanted(&headers) {
        let told = |line: &&PupilLine| line.is_chronic() || line.is_late_again();
        let pupils: Vec<PupilLine> = report.pupils.iter().filter(told).cloned().collect();
        let sheet = sheets::by_pupil(&pupils, &report.courses, &names, Reader::Program);
        return Ok(sheet.response(&sheets::file_name("absence", &report)));
    }
    let of = |told: fn(&PupilLine) -> bool| {
        let pupils = report.pupils.iter().filter(|line| told(line));
        pupils.map(|line| PupilFigures::of(line, &report.courses, &names)).collect()
    };
    let view = AbsenceReport {
        head: Head::of(&report),
        scale: CURRICULUM_NACIONAL.source.to_owned(),
        repeated_lateness: REPEATED_LATENESS,
        chronic_absence: of(PupilLine::is_chronic),
        repeated_late: of(PupilLine::is_late_again),
    };
    Ok(Json(view).into_response())
}
