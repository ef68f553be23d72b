//! What inspectors do to a pupil's day: early leaves, justifications, corrections.

pub mod acts;
pub mod corrections;
pub mod early_leaves;
pub mod justifications;
pub mod waiting;

use crate::AppState;
use crate::api::input::SchoolDate;
use crate::api::write::Request;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, Utc};
use commands::batcher::Batcher;
use commands::use_cases::{Invalid, UseCaseError};
use commands::{Context, Done, Write};
use domain::attendance_day::{CorrectionError, Error, Event, JustificationError, LeaveError};
use domain::{SchoolId, StudentId};
use projections::live::rows::{Act, ActKind, ActState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The local date and the pupil in the path.
pub struct PathDay(pub NaiveDate, pub StudentId);

impl FromRequestParts<AppState> for PathDay {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Path::<(SchoolDate, Uuid)>::from_request_parts(parts, state).await {
            Ok(Path((SchoolDate(date), student))) => Ok(Self(date, StudentId(student))),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// The same with what is done to the day.
pub struct PathAct(pub NaiveDate, pub StudentId, pub Uuid);

impl FromRequestParts<AppState> for PathAct {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Path::<(SchoolDate, Uuid, Uuid)>::from_request_parts(parts, state).await {
            Ok(Path((SchoolDate(date), student, act))) => Ok(Self(date, StudentId(student), act)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// What was done to a day.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct ActDone {
    /// The early leave, justification or correction: the same for each repeat of the request.
    pub act_id: Uuid,
    /// Place in the log of the event that did it.
    pub position: Option<i64>,
}

/// An early leave, a justification or a correction. Notes and documents are on the pages alone.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct ActView {
    /// Which.
    pub act_id: Uuid,
    /// The pupil.
    pub student_id: Uuid,
    /// The school day.
    pub date: NaiveDate,
    /// `early_leave`, `justification` or `correction`.
    #[schema(value_type = String, example = "justification")]
    pub kind: ActKind,
    /// `authorised`, `recorded`, `cancelled`, `blocked`; `submitted`, `requested`, `accepted`, `approved`, `rejected`.
    #[schema(value_type = String, example = "submitted")]
    pub state: ActState,
    /// The event's own words, without a note: `{"type": "justification_submitted", "reason": "illness", …}`.
    #[schema(value_type = Object)]
    pub said: Event,
    /// Who said it, as in the audit index.
    pub actor: String,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// The words of the event that ended it.
    #[schema(value_type = Option<Object>)]
    pub ending: Option<Event>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When the log learned that.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<Act> for ActView {
    fn from(act: Act) -> Self {
        Self {
            act_id: act.act_id,
            student_id: act.student_id.0,
            date: act.local_date,
            kind: act.kind,
            state: act.state,
            said: without_note(act.said),
            actor: act.actor.0,
            recorded_at: act.recorded_at,
            ending: act.ending.map(without_note),
            ended_by: act.ended_by.map(|by| by.0),
            ended_at: act.ended_at,
        }
    }
}

/// Sealed texts are of no use to a program.
fn without_note(mut event: Event) -> Event {
    match &mut event {
        Event::EarlyLeaveAuthorised { leave } | Event::EarlyLeaveBlocked { leave } => leave.note = None,
        Event::JustificationSubmitted { justification } => justification.note = None,
        Event::CorrectionRequested { correction } => correction.note = None,
        Event::ManualEntryRecorded { entry, .. } => entry.note = None,
        Event::ScanRecorded { .. }
        | Event::ScanFlagged { .. }
        | Event::ManualEntryWithdrawn { .. }
        | Event::EarlyLeaveRecorded { .. }
        | Event::EarlyLeaveCancelled { .. }
        | Event::JustificationAccepted { .. }
        | Event::JustificationRejected { .. }
        | Event::CorrectionApproved { .. }
        | Event::CorrectionRejected { .. } => {}
    }
    event
}

/// Does it once for the request's key.
async fn act<W, F>(
    state: &AppState,
    school: SchoolId,
    request: Request,
    body: &[u8],
    (act_id, work): (Uuid, W),
) -> Result<Json<ActDone>, Problem>
where
    W: FnOnce(Write, Batcher, Context) -> F + Send + 'static,
    F: Future<Output = Result<Done, UseCaseError>> + Send + 'static,
{
    let batcher = state.batcher.clone();
    let work = move |write, context| async move { work(write, batcher, context).await.map_err(refused) };
    let position = request.run(state, school, body, work).await?;
    Ok(Json(ActDone { act_id, position }))
}

fn refused(error: UseCaseError) -> Problem {
    let day = match error {
        UseCaseError::UnknownStudent => return Problem::new(Code::NotFound).at("student"),
        UseCaseError::Invalid(Invalid::Note) => return Problem::new(Code::InvalidBody).at("note"),
        UseCaseError::Invalid(Invalid::Identity) => return Problem::new(Code::IdentityMismatch),
        UseCaseError::Day(day) => day,
        other => return other.into(),
    };
    match day {
        Error::NotEnrolled => Problem::new(Code::NotEnrolled),
        Error::InTheFuture => Problem::new(Code::TimeInFuture).at("occurred_at"),
        Error::AnotherDay => Problem::new(Code::TimeOfAnotherDay).at("occurred_at"),
        Error::BeforeTheDay => Problem::new(Code::TimeBeforeDay).at("occurred_at"),
        Error::Leave(LeaveError::Barred) => Problem::new(Code::AdultBarred),
        Error::Leave(LeaveError::MayNotCollect) => Problem::new(Code::MayNotCollect),
        Error::Leave(LeaveError::OneIsOpen) => Problem::new(Code::LeaveOpen),
        Error::Leave(LeaveError::Recorded | LeaveError::Cancelled) => Problem::new(Code::DecidedOtherwise),
        Error::Leave(LeaveError::BeforeAuthorised) => Problem::new(Code::InvalidBody).at("occurred_at"),
        Error::Justification(JustificationError::TooFarAhead) => Problem::new(Code::InvalidParameter).at("date"),
        Error::Justification(JustificationError::NotLinked) => Problem::new(Code::NotLinked).at("guardian_id"),
        Error::Justification(JustificationError::AlreadyJustified) => Problem::new(Code::AlreadyJustified),
        Error::Justification(JustificationError::TooManyWaiting) => Problem::new(Code::TooManyWaiting),
        Error::Justification(JustificationError::Decided) | Error::Correction(CorrectionError::Decided) => {
            Problem::new(Code::DecidedOtherwise)
        }
        Error::Correction(CorrectionError::Empty) => Problem::new(Code::InvalidBody).at("adds"),
        Error::Correction(CorrectionError::UnknownPassage) => Problem::new(Code::UnknownPassage).at("voids"),
        Error::Correction(CorrectionError::MayNotApprove) => Problem::new(Code::Forbidden),
        Error::Leave(LeaveError::Unknown)
        | Error::Justification(JustificationError::Unknown)
        | Error::Correction(CorrectionError::Unknown)
        | Error::UnknownEntry
        | Error::NotItsAuthor
        | Error::TooLateToUndo
        | Error::Withdrawn => Problem::new(Code::NotFound).at("act"),
    }
}
