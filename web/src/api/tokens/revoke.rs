//! `POST /api/v1/tokens/revoke`.

use super::{LIMIT, RefreshToken, read_refresh};
use crate::AppState;
use crate::api::input::JsonBytes;
use crate::problem::Problem;
use crate::sign_in;
use crate::tokens::Ended;
use axum::extract::State;
use axum::http::StatusCode;
use commands::accounts::{AccountFact, SessionEnd};

/// Signs a program out: its refresh token, used or not, and every access token of the family open nothing any
/// more. The same answer whatever was sent (RFC 7009, 2.2).
#[utoipa::path(post, path = "/api/v1/tokens/revoke", tag = "tokens", request_body = RefreshToken,
    responses((status = 204, description = "Signed out")))]
pub async fn post(State(state): State<AppState>, JsonBytes(body): JsonBytes<LIMIT>) -> Result<StatusCode, Problem> {
    if let Some(token) = read_refresh(&state, &body)?
        && let Some(account) = state.tokens.end_secret(&token, Ended::SignedOut).await?
    {
        sign_in::note(&state, account, AccountFact::SessionEnded(SessionEnd::SignedOut));
    }
    Ok(StatusCode::NO_CONTENT)
}
