//! `POST /api/v1/roll-calls`: begins one, or joins the one that goes on.

use super::{NewRollCall, RollCallBegun, refused};
use crate::AppState;
use crate::api::input::{JsonBytes, Params, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::roll_call;

/// Begins today's next roll call. While one goes on there is no other: whoever asks for one is answered with it, and a
/// drill is an evacuation as soon as somebody asks for that.
#[utoipa::path(post, path = "/api/v1/roll-calls", tag = "live",
    params(OfSchool, IdempotencyKey),
    request_body = NewRollCall,
    responses((status = 200, description = "It goes on", body = RollCallBegun)))]
pub async fn post(
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<RollCallBegun>, Problem> {
    let NewRollCall { reason } = parse_json(&body, Code::InvalidBody)?;
    let work = move |write, context| async move { roll_call::start(&write, &context, reason).await.map_err(refused) };
    let position = request.run(&state, school, &body, work).await?;
    let position = position.ok_or_else(|| Problem::internal("a roll call without a place in the log"))?;
    let key = roll_call::at(&state.write, school, position).await?;
    let key = key.ok_or_else(|| Problem::new(Code::RollCallNotFound))?;
    Ok(Json(RollCallBegun { date: key.date, roll_call_id: key.id.0, position }))
}
