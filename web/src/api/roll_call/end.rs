//! `POST /api/v1/roll-calls/{date}/{roll_call_id}/end`: it is over.

use super::{RollCallChanged, refused};
use crate::AppState;
use crate::api::input::{Params, PathRollCall};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::Problem;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;

/// Ends a roll call; marks that arrive late are still taken. Again changes nothing.
#[utoipa::path(post, path = "/api/v1/roll-calls/{date}/{roll_call_id}/end", tag = "live",
    params(("date" = NaiveDate, Path, description = "The school day"),
        ("roll_call_id" = Uuid, Path, description = "The roll call"), OfSchool, IdempotencyKey),
    responses((status = 200, description = "Committed", body = RollCallChanged)))]
pub async fn post(
    PathRollCall(key): PathRollCall,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
) -> Result<Json<RollCallChanged>, Problem> {
    let work =
        move |write, context| async move { commands::roll_call::end(&write, &context, key).await.map_err(refused) };
    let position = request.run(&state, school, &[], work).await?;
    Ok(Json(RollCallChanged { position }))
}
