//! `GET /api/v1/calendar/{date}`: what a date is, and who said so.

use crate::AppState;
use crate::api::input::{Params, PathDate};
use crate::api::live::OfSchool;
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::{CourseDay, Layer, SchoolDay};
use projections::roster::queries;
use projections::roster::rows::{Changed, SchoolDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A date.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CalendarDay {
    /// The local date.
    pub date: NaiveDate,
    /// The holiday, if it is one.
    pub holiday: Option<OfSchoolDay>,
    /// What the school set, over the holiday.
    pub set: Option<OfSchoolDay>,
    /// Exceptions of courses, which go before both.
    pub courses: Vec<OfCourseDay>,
}

/// Of the whole school.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct OfSchoolDay {
    /// `{"kind": "half_day", "exit": "12:30:00", "reason": "ceremony"}`
    #[schema(value_type = Object)]
    pub day: SchoolDay,
    /// Who set it.
    #[serde(flatten)]
    pub by: By,
}

/// Of a course.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct OfCourseDay {
    /// The course.
    pub course_id: Uuid,
    /// `{"times": {"expects": "nobody"}, "reason": "outing"}`
    #[schema(value_type = Object)]
    pub day: CourseDay,
    /// Who set it.
    #[serde(flatten)]
    pub by: By,
}

/// Who set it, and when.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct By {
    /// As in the audit index: `user:<id>`, `cli:<command>`.
    pub changed_by: String,
    /// When the log learned it.
    pub changed_at: DateTime<Utc>,
    /// Place in the log of the event.
    pub position: i64,
}

fn by(changed: Changed, position: i64) -> By {
    By { changed_by: changed.by.0, changed_at: changed.at, position }
}

/// What a date is for the school and its courses. Nothing set: as the weekly schedules say.
#[utoipa::path(get, path = "/api/v1/calendar/{date}", tag = "roster",
    params(("date" = NaiveDate, Path, description = "The local date"), OfSchool),
    responses((status = 200, description = "The date", body = CalendarDay)))]
pub async fn get(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Json<CalendarDay>, Problem> {
    let mut tx = state.pools.request.snapshot(school).await?;
    let days = queries::school_days(&mut tx, date, date).await?;
    let courses = queries::course_days(&mut tx, date, date).await?;
    drop(tx);
    let of = |layer| {
        let found = days.iter().find(|found: &&SchoolDate| found.layer == layer)?;
        Some(OfSchoolDay { day: found.day.clone()?, by: by(found.changed.clone(), found.position) })
    };
    let (holiday, set) = (of(Layer::Holiday), of(Layer::Day));
    let courses = courses
        .into_iter()
        .filter_map(|found| {
            let by = by(found.changed, found.position);
            Some(OfCourseDay { course_id: found.course_id.0, day: found.day?, by })
        })
        .collect();
    Ok(Json(CalendarDay { date, holiday, set, courses }))
}
