//! `PUT /api/v1/courses/{id}/schedule`: the weekly schedule from a date on.
//!
//! The pattern of every write: `Idempotency-Key` is the command's id; the same key with the same
//! request is answered again without being done again, with another request it is refused.

use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathId, has_nul, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::{SetWeeklySchedule, UseCaseError, set_weekly_schedule};
use domain::{CourseId, course};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most stays of one week.
pub(crate) const MAX_STAYS: usize = 35;

/// A week.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklySchedule {
    /// First local date on which it is valid.
    pub effective_from: NaiveDate,
    /// All stays of the week, at most 35; none means that nobody is expected.
    #[schema(max_items = 35)]
    pub stays: Vec<Stay>,
}

/// One expected stay, in the school's local wall time.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// `Mon` to `Sun`.
    #[schema(value_type = String, example = "Mon")]
    pub weekday: Weekday,
    /// Expected entry: `08:00:00`.
    #[schema(value_type = String, example = "08:00:00")]
    pub entry: NaiveTime,
    /// Expected exit, after `entry`.
    #[schema(value_type = String, example = "15:30:00")]
    pub exit: NaiveTime,
}

/// What was done.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct ScheduleSet {
    /// The course.
    pub course_id: Uuid,
    /// Place in the log of the event; none if the schedule was this one already.
    pub position: Option<i64>,
}

/// Sets the weekly schedule of a course, valid from a date until the next one.
#[utoipa::path(put, path = "/api/v1/courses/{id}/schedule", tag = "roster",
    params(("id" = Uuid, Path, description = "The course"), OfSchool, IdempotencyKey),
    request_body = WeeklySchedule,
    responses((status = 200, description = "Committed", body = ScheduleSet)))]
pub async fn put(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ScheduleSet>, Problem> {
    let week: WeeklySchedule = parse_json(&body, Code::InvalidBody)?;
    if has_nul(&body) || week.stays.len() > MAX_STAYS {
        return Err(Problem::new(Code::ScheduleInvalid).at("stays"));
    }
    let input = SetWeeklySchedule {
        course_id: CourseId(id),
        effective_from: week.effective_from,
        stays: week.stays.into_iter().map(|s| (s.weekday, s.entry, s.exit)).collect(),
    };
    let set = move |write, context| async move { set_weekly_schedule(&write, &context, input).await.map_err(refused) };
    let position = request.run(&state, school, &body, set).await?;
    Ok(Json(ScheduleSet { course_id: id, position }))
}

fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::Course(course::Error::NotOpened) => Problem::new(Code::NotFound).at("course"),
        UseCaseError::Course(course::Error::Closed) => Problem::new(Code::CourseClosed),
        UseCaseError::Course(why) => Problem::new(Code::ScheduleInvalid).at(why.to_string()),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
