//! `GET /api/v1/audit/days/{date}`: both boards of a day, and how many differ.

use super::day;
use crate::AppState;
use crate::api::input::{Params, PathDate, SchoolInstant};
use crate::live::{CountsView, CourseView};
use crate::middleware::ShownDay;
use crate::problem::Problem;
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, NaiveDate, Utc};
use domain::kiosk::LaneMode;
use projections::live::board::Board;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// As known when, about which instant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// As it was known at this moment: what the log learned later does not count. Now if left out.
    #[param(value_type = Option<DateTime<Utc>>)]
    as_of: Option<SchoolInstant>,
    /// About this instant: who passed later does not count. The same as `as_of` if left out, never later.
    #[param(value_type = Option<DateTime<Utc>>)]
    at: Option<SchoolInstant>,
}

/// A day, twice.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DayReplayed {
    /// The school day.
    pub date: NaiveDate,
    /// The school's IANA time zone.
    pub zone: String,
    /// As of this moment.
    pub as_of: DateTime<Utc>,
    /// About this instant.
    pub at: DateTime<Utc>,
    /// The last event of the log in the audit index.
    pub position: i64,
    /// When the log learned it: nothing newer is known here.
    pub recorded_until: Option<DateTime<Utc>>,
    /// The log was restored and began another epoch, and this is still of the one before.
    pub stale_epoch: bool,
    /// As it was known then; none if the school was not known.
    pub then: Option<ReplayedBoard>,
    /// As it is known now.
    pub now: ReplayedBoard,
    /// Pupils who stand otherwise now.
    pub changed: usize,
    /// Pupils who stand the same for other reasons.
    pub changed_in_reasons: usize,
}

/// A board by some knowledge.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayedBoard {
    /// All pupils.
    pub totals: CountsView,
    /// By course, lowest grade first.
    pub courses: Vec<CourseView>,
    /// The gates, by name.
    pub gates: Vec<ReplayedGate>,
}

/// A gate by some knowledge.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayedGate {
    /// The kiosk.
    pub kiosk_id: Uuid,
    /// Name of the gate.
    pub gate: String,
    /// `entry_lane`, `exit_lane`, `choice`.
    #[schema(value_type = String)]
    pub mode: LaneMode,
    /// No scan taken before this instant was still waiting on the device.
    pub drained_through: Option<DateTime<Utc>>,
    /// Silent since then, if it was.
    pub silent_since: Option<DateTime<Utc>>,
    /// No longer trusted.
    pub revoked: bool,
}

impl From<&Board> for ReplayedBoard {
    fn from(board: &Board) -> Self {
        let course = |line: &projections::live::board::CourseLine| CourseView {
            course_id: line.course_id.0,
            name: line.name.clone(),
            level: line.level.clone(),
            letter: line.letter.clone(),
            counts: line.counts.into(),
        };
        let gate = |line: &projections::live::board::GateLine| ReplayedGate {
            kiosk_id: line.kiosk_id.0,
            gate: line.gate.clone(),
            mode: line.mode,
            drained_through: line.drained_through,
            silent_since: line.silent_since,
            revoked: line.revoked,
        };
        Self {
            totals: board.totals.into(),
            courses: board.courses.iter().map(course).collect(),
            gates: board.gates.iter().map(gate).collect(),
        }
    }
}

/// A day as it was known at a moment and as it is known now.
#[utoipa::path(get, path = "/api/v1/audit/days/{date}", tag = "audit",
    params(("date" = NaiveDate, Path, description = "The school day"), Asked),
    responses((status = 200, description = "Both boards", body = DayReplayed)))]
pub async fn get(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<DayReplayed>), Problem> {
    let day = day(&state, school, date, asked.as_of, asked.at).await?;
    let (changed, changed_in_reasons) = day.changed();
    let told = DayReplayed {
        date,
        zone: day.replayed.now.zone.name().to_owned(),
        as_of: day.replayed.moment.known,
        at: day.replayed.moment.at,
        position: day.events.as_of.position,
        recorded_until: day.events.as_of.recorded_at,
        stale_epoch: day.events.as_of.stale_epoch,
        then: day.replayed.then.as_ref().map(ReplayedBoard::from),
        now: (&day.replayed.now).into(),
        changed,
        changed_in_reasons,
    };
    Ok((Extension(ShownDay(date)), Json(told)))
}
