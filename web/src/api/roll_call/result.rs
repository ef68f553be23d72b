//! `GET /api/v1/roll-calls/{date}/{roll_call_id}`: a roll call, and whom it left to be found.

use super::behind_after;
use super::read::{PlaceView, RollCallView};
use crate::AppState;
use crate::api::input::{Params, PathRollCall};
use crate::api::live::OfSchool;
use crate::live::{LiveError, NameView};
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use projections::ReadModel;
use projections::audit::replay::ReplayError;
use projections::live::presence::{self, Place, PupilHere};
use projections::live::roll_call::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What came of a roll call.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct RollCallResult {
    /// Which.
    pub roll_call: RollCallView,
    /// How many had been said to be safe when it ended; none while it goes on.
    pub safe: Option<u32>,
    /// Who was inside, or may have been, when it ended and had not been said to be safe, by pupil; none while it goes on.
    pub not_found: Option<Vec<NotFoundView>>,
}

/// A pupil who was not found.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct NotFoundView {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course on that day.
    pub course_id: Option<Uuid>,
    /// Where the gates had the pupil: `inside` or `unknown`.
    pub place: PlaceView,
    /// Since when the pupil was inside.
    pub since: Option<DateTime<Utc>>,
    /// When somebody said that the pupil is safe, if that was after the end.
    pub safe_since: Option<DateTime<Utc>>,
}

/// A roll call of any day with whom it left to be found, by the gates as they were known when it ended. Marks that arrive
/// late count by when they were said.
#[utoipa::path(get, path = "/api/v1/roll-calls/{date}/{roll_call_id}", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"),
        ("roll_call_id" = Uuid, Path, description = "The roll call"), OfSchool),
    responses((status = 200, description = "What came of it", body = RollCallResult)))]
pub async fn get(
    PathRollCall(key): PathRollCall,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Json<RollCallResult>, Problem> {
    let found = queries::one(&mut state.pools.request.begin(school).await?, key).await?;
    let call = found.ok_or_else(|| Problem::new(Code::RollCallNotFound))?;
    // Who was inside then is told by the index, which may be a moment behind.
    state.wait_until(ReadModel::Audit, call.position).await;
    let mut tx = state.pools.request.snapshot(school).await?;
    let left = match call.ended_at {
        None => None,
        Some(ended) => {
            let here = presence::at_end(&mut tx, &call, behind_after(state.clock.rate())).await.map_err(unread)?;
            let here = here.ok_or_else(|| Problem::new(Code::Unavailable).retry_after(1))?;
            Some(here.left_at(ended))
        }
    };
    drop(tx);
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let pupil = |pupil: &PupilHere| {
        let (place, since) = match pupil.place {
            Place::Inside { since } => (PlaceView::Inside, since),
            Place::Unknown => (PlaceView::Unknown, None),
            Place::NotInside => (PlaceView::NotInside, None),
        };
        NotFoundView {
            student_id: pupil.student_id.0,
            name: names.of(pupil.student_id).into(),
            course_id: pupil.course_id.map(|id| id.0),
            place,
            since,
            safe_since: pupil.mark.as_ref().filter(|mark| mark.safe).map(|mark| mark.said_at),
        }
    };
    Ok(Json(RollCallResult {
        safe: left.as_ref().map(|left| left.safe),
        not_found: left.map(|left| left.not_found.iter().map(pupil).collect()),
        roll_call: call.into(),
    }))
}

fn unread(error: ReplayError) -> Problem {
    match error {
        ReplayError::Store(error) => error.into(),
        other @ (ReplayError::Unfilled | ReplayError::Poison(_)) => Problem::internal(other),
    }
}
