//! `POST /api/v1/days/{date}/{student_id}/corrections` asks that a day be set right, `…/{act_id}/approve` sets it right,
//! `…/{act_id}/reject` leaves it.

use super::{ActDone, PathAct, PathDay, act};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, SchoolInstant, parse_with_note};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::permissions::Permission;
use crate::problem::Problem;
use crate::router::BODY_LIMIT;
use crate::session::{InSchool, Person};
use axum::Json;
use axum::extract::State;
use commands::use_cases::{RequestCorrection, SettleCorrection, request_correction, settle_correction};
use domain::CorrectionId;
use domain::attendance_day::{Added, Change, CorrectionReason, Direction};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be otherwise: a passage counts no more, another one does, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    /// The scan, entry by hand, early leave or correction whose passage is to count no more.
    voids: Option<Uuid>,
    /// The passage that is to count.
    adds: Option<NewPassage>,
    /// `other_pupil`, `wrong_time`, `wrong_direction`, `did_not_happen`, `not_recorded` or `other`.
    #[schema(value_type = String, example = "wrong_time")]
    reason: CorrectionReason,
    /// More about it, at most 200 characters. Kept sealed, for the school's staff alone.
    note: Option<String>,
}

/// A passage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassage {
    /// Which way.
    #[schema(value_type = kiosk_protocol::Direction)]
    direction: Direction,
    /// When.
    #[schema(value_type = DateTime<Utc>)]
    occurred_at: SchoolInstant,
}

/// Asks that a day be set right. Of whoever may set right what others recorded it counts at once, and says that there
/// was no second person.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/corrections", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        OfSchool, IdempotencyKey),
    request_body = NewCorrection, responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn post(
    PathDay(date, student_id): PathDay,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    person: Person,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<ActDone>, Problem> {
    let new: NewCorrection = parse_with_note(&body)?;
    let adds = new.adds.map(|new| Added { direction: new.direction, occurred_at: new.occurred_at.0 });
    let correction_id = CorrectionId(request.derived("correction"));
    let input = RequestCorrection {
        student_id,
        date,
        correction_id,
        change: Change { voids: new.voids, adds },
        reason: new.reason,
        note: new.note,
        corrects: person.may(Permission::EntriesCorrect, school),
    };
    let work =
        move |write, batcher, context| async move { request_correction(&write, &batcher, &context, input).await };
    act(&state, school, request, &body, (correction_id.0, work)).await
}

/// Sets the day right, as was asked.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/corrections/{act_id}/approve", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The correction"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn approve(
    path: PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    in_school: InSchool,
    person: Person,
    request: Request,
) -> Result<Json<ActDone>, Problem> {
    settle(&state, in_school, &person, request, (path, true)).await
}

/// Leaves the day as it is. Whoever asked takes it back so; others need the right to set right.
#[utoipa::path(post, path = "/api/v1/days/{date}/{student_id}/corrections/{act_id}/reject", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"), ("student_id" = Uuid, Path, description = "The pupil"),
        ("act_id" = Uuid, Path, description = "The correction"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = ActDone)))]
pub async fn reject(
    path: PathAct,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    in_school: InSchool,
    person: Person,
    request: Request,
) -> Result<Json<ActDone>, Problem> {
    settle(&state, in_school, &person, request, (path, false)).await
}

async fn settle(
    state: &AppState,
    InSchool(school): InSchool,
    person: &Person,
    request: Request,
    (PathAct(date, student_id, id), approves): (PathAct, bool),
) -> Result<Json<ActDone>, Problem> {
    let corrects = person.may(Permission::EntriesCorrect, school);
    let input = SettleCorrection { student_id, date, correction_id: CorrectionId(id), approves, corrects };
    let work = move |write, batcher, context| async move { settle_correction(&write, &batcher, &context, input).await };
    act(state, school, request, &[], (id, work)).await
}
