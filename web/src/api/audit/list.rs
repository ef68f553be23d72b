//! `GET /api/v1/audit`: every event of the log, by school, newest first.

use crate::AppState;
use crate::api::input::{Params, SchoolDate, SchoolInstant};
use crate::api::page::{self, Page};
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::KioskId;
use domain::attendance_day::ManualReason;
use projections::audit::queries::{self, Filter, Order};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const NEWEST: &str = "audit-newest";
const OLDEST: &str = "audit-oldest";

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// Of one stream: `<school>/<id>` or `<date>/<school>/<student>`.
    stream: Option<String>,
    /// About one pupil or guardian.
    person: Option<Uuid>,
    /// About or from one kiosk.
    kiosk: Option<Uuid>,
    /// By one actor: `kiosk:<id>`, `cli:<command>`, `system:<part>`.
    actor: Option<String>,
    /// Recorded at this instant or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<SchoolInstant>,
    /// Recorded before this instant.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<SchoolInstant>,
    /// Belonging to one school day.
    #[param(value_type = Option<NaiveDate>)]
    date: Option<SchoolDate>,
    /// Of one aggregate: `attendance_day`.
    aggregate: Option<String>,
    /// Of one event: `scan_recorded`.
    event: Option<String>,
    /// `newest` (default) or `oldest` first.
    order: Option<Direction>,
    /// The `next` of the page before, in the same order.
    cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    limit: Option<i64>,
}

/// In which order.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    #[default]
    Newest,
    Oldest,
}

/// One event of the log, without its payload.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditItem {
    /// Place in the log.
    pub position: i64,
    /// Its own id.
    pub event_id: Uuid,
    /// The school day it belongs to.
    pub date: NaiveDate,
    /// The stream's aggregate type.
    pub aggregate: String,
    /// The stream.
    pub stream: String,
    /// Place in the stream.
    pub sequence: i64,
    /// Its name.
    pub event: String,
    /// Version of its shape.
    pub version: String,
    /// Who did it.
    pub actor: String,
    /// The kiosk that it is about or that sent it.
    pub kiosk_id: Option<Uuid>,
    /// Every pupil and guardian that it is about.
    pub persons: Vec<Uuid>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// Shared by all that follows from one request.
    pub correlation_id: Uuid,
    /// The event or command that caused it.
    pub causation_id: Option<Uuid>,
    /// The command that appended it.
    pub command_id: Option<Uuid>,
    /// Of what was recorded by hand, why: `forgot_card`.
    #[schema(value_type = Option<String>)]
    pub reason: Option<ManualReason>,
}

/// Entries of a school's audit index.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Asked),
    responses((status = 200, description = "A page", body = Page<AuditItem>)))]
pub async fn list(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
) -> Result<Json<Page<AuditItem>>, Problem> {
    let limit = page::limit(asked.limit)?;
    // Postgres takes no NUL, and no stream or actor is longer.
    let texts = [&asked.stream, &asked.actor, &asked.aggregate, &asked.event];
    if texts.into_iter().flatten().any(|t| t.len() > 200 || t.chars().any(char::is_control)) {
        return Err(Problem::new(Code::InvalidParameter));
    }
    let (list, order) = match asked.order.unwrap_or_default() {
        Direction::Newest => (NEWEST, Order::NewestFirst),
        Direction::Oldest => (OLDEST, Order::OldestFirst),
    };
    let cursor = page::read_cursor::<i64>(list, asked.cursor.as_deref())?;
    let filter = Filter {
        stream: asked.stream,
        subject: asked.person,
        kiosk: asked.kiosk.map(KioskId),
        actor: asked.actor,
        from: asked.from.map(|at| at.0),
        to: asked.to.map(|at| at.0),
        date: asked.date.map(|d| d.0),
        aggregate_type: asked.aggregate,
        event_type: asked.event,
    };
    let mut tx = state.pools.request.begin(school).await?;
    let page = queries::entries(&mut tx, &filter, order, cursor, limit).await?;
    let items = page.entries.into_iter().map(|e| AuditItem {
        position: e.position,
        event_id: e.event_id.0,
        date: e.local_date,
        aggregate: e.aggregate_type,
        stream: e.stream,
        sequence: e.sequence,
        event: e.event_type,
        version: e.event_version,
        actor: e.actor,
        kiosk_id: e.kiosk_id.map(|k| k.0),
        persons: e.subjects,
        occurred_at: e.occurred_at,
        recorded_at: e.recorded_at,
        correlation_id: e.correlation_id,
        causation_id: e.causation_id,
        command_id: e.command_id.map(|c| c.0),
        reason: e.reason,
    });
    Ok(Json(Page { items: items.collect(), next: page.next.map(|p| page::cursor(list, p)) }))
}
