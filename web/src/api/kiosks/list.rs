//! `GET /api/v1/kiosks`: a school's kiosks, and how each is.

use crate::AppState;
use crate::api::input::Params;
use crate::api::page::{self, Asked, Page};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::KioskId;
use domain::kiosk::LaneMode;
use projections::live::health::{self, KioskHealth};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const LIST: &str = "kiosks";

/// A kiosk. What it said of itself (`last_seen` to `app_version`) is missing if it never called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KioskItem {
    /// Its id.
    pub kiosk_id: Uuid,
    /// `Portón Norte`
    pub gate: String,
    /// How it learns the direction: `entry_lane`, `exit_lane` or `choice`.
    #[schema(value_type = String)]
    pub mode: LaneMode,
    /// No longer trusted.
    pub revoked: bool,
    /// It fell silent and has not returned: when it was last heard before that.
    pub silent_since: Option<DateTime<Utc>>,
    /// No scan taken before this instant is still on its way.
    pub drained_through: Option<DateTime<Utc>>,
    /// Latest scan.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Gaps found in its queues.
    pub gaps: i32,
    /// Numbers used twice.
    pub forks: i32,
    /// When it last called.
    pub last_seen: Option<DateTime<Utc>>,
    /// Scans that waited on it then.
    pub queue_depth: Option<i32>,
    /// Its wall clock minus the server's then, milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// The version of its program.
    pub app_version: Option<String>,
}

impl From<KioskHealth> for KioskItem {
    fn from(kiosk: KioskHealth) -> Self {
        let said = kiosk.said;
        Self {
            kiosk_id: kiosk.kiosk_id.0,
            gate: kiosk.gate,
            mode: kiosk.mode,
            revoked: kiosk.revoked,
            silent_since: kiosk.silent_since,
            drained_through: kiosk.drained_through,
            last_scan_at: kiosk.last_scan_at,
            gaps: kiosk.gaps,
            forks: kiosk.forks,
            last_seen: said.as_ref().map(|said| said.at),
            queue_depth: said.as_ref().map(|said| said.queue_depth),
            clock_skew_ms: said.as_ref().map(|said| said.skew_ms),
            app_version: said.and_then(|said| said.app_version),
        }
    }
}

/// A school's kiosks by id, revoked ones too.
#[utoipa::path(get, path = "/api/v1/kiosks", tag = "roster", params(Asked),
    responses((status = 200, description = "A page", body = Page<KioskItem>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<Json<Page<KioskItem>>, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::read_cursor::<Uuid>(LIST, asked.cursor.as_deref())?.map(KioskId);
    let rows = health::kiosks(&mut state.pools.request.begin(school).await?, after, limit).await?;
    Ok(Json(Page::of(LIST, limit, rows, |row| row.kiosk_id.0, KioskItem::from)))
}
