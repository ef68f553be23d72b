//! `PUT /api/v1/kiosks/{kiosk_id}/mode`: how a kiosk learns the direction of a scan.

use crate::AppState;
use crate::api::input::{JsonBytes, Params, PathId, parse_json};
use crate::api::live::OfSchool;
use crate::api::write::{IdempotencyKey, Request};
use crate::problem::{Code, Problem};
use crate::router::BODY_LIMIT;
use crate::session::InSchool;
use axum::Json;
use axum::extract::State;
use commands::use_cases::{ChangeKioskMode, UseCaseError, change_kiosk_mode};
use domain::KioskId;
use domain::kiosk::{Error, LaneMode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A change of the lane.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    /// The mode that it has, as far as the client knows: `entry_lane`, `exit_lane` or `choice`.
    #[schema(value_type = String, example = "entry_lane")]
    pub from: LaneMode,
    /// The new mode.
    #[schema(value_type = String, example = "exit_lane")]
    pub mode: LaneMode,
}

/// What was done to a kiosk.
#[derive(Debug, Deserialize, Serialize, PartialEq, ToSchema)]
pub struct KioskChanged {
    /// The kiosk.
    pub kiosk_id: Uuid,
    /// Place in the log of the event; none if it was so already.
    pub position: Option<i64>,
}

/// Changes the lane. Where it is neither `from` nor `mode` by now, somebody else changed it: `lane_changed`.
#[utoipa::path(put, path = "/api/v1/kiosks/{kiosk_id}/mode", tag = "roster",
    params(("kiosk_id" = Uuid, Path, description = "The kiosk"), OfSchool, IdempotencyKey),
    request_body = ModeChange,
    responses((status = 200, description = "Committed", body = KioskChanged)))]
pub async fn put(
    PathId(id): PathId,
    State(state): State<AppState>,
    Params(_): Params<OfSchool>,
    InSchool(school): InSchool,
    request: Request,
    JsonBytes(body): JsonBytes<BODY_LIMIT>,
) -> Result<Json<KioskChanged>, Problem> {
    let ModeChange { from, mode } = parse_json(&body, Code::InvalidBody)?;
    let input = ChangeKioskMode { kiosk_id: KioskId(id), from, mode };
    let change = move |write, context| async move { change_kiosk_mode(&write, &context, input).await.map_err(refused) };
    let position = request.run(&state, school, &body, change).await?;
    Ok(Json(KioskChanged { kiosk_id: id, position }))
}

pub(super) fn refused(error: UseCaseError) -> Problem {
    match error {
        UseCaseError::UnknownKiosk => Problem::new(Code::NotFound).at("kiosk"),
        UseCaseError::Kiosk(Error::AnotherMode) => Problem::new(Code::LaneChanged),
        UseCaseError::Kiosk(Error::Revoked) => Problem::new(Code::KioskRevoked),
        other => other.into(),
    }
}
