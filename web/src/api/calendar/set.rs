//! `PUT /api/v1/calendar/{date}`: what a date is for the whole school.

use super::{DayChanged, DayStay, refused};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathDate, has_nul, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime, Weekday};
use commands::use_cases::{ChangeSchoolDay, SchoolDayChange, change_school_day, day_slots};
use domain::SchoolId;
use domain::calendar::{Reason, RecoveryTimes, Resolution, SchoolDay};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A date of the whole school. A holiday lies under what else is set, so that clearing the latter does not make it
/// a day of classes.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DaySet {
    /// A holiday: nobody is expected.
    Holiday {
        /// As it is called.
        name: String,
    },
    /// Classes are suspended.
    NoClasses {
        /// Why, by its code.
        #[schema(value_type = String, example = "weather")]
        reason: Reason,
        /// By which resolution, once it is known.
        resolution: Option<ByResolution>,
    },
    /// Classes are made up for.
    Recovery {
        /// Each course as on that weekday, `Mon` to `Sun`; or else `stays`.
        #[schema(value_type = Option<String>, example = "Mon")]
        as_weekday: Option<Weekday>,
        /// All courses at these times, at most 8.
        #[serde(default)]
        stays: Vec<DayStay>,
    },
    /// The day ends early.
    HalfDay {
        /// When it ends at the latest: `12:30:00`.
        #[schema(value_type = String, example = "12:30:00")]
        exit: NaiveTime,
        /// Why, by its code.
        #[schema(value_type = String, example = "ceremony")]
        reason: Reason,
    },
    /// The whole school is elsewhere.
    Outing {},
}

/// A resolution of the authority.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByResolution {
    /// Its number.
    pub number: String,
    /// Its date.
    pub date: Option<NaiveDate>,
}

impl DaySet {
    fn day(self, school: SchoolId, date: NaiveDate) -> SchoolDay {
        match self {
            Self::Holiday { name } => SchoolDay::Holiday { name },
            Self::NoClasses { reason, resolution } => SchoolDay::NoClasses {
                reason,
                resolution: resolution.map(|by| Resolution { number: by.number, date: by.date }),
            },
            Self::Recovery { as_weekday: Some(weekday), .. } => {
                SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday } }
            }
            Self::Recovery { as_weekday: None, stays } => {
                let stays: Vec<_> = stays.iter().map(|stay| (stay.entry, stay.exit)).collect();
                SchoolDay::Recovery { times: RecoveryTimes::Own { slots: day_slots(school, date, &stays) } }
            }
            Self::HalfDay { exit, reason } => SchoolDay::HalfDay { exit, reason },
            Self::Outing {} => SchoolDay::Outing,
        }
    }
}

/// Sets a date of the whole school. Boards that show it follow within a second.
#[utoipa::path(put, path = "/api/v1/calendar/{date}", tag = "roster",
    params(("date" = NaiveDate, Path, description = "The local date"), OfSchool, IdempotencyKey),
    request_body = DaySet,
    responses((status = 200, description = "Committed", body = DayChanged)))]
pub async fn put(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<DayChanged>, Problem> {
    let set: DaySet = parse_json(&body, Code::InvalidBody)?;
    if has_nul(&body) {
        return Err(Problem::new(Code::InvalidBody));
    }
    let input = ChangeSchoolDay { date, change: SchoolDayChange::Set(set.day(school, date)) };
    let change = move |write, context| async move { change_school_day(&write, &context, input).await.map_err(refused) };
    let position = request.run(&state, school, &body, change).await?;
    Ok(Json(DayChanged { date, position }))
}
