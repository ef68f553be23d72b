//! `PUT /api/v1/roll-calls/{date}/{roll_call_id}/marks`: what somebody says of pupils.

use super::{RollCallChanged, refused};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathRollCall, SchoolInstant, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::roll_call::{TOGETHER, mark};
use domain::StudentId;
use domain::roll_call::Mark;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Marks, each with its own instant, in the order in which they were made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// 1 to 500 of them.
    marks: Vec<NewMark>,
}

/// What is said of a pupil.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMark {
    /// The pupil.
    student_id: Uuid,
    /// Safe; or not, although it was said.
    safe: bool,
    /// When it was said; now, if left out. A clock that is wrong is no reason to refuse a mark: what is before the
    /// beginning counts as then, and what is in the future as now.
    #[schema(value_type = Option<DateTime<Utc>>)]
    at: Option<SchoolInstant>,
}

/// Takes in what is said of pupils, after the end too. The same again changes nothing, and of two that contradict each
/// other the one that was said later counts.
#[utoipa::path(put, path = "/api/v1/roll-calls/{date}/{roll_call_id}/marks", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"),
        ("roll_call_id" = Uuid, Path, description = "The roll call"), OfSchool, IdempotencyKey),
    request_body = Marks,
    responses((status = 200, description = "Committed", body = RollCallChanged)))]
pub async fn put(
    PathRollCall(key): PathRollCall,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<RollCallChanged>, Problem> {
    let Marks { marks } = parse_json(&body, Code::InvalidBody)?;
    if marks.is_empty() || marks.len() > TOGETHER {
        return Err(Problem::new(Code::InvalidBody).at("marks"));
    }
    let clock = state.clock.clone();
    let work = move |write, context| async move {
        let said = |new: NewMark| Mark {
            student_id: StudentId(new.student_id),
            safe: new.safe,
            at: new.at.map_or_else(|| clock.now(), |at| at.0),
        };
        mark(&write, &context, key, marks.into_iter().map(said).collect()).await.map_err(refused)
    };
    let position = request.run(&state, school, &body, work).await?;
    Ok(Json(RollCallChanged { position }))
}
