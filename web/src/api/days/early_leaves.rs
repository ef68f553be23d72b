//! `POST /api/v1/days/{date}/{student_id}/early-leaves` lets a pupil leave with an adult, `…/{act_id}/record` says that
//! the pupil went, `…/{act_id}/cancel` that the pupil stays.

use super::{ActDone, PathAct, PathDay, act};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, SchoolInstant, parse_json, parse_with_note};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::use_cases::{
    AuthoriseEarlyLeave, CancelEarlyLeave, RecordEarlyLeave, authorise_early_leave, cancel_early_leave,
    record_early_leave,
};
use domain::attendance_day::LeaveReason;
use domain::values::national_id::NationalId;
use domain::{GuardianId, LeaveId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who takes the pupil away, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeave {
    /// The adult, of those who are linked to the pupil.
    guardian_id: Uuid,
    /// The number of the document that was shown: needed where the register has the adult's.
    document_number: Option<String>,
    /// A document with name and photo was looked at: needed where the register has no number.
    #[serde(default)]
    document_seen: bool,
    /// `unwell`, `appointment`, `family` or `other`.
    #[schema(value_type = String, example = "unwell")]
    reason: LeaveReason,
    /// When the adult was at the school; now, if left out.
    #[schema(value_type = Option<DateTime<Utc>>)]
    occurred_at: Option<SchoolInstant>,
    /// More about it, at most 200 characters. Kept sealed, for the school's staff alone.
    note: Option<String>,
}

/// Lets a pupil leave before the end with an adult whose identity was checked. A barred adult is refused
/// (`adult_barred`), and that is on record.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/early-leaves", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool, IdempotencyKey),
    request_body = NewLeave, responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn post(
    PathDay(date, student_id): PathDay,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ActDone>, Problem> {
    let new: NewLeave = parse_with_note(&body)?;
    let number = new.document_number.as_deref().map(NationalId::parse).transpose();
    let document_number = number.map_err(|_| Problem::new(Code::InvalidBody).at("document_number"))?;
    let leave_id = LeaveId(request.derived("early-leave"));
    let now = state.clock.now();
    let input = AuthoriseEarlyLeave {
        student_id,
        date,
        leave_id,
        guardian_id: GuardianId(new.guardian_id),
        document_number,
        document_seen: new.document_seen,
        reason: new.reason,
        occurred_at: new.occurred_at.map_or(now, |at| at.0),
        note: new.note,
    };
    let work =
        move |write, batcher, context| async move { authorise_early_leave(&write, &batcher, &context, input).await };
    act(&state, school, request, &body, (leave_id.0, work)).await
}

/// When the pupil went.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Went {
    /// Now, if left out.
    #[schema(value_type = Option<DateTime<Utc>>)]
    occurred_at: Option<SchoolInstant>,
}

/// Says that the pupil was handed over and went. What the adult may do is asked again.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/record", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The early leave"), OfSchool, IdempotencyKey),
    request_body = Went, responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn record(
    PathAct(date, student_id, leave): PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ActDone>, Problem> {
    let Went { occurred_at } = parse_json(&body, Code::InvalidBody)?;
    let occurred_at = occurred_at.map_or(state.clock.now(), |at| at.0);
    let input = RecordEarlyLeave { student_id, date, leave_id: LeaveId(leave), occurred_at };
    let work =
        move |write, batcher, context| async move { record_early_leave(&write, &batcher, &context, input).await };
    act(&state, school, request, &body, (leave, work)).await
}

/// Says that the pupil stays after all.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/early-leaves/{act_id}/cancel", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The early leave"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn cancel(
    PathAct(date, student_id, leave): PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<ActDone>, Problem> {
    let input = CancelEarlyLeave { student_id, date, leave_id: LeaveId(leave) };
    let work =
        move |write, batcher, context| async move { cancel_early_leave(&write, &batcher, &context, input).await };
    act(&state, school, request, &[], (leave, work)).await
}
