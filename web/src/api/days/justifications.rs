//! `POST /api/v1/days/{date}/{student_id}/justifications` writes down why a pupil does not come and accepts it,
//! `…/{act_id}/decide` accepts or rejects what a family said.

use super::{ActDone, PathAct, PathDay, act};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, parse_json, parse_with_note};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::documents;
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use commands::use_cases::{DecideJustification, JustifyDay, decide_justification, justify_day};
use domain::attendance_day::{Rejection, Verdict};
use domain::{GuardianId, JustificationId, no_show};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Why a pupil does not come, or came late.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJustification {
    /// `illness`, `appointment`, `family` or `other`.
    #[schema(value_type = String, example = "illness")]
    reason: no_show::Justification,
    /// The guardian whose word it is, if it is one's.
    guardian_id: Option<Uuid>,
    /// More about it, at most 200 characters. Kept sealed, for the school's staff alone.
    note: Option<String>,
}

/// Writes down why a pupil does not come, or came late, and accepts it.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/justifications", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool, IdempotencyKey),
    request_body = NewJustification, responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn post(
    PathDay(date, student_id): PathDay,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ActDone>, Problem> {
    let new: NewJustification = parse_with_note(&body)?;
    let justification_id = JustificationId(request.derived("justification"));
    let input = JustifyDay {
        student_id,
        date,
        justification_id,
        reason: new.reason,
        guardian_id: new.guardian_id.map(GuardianId),
        note: new.note,
        document: None,
        accepted: true,
    };
    let work = move |write, batcher, context| async move { justify_day(&write, &batcher, &context, input).await };
    act(&state, school, request, &body, (justification_id.0, work)).await
}

/// The document that was handed in with a justification: a PDF, JPEG or PNG. That it was read is recorded.
#[utoipa::path(get, path = "/api/v1/days/{date}/{student_id}/justifications/{act_id}/document", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The justification"), OfSchool),
    responses((status = 200, description = "The document", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn document(
    PathAct(date, student_id, id): PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Response, Problem> {
    documents::answer(&state, school, (date, student_id), id).await
}

/// What is said to a justification.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// Accepted; else rejected.
    accept: bool,
    /// Why not: `illegible`, `no_document`, `not_of_this_day` or `other`; `other` if left out.
    #[schema(value_type = Option<String>)]
    why: Option<Rejection>,
}

/// Accepts or rejects what a family said. The same again changes nothing; the contrary is refused.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/justifications/{act_id}/decide", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The justification"), OfSchool, IdempotencyKey),
    request_body = Decide, responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn decide(
    PathAct(date, student_id, id): PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ActDone>, Problem> {
    let Decide { accept, why } = parse_json(&body, Code::InvalidBody)?;
    let verdict = if accept { Verdict::Accept } else { Verdict::Reject(why.unwrap_or(Rejection::Other)) };
    let input = DecideJustification { student_id, date, justification_id: JustificationId(id), verdict };
    let work =
        move |write, batcher, context| async move { decide_justification(&write, &batcher, &context, input).await };
    act(&state, school, request, &body, (id, work)).await
}
