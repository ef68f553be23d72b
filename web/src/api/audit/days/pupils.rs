//! `GET /api/v1/audit/days/{date}/pupils`: how each pupil stood by what was known then, and stands by what is known
//! now.

use super::{actor, day};
use crate::AppState;
use crate::api::input::{Params, PathDate, SchoolInstant};
use crate::api::page::{self, Page};
use crate::live::{LiveError, NameView};
use crate::middleware::ShownDay;
use crate::problem::Problem;
use crate::replay::Wanted;
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use domain::day_status::{Status, Step};
use domain::{CourseId, KioskId, StudentId};
use projections::audit::replay::{Change, Place};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const LIST: &str = "audit-day-pupils";

/// Which pupils, as known when, about which instant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// As it was known at this moment. Now if left out.
    #[param(value_type = Option<DateTime<Utc>>)]
    as_of: Option<SchoolInstant>,
    /// About this instant; the same as `as_of` if left out, never later.
    #[param(value_type = Option<DateTime<Utc>>)]
    at: Option<SchoolInstant>,
    /// Of one course, then or now.
    course: Option<Uuid>,
    /// One pupil.
    student: Option<Uuid>,
    /// To whose day this actor did something: `user:<id>`, `kiosk:<id>`.
    actor: Option<String>,
    /// Who passed this kiosk.
    kiosk: Option<Uuid>,
    /// Only who stands otherwise now, or for other reasons.
    #[serde(default)]
    changed: bool,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    limit: Option<i64>,
}

/// A pupil on both boards.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilReplayed {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// `status`: stands otherwise now; `reasons`: the same for other reasons; `none`.
    pub change: String,
    /// As it was known then; none: not on the board.
    pub then: Option<PlaceView>,
    /// As it is known now; none: not on the board.
    pub now: Option<PlaceView>,
}

/// How a pupil stands by some knowledge.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// The course on that day.
    pub course_id: Option<Uuid>,
    /// `{"status": "late", "minutes": 7}`
    #[schema(value_type = Object)]
    pub status: Status,
    /// Entered and did not leave.
    pub inside: bool,
    /// Why: the steps from the facts to the status, each an object with its `step`.
    #[schema(value_type = Vec<Object>)]
    pub derivation: Vec<Step>,
    /// First entry.
    pub first_entry_at: Option<DateTime<Utc>>,
    /// When the pupil went out.
    pub left_at: Option<DateTime<Utc>>,
}

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> Self {
        Self {
            course_id: place.course_id.map(|course| course.0),
            status: place.status.status,
            inside: place.status.inside,
            derivation: place.status.derivation.clone(),
            first_entry_at: place.first_entry,
            left_at: place.left_at,
        }
    }
}

/// What differs, as a word.
pub(crate) fn change_word(change: Change) -> &'static str {
    match change {
        Change::Status => "status",
        Change::Reasons => "reasons",
        Change::None => "none",
    }
}

/// The pupils of a replayed day, those who stand otherwise first.
#[utoipa::path(get, path = "/api/v1/audit/days/{date}/pupils", tag = "audit",
    params(("date" = NaiveDate, Path, description = "The school day"), Asked),
    responses((status = 200, description = "A page", body = Page<PupilReplayed>)))]
pub async fn list(
    PathDate(date): PathDate,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<Page<PupilReplayed>>), Problem> {
    let limit = usize::try_from(page::limit(asked.limit)?).unwrap_or(1);
    let from = page::read_cursor::<usize>(LIST, asked.cursor.as_deref())?.unwrap_or(0);
    let wanted = Wanted {
        course: asked.course.map(CourseId),
        students: asked.student.map(|id| HashSet::from([StudentId(id)])),
        actor: actor(asked.actor)?,
        kiosk: asked.kiosk.map(KioskId),
        changed: asked.changed,
    };
    let day = day(&state, school, date, asked.as_of, asked.at).await?;
    let names = state.names.of_school(school).await.map_err(LiveError::Names)?;
    let lines = day.pupils(&wanted);
    let items = lines.iter().skip(from).take(limit).map(|line| PupilReplayed {
        student_id: line.student_id.0,
        name: names.of(line.student_id).into(),
        change: change_word(line.change).to_owned(),
        then: line.then.as_ref().map(PlaceView::from),
        now: line.now.as_ref().map(PlaceView::from),
    });
    let (items, until) = (items.collect(), from.saturating_add(limit));
    let next = (until < lines.len()).then(|| page::cursor(LIST, until));
    Ok((Extension(ShownDay(date)), Json(Page { items, next })))
}
