//! `POST /api/v1/students/{id}/entries` records by hand that a pupil came or went,
//! `DELETE /api/v1/students/{id}/entries/{date}/{entry_id}` takes that back.

use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathEntry, PathId, SchoolDate, SchoolInstant, parse_with_note};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::permissions::Permission;
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::{InSchool, Person};
use axum::Json;
use axum::extract::State;
use commands::use_cases::{
    Invalid, RecordManualEntry, UseCaseError, WithdrawManualEntry, record_manual_entry, withdraw_manual_entry,
};
use domain::attendance_day::{Direction, Error, ManualReason};
use domain::values::zone::local_date;
use domain::{ManualEntryId, StudentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry or exit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// Why by hand: `forgot_card`, `lost_card`, `card_not_read`, `gate_failed`, `other_door`, `other`.
    #[schema(value_type = String, example = "forgot_card")]
    reason: ManualReason,
    /// Which way; in, if left out.
    #[schema(value_type = Option<kiosk_protocol::Direction>)]
    direction: Option<Direction>,
    /// When; now, if left out. Not in the future, and not before five in the morning.
    #[schema(value_type = Option<DateTime<Utc>>)]
    occurred_at: Option<SchoolInstant>,
    /// The school day that it is for; that of `occurred_at` if left out, and refused if that is another one.
    #[schema(value_type = Option<NaiveDate>)]
    date: Option<SchoolDate>,
    /// More about it, at most 200 characters. Kept sealed, for the school's staff alone.
    note: Option<String>,
}

/// What was recorded, or taken back.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct EntryRecorded {
    /// The pupil.
    pub student_id: Uuid,
    /// The entry: the same for each repeat of the request.
    pub entry_id: Uuid,
    /// Place in the log of the event that did it.
    pub position: Option<i64>,
}

/// Records an entry or exit by hand, in the name of whoever asks.
#[utoipa::path(post, path = "/api/v1/students/{id}/entries", tag = "live",
    params(("id" = Uuid, Path, description = "The pupil"), OfSchool, IdempotencyKey),
    request_body = NewEntry,
    responses((status = 200, description = "Committed", body = EntryRecorded)))]
pub async fn post(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<EntryRecorded>, Problem> {
    let entry: NewEntry = parse_with_note(&body)?;
    // What the program itself writes as a reason is nobody's word.
    if !ManualReason::ALL.contains(&entry.reason) {
        return Err(Problem::new(Code::InvalidBody).at("reason"));
    }
    let entry_id = ManualEntryId(request.derived("entry"));
    let (batcher, clock) = (state.batcher.clone(), state.clock.clone());
    let record = move |write, context: commands::Context| async move {
        let occurred_at = entry.occurred_at.map_or_else(|| clock.now(), |at| at.0);
        let input = RecordManualEntry {
            student_id: StudentId(id),
            date: entry.date.map_or_else(|| local_date(occurred_at, context.zone), |date| date.0),
            entry_id,
            direction: entry.direction.unwrap_or(Direction::Entry),
            occurred_at,
            reason: entry.reason,
            note: entry.note,
        };
        record_manual_entry(&write, &batcher, &context, input).await.map_err(refused)
    };
    let position = request.run(&state, school, &body, record).await?;
    Ok(Json(EntryRecorded { student_id: id, entry_id: entry_id.0, position }))
}

/// Takes an entry or exit by hand back: one's own within fifteen minutes, others' and older ones with the right to set
/// right. It stays in the log, and nothing counts it any more.
#[utoipa::path(delete, path = "/api/v1/students/{id}/entries/{date}/{entry_id}", tag = "live",
    params(("id" = Uuid, Path, description = "The pupil"), ("date" = NaiveDate, Path, description = "The school day"),
        ("entry_id" = Uuid, Path, description = "The entry"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = EntryRecorded)))]
pub async fn delete(
    PathEntry(student_id, date, entry_id): PathEntry,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    person: Person,
    request: Request,
) -> Result<Json<EntryRecorded>, Problem> {
    let corrects = person.may(Permission::EntriesCorrect, school);
    let input = WithdrawManualEntry { student_id, date, entry_id, corrects };
    let batcher = state.batcher.clone();
    let withdraw = move |write, context| async move {
        withdraw_manual_entry(&write, &batcher, &context, input).await.map_err(refused)
    };
    let position = request.run(&state, school, &[], withdraw).await?;
    Ok(Json(EntryRecorded { student_id: student_id.0, entry_id: entry_id.0, position }))
}

fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::UnknownStudent => Problem::new(Code::NotFound).at("student"),
        UseCaseError::Day(Error::NotEnrolled) => Problem::new(Code::NotEnrolled),
        UseCaseError::Day(Error::InTheFuture) => Problem::new(Code::TimeInFuture).at("occurred_at"),
        UseCaseError::Day(Error::AnotherDay) => Problem::new(Code::TimeOfAnotherDay).at("occurred_at"),
        UseCaseError::Day(Error::BeforeTheDay) => Problem::new(Code::TimeBeforeDay).at("occurred_at"),
        UseCaseError::Day(Error::UnknownEntry) => Problem::new(Code::NotFound).at("entry"),
        UseCaseError::Day(Error::NotItsAuthor) => Problem::new(Code::EntryOfAnother),
        UseCaseError::Day(Error::TooLateToUndo) => Problem::new(Code::EntryTooOld),
        UseCaseError::Day(Error::Withdrawn) => Problem::new(Code::EntryWithdrawn),
        UseCaseError::Invalid(Invalid::Note) => Problem::new(Code::InvalidBody).at("note"),
        other => other.into(),
    }
}
