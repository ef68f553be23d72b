//! `GET /api/v1/live/pupils`: every pupil who was scanned on a day.

use crate::AppState;
use crate::api::input::{Params, SchoolDate};
use crate::api::page::{self, Page};
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::StudentId;
use domain::attendance_day::{Direction, Flag, ManualReason};
use projections::live::queries;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const LIST: &str = "pupils";

/// Which day of which school.
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

/// A pupil's day, summed up from its scans and what was recorded by hand. No name: see `/api/v1/students`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PupilDay {
    /// The pupil.
    pub student_id: Uuid,
    /// The school day.
    pub date: NaiveDate,
    /// Earliest entry whose time can be trusted.
    pub first_entry_at: Option<DateTime<Utc>>,
    /// Earliest entry of all.
    pub first_entry_any_at: Option<DateTime<Utc>>,
    /// Direction of the latest scan by corrected time.
    #[schema(value_type = Option<kiosk_protocol::Direction>)]
    pub last_direction: Option<Direction>,
    /// When that was.
    pub last_at: Option<DateTime<Utc>>,
    /// Which scan that was, or entry by hand.
    pub last_scan_id: Option<Uuid>,
    /// All scans, echoes included.
    pub scans: i32,
    /// Echoes among them.
    pub echoes: i32,
    /// What stands by hand, beside the scans.
    pub by_hand: i32,
    /// Why `first_entry_at` is by hand, if it is.
    #[schema(value_type = Option<String>)]
    pub first_by_hand: Option<ManualReason>,
    /// Doubts about any scan that is not an echo.
    #[schema(value_type = Vec<String>)]
    pub flags: Vec<Flag>,
    /// The last event that touched the day.
    pub position: i64,
}

/// The pupils who were scanned on a day, by id, with how many scans each has: what a client compares
/// with its own ledger of acknowledgements.
#[utoipa::path(get, path = "/api/v1/live/pupils", tag = "live", params(Asked),
    responses((status = 200, description = "A page", body = Page<PupilDay>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<Json<Page<PupilDay>>, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Uuid>(LIST, asked.cursor.as_deref())?.map(StudentId);
    let date = match asked.date {
        Some(SchoolDate(date)) => date,
        None => state.today(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?,
    };
    let rows = queries::pupils_seen(&mut state.pools.request.begin(school).await?, date, after, limit).await?;
    Ok(Json(Page::of(
        LIST,
        limit,
        rows,
        |row| row.student_id.0,
        |row| PupilDay {
            student_id: row.student_id.0,
            date: row.local_date,
            first_entry_at: row.first_entry_at,
            first_entry_any_at: row.first_entry_any_at,
            last_direction: row.last_direction,
            last_at: row.last_at,
            last_scan_id: row.last_scan_id.map(|s| s.0),
            scans: row.scans,
            echoes: row.echoes,
            by_hand: row.by_hand,
            first_by_hand: row.first_by_hand,
            flags: row.flags,
            position: row.position,
        },
    )))
}
