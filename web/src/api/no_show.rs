//! Who did not come: a day's cases, and what a person does about one.

pub mod acknowledge;
pub mod justify;
pub mod list;
pub mod read;
pub mod release;

use crate::AppState;
use crate::api::write::Request;
use crate::live::NameView;
use crate::names::SchoolNames;
use crate::problem::{Code, Problem};
use axum::Json;
use chrono::{DateTime, NaiveDate, Utc};
use commands::WriteError;
use commands::no_show::ask;
use domain::SchoolId;
use domain::no_show::{CaseId, Command, Error, Hold};
use projections::no_show::rows::{Case, CaseState, Ending};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A pupil who was expected and of whom no entry was on record when it was due. All that is told of it is of its newest
/// opening.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct CaseView {
    /// The school day.
    pub date: NaiveDate,
    /// The slot of the schedule.
    pub slot_id: Uuid,
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The pupil's course on that day.
    pub course_id: Uuid,
    /// When the entry was due.
    pub due_at: DateTime<Utc>,
    /// `open`, `held`, `told`, `acknowledged`, `resolved`, `retracted`.
    #[schema(value_type = String, example = "held")]
    pub state: CaseState,
    /// Why the family is not told by itself: `gate_silent`, `mass_alarm`, `stale`; none unless it is held.
    #[schema(value_type = Option<String>, example = "mass_alarm")]
    pub held_reason: Option<Hold>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was first asked that the family be told.
    pub told_at: Option<DateTime<Utc>>,
    /// Since when a person looks after it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who, as in the audit index: `user:<id>`.
    pub acknowledged_by: Option<String>,
    /// When it came to its end.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its end: `{"how": "arrived", "at": …}`, `{"how": "justified", "reason": …}`, or why it should not have been:
    /// `{"cause": "entered_before", "at": …}`, `{"cause": "not_expected", "why": …}`, `{"cause": "not_due"}`.
    #[schema(value_type = Option<Object>)]
    pub ending: Option<Ending>,
    /// How often it was opened.
    pub openings: i32,
}

impl CaseView {
    fn of(case: Case, names: &SchoolNames) -> Self {
        Self {
            date: case.local_date,
            slot_id: case.slot_id.0,
            student_id: case.student_id.0,
            name: names.of(case.student_id).into(),
            course_id: case.course_id.0,
            due_at: case.due_at,
            state: case.state,
            held_reason: case.held_reason,
            opened_at: case.opened_at,
            told_at: case.told_at,
            acknowledged_at: case.acknowledged_at,
            acknowledged_by: case.acknowledged_by.map(|by| by.0),
            closed_at: case.closed_at,
            ending: case.ending,
            openings: case.openings,
        }
    }
}

/// What was done about a case.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct CaseChanged {
    /// Place in the log of the event; none if it was so already.
    pub position: Option<i64>,
}

async fn change(
    state: &AppState,
    school: SchoolId,
    request: Request,
    body: &[u8],
    (case, command): (CaseId, Command),
) -> Result<Json<CaseChanged>, Problem> {
    let work = move |write, context| async move { ask(&write, &context, case, command).await.map_err(unwritten) };
    let position = request.run(state, school, body, work).await?;
    Ok(Json(CaseChanged { position }))
}

fn unwritten(error: WriteError<Error>) -> Problem {
    match error {
        WriteError::Rejected(why) => refused(why),
        WriteError::Conflict => Problem::new(Code::Conflict).retry_after(1),
        WriteError::Store(error) => error.into(),
    }
}

fn refused(why: Error) -> Problem {
    Problem::new(match why {
        Error::NotOpened => Code::NoShowNotFound,
        Error::Closed => Code::NoShowClosed,
        Error::Acknowledged => Code::NoShowAcknowledged,
    })
}

#[cfg(test)]
mod tests;
