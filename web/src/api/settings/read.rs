//! `GET /api/v1/settings`: what the school's day is judged by today.

use super::SettingsView;
use crate::AppState;
use crate::api::input::Params;
use crate::api::live::OfSchool;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use projections::roster::queries;

/// What the school's day is judged by today. Days before a change are judged by what was valid on them.
#[utoipa::path(get, path = "/api/v1/settings", tag = "roster", params(OfSchool),
    responses((status = 200, description = "The settings", body = SettingsView)))]
pub async fn get(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
) -> Result<Json<SettingsView>, Problem> {
    let found = queries::school(&mut state.pools.request.begin(school).await?).await?;
    let found = found.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?;
    Ok(Json((&found.settings).into()))
}
