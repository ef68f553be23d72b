//! `POST /api/v1/no-show/{date}/{slot_id}/{student_id}/justify`: why the pupil does not come.

use super::{CaseChanged, refused};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathCase, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::use_cases::{UseCaseError, justify_case};
use domain::no_show::Justification;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a pupil does not come, as a code: no text about a child.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Justify {
    /// `illness`, `appointment`, `family` or `other`.
    #[schema(value_type = String, example = "illness")]
    pub reason: Justification,
}

/// Says why the pupil does not come: the day is justified, the case ends for good. Again changes nothing.
#[utoipa::path(post, path = "/api/v1/no-show/{date}/{slot_id}/{student_id}/justify", tag = "live",
    params(
        ("date" = NaiveDate, Path, description = "The school day"),
        ("slot_id" = Uuid, Path, description = "The slot of the schedule"),
        ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool,
        IdempotencyKey
    ),
    request_body = Justify,
    responses((status = 200, description = "Committed", body = CaseChanged)))]
pub async fn post(
    PathCase(case): PathCase,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<CaseChanged>, Problem> {
    let Justify { reason } = parse_json(&body, Code::InvalidBody)?;
    let batcher = state.batcher.clone();
    let work = move |write, context| async move {
        justify_case(&write, &batcher, &context, case, reason).await.map_err(|error| match error {
            UseCaseError::NoShow(why) => refused(why),
            other => other.into(),
        })
    };
    let position = request.run(&state, school, &body, work).await?;
    Ok(Json(CaseChanged { position }))
}
