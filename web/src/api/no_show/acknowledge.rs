//! `POST /api/v1/no-show/{date}/{slot_id}/{student_id}/acknowledge`: a person looks after the case.

use super::{CaseChanged, change};
use crate::AppState;
use crate::api::input::{Params, PathCase};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use domain::no_show::Command;

/// Says that whoever asks looks after the case: nobody else is told of it any more. Again changes nothing.
#[utoipa::path(post, path = "/api/v1/no-show/{date}/{slot_id}/{student_id}/acknowledge", tag = "live",
    params(
        ("date" = NaiveDate, Path, description = "The school day"),
        ("slot_id" = Uuid, Path, description = "The slot of the schedule"),
        ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool,
        IdempotencyKey
    ),
    responses((status = 200, description = "Committed", body = CaseChanged)))]
pub async fn post(
    PathCase(case): PathCase,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<CaseChanged>, Problem> {
    change(&state, school, request, &[], (case, Command::Acknowledge)).await
}
