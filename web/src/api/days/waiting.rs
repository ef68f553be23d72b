//! `GET /api/v1/acts/waiting`: what waits for a person, who is about to leave, and barred adults who asked for a pupil.

use super::ActView;
use crate::AppState;
use crate::api::input::Params;
use crate::api::live::OfSchool;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use projections::live::acts::queries;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far back it is told that a barred adult asked for a pupil.
pub const BLOCKED_SHOWN: TimeDelta = TimeDelta::days(30);

/// What waits, and what must not be overlooked.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Waiting {
    /// Justifications and corrections that wait for an answer, oldest first, at most 200.
    pub waiting: Vec<ActView>,
    /// Early leaves of today that are authorised, the pupil not having gone yet; oldest first, at most 200.
    pub leaving: Vec<ActView>,
    /// Barred adults who asked for a pupil in the last 30 days, newest first, at most 200.
    pub blocked: Vec<ActView>,
}

/// What waits for a person, who is about to leave, and barred adults who asked for a pupil.
#[utoipa::path(get, path = "/api/v1/acts/waiting", tag = "live", params(OfSchool),
    responses((status = 200, description = "What waits", body = Waiting)))]
pub async fn get(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Json<Waiting>, Problem> {
    let today = state.today(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?;
    let mut tx = state.pools.request.begin(school).await?;
    let waiting = queries::waiting(&mut tx).await?.into_iter().map(ActView::from).collect();
    let since = state.clock.now() - BLOCKED_SHOWN;
    let blocked = queries::blocked(&mut tx, since).await?.into_iter().map(ActView::from).collect();
    let leaving = queries::authorised(&mut tx, today).await?.into_iter().map(ActView::from).collect();
    Ok(Json(Waiting { waiting, leaving, blocked }))
}
