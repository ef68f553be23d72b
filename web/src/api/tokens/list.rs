//! `GET /api/v1/tokens`.

use crate::AppState;
use crate::problem::Problem;
use crate::session::Person;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::SchoolId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The person's own programs.
#[derive(Serialize, ToSchema)]
pub struct Families {
    items: Vec<FamilyItem>,
}

/// A program that acts for the person.
#[derive(Serialize, ToSchema)]
pub struct FamilyItem {
    /// Its name.
    family_id: Uuid,
    /// The school that it opens.
    school_id: Uuid,
    /// What it calls itself.
    client: String,
    /// The network that it signed in from: `203.0.113.0/24`.
    network: String,
    /// When it signed in.
    created_at: DateTime<Utc>,
    /// When it last got tokens.
    last_used_at: DateTime<Utc>,
    /// When it must sign in again.
    ends_at: DateTime<Utc>,
    /// Signed out, because a refresh token came a second time.
    reused: bool,
    /// The one that asks.
    this: bool,
}

/// The programs that act for whoever asks, last used first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = 200, description = "All of them", body = Families)))]
pub async fn get(State(state): State<AppState>, person: Person) -> Result<Json<Families>, Problem> {
    let all = state.tokens.list(person.account_id).await?;
    // With a token those of its school alone.
    let own = all.into_iter().filter(|family| person.belongs_to(SchoolId(family.school_id)));
    let items = own.map(|family| FamilyItem {
        family_id: family.family_id,
        school_id: family.school_id,
        client: family.client,
        network: family.network,
        created_at: family.created_at,
        last_used_at: family.last_used_at,
        ends_at: family.ends_at,
        reused: family.reused,
        this: family.family_id == person.session_id,
    });
    Ok(Json(Families { items: items.collect() }))
}
