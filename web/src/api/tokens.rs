//! Signing programs in: a pair of tokens for address, password and code; the next pair for a refresh token.

pub(super) mod create;
pub(super) mod list;
pub(super) mod refresh;
pub(super) mod revoke;

use crate::AppState;
use crate::api::input::{has_nul, parse_json};
use crate::problem::{Code, Problem};
use crate::tokens::Pair;
use axum::Json;
use chrono::{DateTime, Utc};
use commands::accounts::Secret256;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Largest body, in bytes.
const LIMIT: usize = 16 * 1024;

/// A pair of tokens.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TokenPair {
    /// For `Authorization: Bearer …`; opens one school.
    pub access_token: String,
    /// `Bearer`
    pub token_type: String,
    /// Seconds that the access token is good.
    pub expires_in: i64,
    /// For the next pair, once.
    pub refresh_token: String,
    /// Until when, if it lies unused.
    pub refresh_until: DateTime<Utc>,
    /// The school.
    pub school_id: Uuid,
    /// What the person's list calls it.
    pub family_id: Uuid,
}

impl From<Pair> for TokenPair {
    fn from(pair: Pair) -> Self {
        Self {
            access_token: pair.access,
            token_type: "Bearer".to_owned(),
            expires_in: pair.access_for.num_seconds(),
            refresh_token: pair.refresh.reveal().to_string(),
            refresh_until: pair.refresh_until,
            school_id: pair.school.0,
            family_id: pair.family_id,
        }
    }
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// As it was given.
    refresh_token: String,
}

/// Reads one; what cannot be one is no token of ours.
fn read_refresh(state: &AppState, body: &[u8]) -> Result<Option<Secret256>, Problem> {
    on(state)?;
    let sent: RefreshToken = parse_json(body, Code::InvalidBody)?;
    Ok(Secret256::parse(&sent.refresh_token))
}

/// Refuses where no signing key is configured.
fn on(state: &AppState) -> Result<(), Problem> {
    if state.tokens.are_on() { Ok(()) } else { Err(Problem::new(Code::TokensOff)) }
}

fn no_nul(body: &[u8]) -> Result<(), Problem> {
    if has_nul(body) { Err(Problem::new(Code::InvalidBody)) } else { Ok(()) }
}

fn given(pair: Pair) -> Json<TokenPair> {
    Json(pair.into())
}
