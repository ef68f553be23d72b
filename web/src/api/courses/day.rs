//! `GET /api/v1/courses/{id}/day`: a course's pupils on a day, with status and reasons.

use crate::AppState;
use crate::api::input::{Params, PathId, SchoolDate};
use crate::api::page;
use crate::live::NameView;
use crate::middleware::ShownDay;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, NaiveDate, Utc};
use domain::day_status::{Status, Step};
use domain::{CourseId, StudentId};
use projections::live::queries;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const LIST: &str = "course-day";

/// Which day, which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// The school day; today in the school's zone if left out.
    #[param(value_type = Option<NaiveDate>)]
    date: Option<SchoolDate>,
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    limit: Option<i64>,
}

/// A course's day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CourseDay {
    /// The course.
    pub course_id: Uuid,
    /// `1° Básico A`
    pub name: String,
    /// The school day.
    pub date: NaiveDate,
    /// The moment that lateness was judged at.
    pub now: DateTime<Utc>,
    /// The last event in the live model.
    pub position: i64,
    /// The log was restored and began another epoch, and this is still of the one before.
    pub stale_epoch: bool,
    /// Pupils of this page, by id.
    pub items: Vec<PupilLine>,
    /// Ask with `cursor` = this for the next page; missing on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A pupil on the day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilLine {
    /// The pupil.
    pub student_id: Uuid,
    /// The pupil's name.
    pub name: NameView,
    /// How the day stands: `{"status": "late", "minutes": 7}`.
    #[schema(value_type = Object)]
    pub status: Status,
    /// Entered and did not leave.
    pub inside: bool,
    /// Why: the steps from the facts to the status, each an object with its `step`.
    #[schema(value_type = Vec<Object>)]
    pub derivation: Vec<Step>,
    /// Earliest entry.
    pub first_entry_at: Option<DateTime<Utc>>,
    /// Scans of the day, echoes included.
    pub scans: i32,
}

/// The pupils of a course on a day.
#[utoipa::path(get, path = "/api/v1/courses/{id}/day", tag = "live",
    params(("id" = Uuid, Path, description = "The course"), Asked),
    responses((status = 200, description = "A page", body = CourseDay)))]
pub async fn get(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<(Extension<ShownDay>, Json<CourseDay>), Problem> {
    let missing = || Problem::new(Code::NotFound).at("course");
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Uuid>(LIST, asked.cursor.as_deref())?.map(StudentId);
    let date = match asked.date {
        Some(SchoolDate(date)) => date,
        None => state.today(school).await?.ok_or_else(missing)?,
    };
    let (mut tx, now) = (state.pools.request.snapshot(school).await?, state.clock.now());
    let page = queries::course_page(&mut tx, CourseId(id), date, now, after, limit).await?.ok_or_else(missing)?;
    drop(tx);
    let names = state.names.of_school(school).await.map_err(crate::live::LiveError::Names)?;
    let items = page.pupils.into_iter().map(|line| PupilLine {
        student_id: line.student_id.0,
        name: if line.erased { NameView::Erased } else { names.of(line.student_id).into() },
        status: line.status.status,
        inside: line.status.inside,
        derivation: line.status.derivation,
        first_entry_at: line.day.as_ref().and_then(|d| d.first_entry_any_at),
        scans: line.day.as_ref().map_or(0, |d| d.scans),
    });
    let day = CourseDay {
        course_id: id,
        name: page.course.name,
        date,
        now,
        position: page.as_of.position,
        stale_epoch: page.as_of.stale_epoch,
        items: items.collect(),
        next: page.next.map(|student| page::cursor(LIST, student)),
    };
    Ok((Extension(ShownDay(date)), Json(day)))
}
