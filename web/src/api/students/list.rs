//! `GET /api/v1/students`.

use crate::AppState;
use crate::api::input::Params;
use crate::api::page::{self, Asked, Page};
use crate::live::{LiveError, NameView};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use domain::StudentId;
use projections::roster::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const LIST: &str = "students";

/// A pupil.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StudentItem {
    /// Its id.
    pub student_id: Uuid,
    /// The name.
    pub name: NameView,
    /// The course, as the newest event says.
    pub course_id: Uuid,
    /// First date of the newest enrolment.
    pub enrolled_from: NaiveDate,
    /// First date on which the pupil is no longer expected.
    pub withdrawn_from: Option<NaiveDate>,
}

/// A school's pupils, by id.
#[utoipa::path(get, path = "/api/v1/students", tag = "roster", params(Asked),
    responses((status = 200, description = "A page", body = Page<StudentItem>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<Json<Page<StudentItem>>, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Uuid>(LIST, asked.cursor.as_deref())?.map(StudentId);
    let rows = queries::students(&mut state.pools.request.begin(school).await?, None, after, limit).await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    Ok(Json(Page::of(
        LIST,
        limit,
        rows,
        |row| row.student_id.0,
        |row| StudentItem {
            student_id: row.student_id.0,
            name: if row.erased { NameView::Erased } else { names.of(row.student_id).into() },
            course_id: row.course_id.0,
            enrolled_from: row.enrolled_from,
            withdrawn_from: row.withdrawn_from,
        },
    )))
}
