//! `GET /api/v1/courses`.

use crate::AppState;
use crate::api::input::Params;
use crate::api::page::{self, Asked, Page};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use domain::CourseId;
use domain::course::Shift;
use projections::roster::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const LIST: &str = "courses";

/// A course of one school year.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CourseItem {
    /// Its id.
    pub course_id: Uuid,
    /// School year.
    pub year: i32,
    /// `1° Básico A`
    pub name: String,
    /// `basica-1`
    pub level: String,
    /// Section letter, may be empty.
    pub letter: String,
    /// `morning`, `afternoon`, `full_day` or `evening`, if the school said it.
    #[schema(value_type = Option<String>)]
    pub shift: Option<Shift>,
    /// First date on which nobody is expected.
    pub closed_from: Option<NaiveDate>,
}

/// A school's courses, by id.
#[utoipa::path(get, path = "/api/v1/courses", tag = "roster", params(Asked),
    responses((status = 200, description = "A page", body = Page<CourseItem>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<Json<Page<CourseItem>>, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Uuid>(LIST, asked.cursor.as_deref())?.map(CourseId);
    let rows = queries::courses(&mut state.pools.request.begin(school).await?, after, limit).await?;
    Ok(Json(Page::of(
        LIST,
        limit,
        rows,
        |row| row.course_id.0,
        |row| CourseItem {
            course_id: row.course_id.0,
            year: row.year,
            name: row.name,
            level: row.level,
            letter: row.letter,
            shift: row.shift,
            closed_from: row.closed_from,
        },
    )))
}
