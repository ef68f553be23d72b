//! `GET /api/v1/live`: the board of a school, now.

use super::OfSchool;
use crate::AppState;
use crate::api::input::Params;
use crate::live::BoardView;
use crate::problem::{Code, Problem};
use crate::session::InSchool;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The board of today, with names. `ETag` changes with what it says, not with its age.
#[utoipa::path(get, path = "/api/v1/live", tag = "live",
    params(OfSchool, ("If-None-Match" = Option<String>, Header, description = "An `ETag` of before")),
    responses(
        (status = 200, description = "The board", body = BoardView,
            headers(("ETag" = String, description = "Changes with what the board says"))),
        (status = 304, description = "It says what that `ETag` said")))]
pub async fn get(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let frame = state.live.board_now(school).await?.ok_or_else(|| Problem::new(Code::NotFound).at("school"))?;
    let etag = [(header::ETAG, frame.etag.clone())];
    if matches_etag(&headers, &frame.etag) {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((etag, json, frame.told.json.clone()).into_response())
}

/// Weak comparison (RFC 9110, 13.1.2).
fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}
