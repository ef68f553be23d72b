//! `PUT` and `DELETE /api/v1/courses/{id}/calendar/{date}`: what a course expects on one date.

use crate::AppState;
use crate::api::calendar::{DayChanged, DayStay, refused};
use crate::api::input::{JsonBytes, Params, PathCourseDate, has_nul, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::{ChangeCourseDays, change_course_days, day_slots};
use domain::CourseId;
use domain::calendar::{CourseDay, CourseTimes, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A course's exception.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseException {
    /// Whom the course expects when.
    pub times: ExceptionTimes,
    /// Why, by its code.
    #[schema(value_type = String, example = "outing")]
    pub reason: Reason,
}

/// What a course expects.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "expects", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExceptionTimes {
    /// Nobody.
    Nobody {},
    /// Its pupils as on another weekday.
    Weekday {
        /// `Mon` to `Sun`.
        #[schema(value_type = String, example = "Mon")]
        weekday: Weekday,
    },
    /// Its pupils as the week says, until an hour.
    Until {
        /// When the day ends at the latest: `12:30:00`.
        #[schema(value_type = String, example = "12:30:00")]
        exit: NaiveTime,
    },
    /// Its pupils at these times.
    Own {
        /// At most 8.
        stays: Vec<DayStay>,
    },
}

impl CourseException {
    fn day(self, course: CourseId, date: NaiveDate) -> CourseDay {
        let times = match self.times {
            ExceptionTimes::Nobody {} => CourseTimes::Nobody,
            ExceptionTimes::Weekday { weekday } => CourseTimes::Weekday { weekday },
            ExceptionTimes::Until { exit } => CourseTimes::Until { exit },
            ExceptionTimes::Own { stays } => {
                let stays: Vec<_> = stays.iter().map(|stay| (stay.entry, stay.exit)).collect();
                CourseTimes::Own { slots: day_slots(course, date, &stays) }
            }
        };
        CourseDay { times, reason: self.reason }
    }
}

/// Sets what a course expects on a date, before what the whole school set.
#[utoipa::path(put, path = "/api/v1/courses/{id}/calendar/{date}", tag = "roster",
    params(("id" = Uuid, Path, description = "The course"), ("date" = NaiveDate, Path, description = "The local date"),
        OfSchool, IdempotencyKey),
    request_body = CourseException,
    responses((status = 200, description = "Committed", body = DayChanged)))]
pub async fn put(
    PathCourseDate(course, date): PathCourseDate,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<DayChanged>, Problem> {
    let exception: CourseException = parse_json(&body, Code::InvalidBody)?;
    if has_nul(&body) {
        return Err(Problem::new(Code::InvalidBody));
    }
    let input = ChangeCourseDays { courses: vec![course], date, day: Some(exception.day(course, date)) };
    let change =
        move |write, context| async move { change_course_days(&write, &context, input).await.map_err(refused) };
    let position = request.run(&state, school, &body, change).await?;
    Ok(Json(DayChanged { date, position }))
}

/// Takes an exception of a course back. What is not set is cleared already.
#[utoipa::path(delete, path = "/api/v1/courses/{id}/calendar/{date}", tag = "roster",
    params(("id" = Uuid, Path, description = "The course"), ("date" = NaiveDate, Path, description = "The local date"),
        OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = DayChanged)))]
pub async fn delete(
    PathCourseDate(course, date): PathCourseDate,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<DayChanged>, Problem> {
    let input = ChangeCourseDays { courses: vec![course], date, day: None };
    let change =
        move |write, context| async move { change_course_days(&write, &context, input).await.map_err(refused) };
    let position = request.run(&state, school, &[], change).await?;
    Ok(Json(DayChanged { date, position }))
}
