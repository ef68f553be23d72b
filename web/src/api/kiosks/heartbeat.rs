//! `POST /api/v1/kiosks/{kiosk_id}/heartbeat`: alive, and how far the queue is drained.

use crate::AppState;
use crate::api::input::parse_json;
use crate::kiosk_auth::KioskBytes;
use crate::middleware::RequestId;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use commands::use_cases::kiosk_heartbeat::{KioskHeartbeat, kiosk_heartbeat};
use domain::device_time::DeviceNow;
use kiosk_protocol::{HeartbeatRequest, HeartbeatResponse};

const LIMIT: usize = 16 * 1024;

/// Notes that the kiosk lives, and what follows from the state of its queue.
#[utoipa::path(post, path = "/api/v1/kiosks/{kiosk_id}/heartbeat", tag = "kiosk", security(("kiosk" = [])),
    params(("kiosk_id" = Uuid, Path, description = "The kiosk")),
    request_body = HeartbeatRequest,
    responses((status = 200, description = "What the server knows of the queue", body = HeartbeatResponse)))]
pub async fn post(
    State(state): State<AppState>,
    Extension(request): Extension<RequestId>,
    KioskBytes(kiosk, body): KioskBytes<LIMIT>,
) -> Result<Json<HeartbeatResponse>, Problem> {
    let kiosk = kiosk.trusted()?;
    let said: HeartbeatRequest = parse_json(&body, Code::InvalidBody)?;
    if said.last_seq < 0 {
        return Err(Problem::new(Code::InvalidBody).at("last_seq"));
    }
    let heartbeat = KioskHeartbeat {
        kiosk: kiosk.into(),
        queue_id: said.queue_id,
        device_now: DeviceNow { wall: said.device_time, mono_ms: said.monotonic_ms, boot_id: said.boot_id },
        queue_depth: said.queue_depth,
        last_seq: said.last_seq,
        app_version: said.app_version,
        correlation_id: request.0,
    };
    let answer = kiosk_heartbeat(&state.write, heartbeat).await?;
    Ok(Json(HeartbeatResponse {
        server_time: answer.server_time,
        epoch: answer.epoch,
        ack_through: answer.ack_through,
        resend_from: answer.resend_from,
    }))
}
