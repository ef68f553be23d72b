//! `POST /api/v1/tokens/refresh`.

use super::{LIMIT, RefreshToken, TokenPair, given, read_refresh};
use crate::AppState;
use crate::api::input::JsonBytes;
use crate::problem::{Code, Problem};
use crate::sign_in;
use crate::tokens::Refreshed;
use axum::Json;
use axum::extract::State;
use commands::accounts::AccountFact;

/// Gives the next pair for a refresh token. Whoever got no answer may ask again within ten seconds, as long as
/// neither token of the next pair was used. Otherwise a token that comes a second time ends its family.
#[utoipa::path(post, path = "/api/v1/tokens/refresh", tag = "tokens", request_body = RefreshToken,
    responses((status = 200, description = "The next pair", body = TokenPair)))]
pub async fn post(
    State(state): State<AppState>,
    JsonBytes(body): JsonBytes<LIMIT>,
) -> Result<Json<TokenPair>, Problem> {
    let refused = || Problem::new(Code::InvalidGrant);
    let token = read_refresh(&state, &body)?.ok_or_else(refused)?;
    match state.tokens.refresh(token).await? {
        Refreshed::Pair(pair) => Ok(given(pair)),
        Refreshed::Refused => Err(refused()),
        Refreshed::Reused(account) => {
            metrics::counter!("refresh_reuse_total").increment(1);
            tracing::warn!(account_id = %account, "a refresh token came a second time; its family is over");
            sign_in::note(&state, account, AccountFact::RefreshReused);
            Err(refused())
        }
    }
}
