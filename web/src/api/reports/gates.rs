//! `GET /api/v1/reports/gates`: what gates told late, and the days that are not known.

use super::{Asked, DayView, Head, days};
use crate::AppState;
use crate::api::input::Params;
use crate::problem::{Code, Problem};
use crate::reports::csv::{self, Reader};
use crate::reports::sheets;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use projections::live::reports::{DayLine, MAX_DAYS, Scope, late_syncs, report};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What gates told late, and what they did not tell.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GatesReport {
    /// Which days.
    #[serde(flatten)]
    pub head: Head,
    /// What arrived late, by date and gate.
    pub late: Vec<LateGate>,
    /// The days of which not all is known.
    pub unknown_days: Vec<DayView>,
}

/// What a gate told late of a day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LateGate {
    /// The school day of the scans.
    pub date: NaiveDate,
    /// The kiosk.
    pub kiosk_id: Uuid,
    /// Name of the gate.
    pub gate: String,
    /// How many scans.
    pub scans: i64,
    /// How long the one that waited longest did, in seconds.
    pub longest_seconds: i64,
}

/// What gates told late of at most 31 days, and the days of which not all is known. As CSV: what they told late.
#[utoipa::path(get, path = "/api/v1/reports/gates", tag = "reports", params(Asked),
    responses((status = 200, description = "What is known of the gates", content(
        (GatesReport = "application/json"), (String = "text/csv")))))]
pub async fn get(
    State(state): State<AppState>,
    Params(asked): Params<Asked>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let dates = asked.dates(&state, school, MAX_DAYS).await?;
    let mut tx = state.pools.request.snapshot(school).await?;
    let found = report(&mut tx, Scope::School, dates, state.clock.now()).await?;
    let report = found.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?;
    let late = late_syncs(&mut tx, dates).await?;
    drop(tx);
    if csv::is_wanted(&headers) {
        return Ok(sheets::of_gates(&late, Reader::Program).response(&sheets::file_name("gates", &report)));
    }
    let unknown: Vec<DayLine> = report.days.iter().filter(|line| line.tally.unknown > 0).cloned().collect();
    let late = late.into_iter().map(|sync| LateGate {
        date: sync.date,
        kiosk_id: sync.kiosk_id.0,
        gate: sync.gate,
        scans: sync.scans,
        longest_seconds: sync.longest_seconds,
    });
    Ok(Json(GatesReport { head: Head::of(&report), late: late.collect(), unknown_days: days(&unknown) })
        .into_response())
}
