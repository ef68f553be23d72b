//! `GET /api/v1/reports/school`: a school's days and courses in figures, without names.

use super::{Asked, DayView, Head, TallyView, days};
use crate::AppState;
use crate::api::input::Params;
use crate::problem::Problem;
use crate::reports::csv::{self, Reader};
use crate::reports::sheets;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use projections::live::reports::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A school's days.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SchoolReport {
    /// Which days.
    #[serde(flatten)]
    pub head: Head,
    /// All of them.
    pub total: TallyView,
    /// Those on which anybody was expected.
    pub days: Vec<DayView>,
    /// By course, lowest grade first.
    pub courses: Vec<CourseFigures>,
}

/// A course with figures.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CourseFigures {
    /// The course.
    pub course_id: Uuid,
    /// `1° Básico A`
    pub name: String,
    /// How its pupils' days were.
    pub tally: TallyView,
}

/// A school's days, at most 31; a day is asked for by `from` = `to`. As CSV: its courses, one line each, of one day, and
/// its days otherwise.
#[utoipa::path(get, path = "/api/v1/reports/school", tag = "reports", params(Asked),
    responses((status = 200, description = "The figures", content(
        (SchoolReport = "application/json"), (String = "text/csv")))))]
pub async fn get(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let report = asked.report(&state, school, Scope::School, "school").await?;
    if csv::is_wanted(&headers) {
        let sheet = match report.from == report.to {
            true => sheets::by_course(&report.courses, Reader::Program),
            false => sheets::by_day(&report.days, Reader::Program),
        };
        return Ok(sheet.response(&sheets::file_name("school", &report)));
    }
    let courses = report.courses.iter().map(|line| CourseFigures {
        course_id: line.course_id.0,
        name: line.name.clone(),
        tally: (&line.tally).into(),
    });
    let view = SchoolReport {
        head: Head::of(&report),
        total: (&report.total).into(),
        days: days(&report.days),
        courses: courses.collect(),
    };
    Ok(Json(view).into_response())
}
