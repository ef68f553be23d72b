//! `GET /api/v1/kiosks/{kiosk_id}/roster`: which cards are valid, as a delta.

use crate::AppState;
use crate::api::input::Params;
use crate::kiosk_auth::Kiosk;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use domain::Epoch;
use domain::values::zone::local_date;
use kiosk_protocol::{CredentialState, MAX_ROSTER_PAGE, RosterCredential, RosterResponse, StateChange};
use projections::ReadModel;
use projections::roster::queries;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The `position` of the last answer; missing or 0 for all.
    #[param(minimum = 0)]
    since: Option<i64>,
    /// The `epoch` of the last answer; another one than the log's gives all again.
    epoch: Option<Uuid>,
}

/// The cards that changed since a position, at most 2,000 a page, each with the changes that are decided for
/// days to come: when such a day comes, no answer says so again. No names.
#[utoipa::path(get, path = "/api/v1/kiosks/{kiosk_id}/roster", tag = "kiosk", security(("kiosk" = [])),
    params(("kiosk_id" = Uuid, Path, description = "The kiosk"), Since),
    responses((status = 200, description = "A page of the roster", body = RosterResponse)))]
pub async fn get(
    kiosk: Kiosk,
    State(state): State<AppState>,
    Params(asked): Params<Since>,
) -> Result<Json<RosterResponse>, Problem> {
    let kiosk = kiosk.trusted()?;
    if asked.since.is_some_and(|since| since < 0) {
        return Err(Problem::new(Code::InvalidParameter).at("since"));
    }
    let request = &state.pools.request;
    let roster = request.checkpoints().await?.into_iter().find(|c| c.model == ReadModel::Roster);
    let (epoch, known_to) = match roster {
        Some(c) => (c.epoch, c.position),
        None => (state.write.epoch().await?, 0),
    };
    // Positions of another life of the log, or beyond its end, mean nothing here.
    let same_log = asked.epoch.is_none_or(|e| Epoch(e) == epoch);
    let since = asked.since.filter(|s| same_log && (0..=known_to).contains(s)).unwrap_or(0);
    let limit = i64::try_from(MAX_ROSTER_PAGE).unwrap_or(i64::MAX);
    let mut tx = request.begin(kiosk.school_id).await?;
    let school = queries::school(&mut tx).await?;
    let zone = school.map(|school| school.settings.zone);
    let today = local_date(state.clock.now(), zone.unwrap_or(chrono_tz::UTC));
    let page = queries::cards_since(&mut tx, since, limit).await?;
    let (cards, more) = (page.cards, page.more);
    let position = if more { cards.last().map_or(known_to, |c| c.credential.position) } else { known_to };
    let credentials = cards
        .into_iter()
        .map(|card| RosterCredential {
            credential_id: card.credential.credential_id,
            kind: card.credential.kind.into(),
            state: valid(card.is_valid_on(today)),
            changes: card
                .changes_after(today)
                .into_iter()
                .map(|(from, is_valid)| StateChange { from, state: valid(is_valid) })
                .collect(),
        })
        .collect();
    let zone = zone.map(|zone| zone.name().to_owned());
    Ok(Json(RosterResponse { epoch, position, full: since == 0, more, zone, credentials }))
}

fn valid(is_valid: bool) -> CredentialState {
    if is_valid { CredentialState::Active } else { CredentialState::Revoked }
}
