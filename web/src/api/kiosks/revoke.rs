//! `POST /api/v1/kiosks/{kiosk_id}/revoke`: a kiosk is trusted no longer.

use super::mode::{KioskChanged, refused};
use crate::AppState;
use crate::api::input::{Params, PathId};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::use_cases::revoke_kiosk;
use domain::KioskId;

/// Revokes a kiosk for good, within two seconds in every process; again changes nothing. What it still sends is
/// kept in quarantine. The password must have been given in the last five minutes (`step_up`).
#[utoipa::path(post, path = "/api/v1/kiosks/{kiosk_id}/revoke", tag = "roster",
    params(("kiosk_id" = Uuid, Path, description = "The kiosk"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = KioskChanged)))]
pub async fn post(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<KioskChanged>, Problem> {
    let revoke =
        move |write, context| async move { revoke_kiosk(&write, &context, KioskId(id)).await.map_err(refused) };
    let position = request.run(&state, school, &[], revoke).await?;
    Ok(Json(KioskChanged { kiosk_id: id, position }))
}
