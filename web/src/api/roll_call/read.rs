//! `GET /api/v1/roll-call`: who is inside now, and the day's newest roll call.

use super::behind_after;
use crate::AppState;
use crate::api::input::Params;
use crate::api::live::OfSchool;
use crate::live::{LiveError, NameView};
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::roll_call::Reason;
use projections::live::presence::{self, Place, Tally};
use projections::live::roll_call::RollCall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Who is inside.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PresenceView {
    /// The school day.
    pub date: NaiveDate,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// How far the log is in it.
    pub position: i64,
    /// When the log learned the last of it.
    pub recorded_at: Option<DateTime<Utc>>,
    /// The log was restored, and this is from before.
    pub stale_epoch: bool,
    /// Gates of which nothing is heard: whoever entered by them is not known to be inside.
    pub silent_gates: Vec<String>,
    /// How many are inside by the gates.
    pub inside: u32,
    /// How many are to be found: inside, or said to be safe.
    pub to_find: u32,
    /// How many are said to be safe.
    pub safe: u32,
    /// How many may be inside, and nobody said that they are safe.
    pub unknown: u32,
    /// The day's newest roll call: the one that goes on, if one does.
    pub roll_call: Option<RollCallView>,
    /// Those of the day before it, the newest first.
    pub earlier: Vec<RollCallView>,
    /// Whoever is inside, may be, or is said to be safe; by pupil.
    pub pupils: Vec<PupilHereView>,
}

/// A roll call.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct RollCallView {
    /// The school day.
    pub date: NaiveDate,
    /// Its id.
    pub roll_call_id: Uuid,
    /// `drill` or `evacuation`.
    #[schema(value_type = String, example = "evacuation")]
    pub reason: Reason,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it goes on.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<RollCall> for RollCallView {
    fn from(call: RollCall) -> Self {
        Self {
            date: call.local_date,
            roll_call_id: call.roll_call_id.0,
            reason: call.reason,
            started_at: call.started_at,
            ended_at: call.ended_at,
        }
    }
}

/// A pupil to be looked for, or found.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PupilHereView {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// The course on that day.
    pub course_id: Option<Uuid>,
    /// Where the gates have the pupil.
    pub place: PlaceView,
    /// Since when the pupil is inside.
    pub since: Option<DateTime<Utc>>,
    /// Whether somebody said that the pupil is safe.
    pub safe: bool,
    /// When something was said last.
    pub said_at: Option<DateTime<Utc>>,
}

/// Where the gates have a pupil.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceView {
    /// Entered and did not go out.
    Inside,
    /// Expected and not seen, while a gate that lets in is silent.
    Unknown,
    /// Went out, or did not come.
    NotInside,
}

/// Who is inside now and of whom it is not known, by the last that the server heard, with what the day's newest roll call
/// says of them.
#[utoipa::path(get, path = "/api/v1/roll-call", tag = "live", params(OfSchool),
    responses((status = 200, description = "Who is inside", body = PresenceView)))]
pub async fn get(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Json<PresenceView>, Problem> {
    let nowhere = || Problem::new(Code::NotFound).at("school");
    let date = state.today(school).await?.ok_or_else(nowhere)?;
    let (now, behind_after) = (state.clock.now(), behind_after(state.clock.rate()));
    let mut tx = state.pools.request.snapshot(school).await?;
    let here = presence::load(&mut tx, date, now, behind_after).await?.ok_or_else(nowhere)?;
    drop(tx);
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let Tally { inside, to_find, safe, unknown } = Tally::of(&here.pupils);
    let pupil = |pupil: &presence::PupilHere| {
        let (place, since) = match pupil.place {
            Place::Inside { since } => (PlaceView::Inside, since),
            Place::Unknown => (PlaceView::Unknown, None),
            Place::NotInside => (PlaceView::NotInside, None),
        };
        PupilHereView {
            student_id: pupil.student_id.0,
            name: names.of(pupil.student_id).into(),
            course_id: pupil.course_id.map(|id| id.0),
            place,
            since,
            safe: pupil.is_safe(),
            said_at: pupil.mark.as_ref().map(|mark| mark.said_at),
        }
    };
    Ok(Json(PresenceView {
        date,
        now,
        position: here.as_of.position,
        recorded_at: here.as_of.recorded_at,
        stale_epoch: here.as_of.stale_epoch,
        silent_gates: here.silent_gates(behind_after),
        inside,
        to_find,
        safe,
        unknown,
        pupils: here.pupils.iter().map(pupil).collect(),
        roll_call: here.roll_call.map(RollCallView::from),
        earlier: here.earlier.into_iter().map(RollCallView::from).collect(),
    }))
}
