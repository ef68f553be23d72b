//! `POST /api/v1/kiosks/{kiosk_id}/scans`: a batch of scans, answered item by item.

use crate::AppState;
use crate::api::input::parse_json;
use crate::kiosk_auth::{Kiosk, KioskBytes};
use crate::middleware::RequestId;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use commands::batcher::{BatchAnswer, Incoming, IncomingScan, ScanBatch, SubmitError, Verdict};
use domain::device_time::{DeviceNow, DeviceReading};
use kiosk_protocol::{
    ItemResult, MAX_BATCH_BYTES, MAX_SCANS, ScansRequest, ScansResponse, Verdict as WireVerdict, parse_scan,
};

/// Stores a batch. 200 means committed: every item has its verdict and its place in the log. An item
/// that cannot be read is quarantined and spoils no other; a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/v1/kiosks/{kiosk_id}/scans", tag = "kiosk", security(("kiosk" = [])),
    params(("kiosk_id" = Uuid, Path, description = "The kiosk")),
    request_body = ScansRequest,
    responses(
        (status = 200, description = "Stored, item by item", body = ScansResponse),
        (status = 503, description = "Not stored, or not known: send the same batch again after `Retry-After`",
            body = crate::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn post(
    State(state): State<AppState>,
    Extension(request): Extension<RequestId>,
    KioskBytes(kiosk, body): KioskBytes<MAX_BATCH_BYTES>,
) -> Result<Json<ScansResponse>, Problem> {
    let batch = read(kiosk, request, &body)?;
    metrics::histogram!("scan_batch_size").record(batch.scans.len() as f64);
    let answer = state.batcher.submit(batch).await.map_err(|error| match error {
        SubmitError::Overloaded { retry_after_s } => {
            Problem::new(Code::Overloaded).retry_after(u64::from(retry_after_s))
        }
        SubmitError::Unavailable(why) => {
            tracing::warn!(kiosk_id = %kiosk.kiosk_id, why, "a batch was not stored");
            Problem::new(Code::Unavailable).retry_soon()
        }
    })?;
    Ok(Json(answered(answer)))
}

/// Reads a request's body as a batch of the kiosk that sent it.
pub fn read(kiosk: Kiosk, request: RequestId, body: &[u8]) -> Result<ScanBatch, Problem> {
    let sent: ScansRequest = parse_json(body, Code::InvalidBatch)?;
    match sent.scans.len() {
        0 => return Err(Problem::new(Code::EmptyBatch)),
        n if n > MAX_SCANS => return Err(Problem::new(Code::TooManyScans)),
        _ => {}
    }
    if sent.last_seq.is_some_and(|seq| seq < 0) {
        return Err(Problem::new(Code::InvalidBatch).at("last_seq"));
    }
    let scans = sent
        .scans
        .iter()
        .map(|raw| match parse_scan(sent.queue_id, raw) {
            Ok(scan) => Incoming::Scan(IncomingScan {
                scan_id: scan.scan_id,
                seq: scan.seq,
                prev_hash: scan.prev_hash,
                read: scan.read,
                direction: scan.direction.into(),
                method: scan.method.into(),
                reading: DeviceReading {
                    device_time: scan.device_time,
                    mono_ms: scan.monotonic_ms,
                    boot_id: scan.boot_id.unwrap_or(sent.boot_id),
                    clock_offset_ms: scan.clock_offset_ms,
                },
                shown: scan.shown.into(),
            }),
            Err(unreadable) => {
                Incoming::Unreadable { scan_id: unreadable.scan_id, seq: unreadable.seq, raw: unreadable.raw }
            }
        })
        .collect();
    Ok(ScanBatch {
        kiosk: kiosk.into(),
        queue_id: sent.queue_id,
        device_now: DeviceNow { wall: sent.device_time, mono_ms: sent.monotonic_ms, boot_id: sent.boot_id },
        queue_depth: sent.queue_depth,
        last_seq: sent.last_seq,
        app_version: sent.app_version,
        correlation_id: request.0,
        scans,
    })
}

fn answered(answer: BatchAnswer) -> ScansResponse {
    let wire = |verdict| match verdict {
        Verdict::Accepted => WireVerdict::Accepted,
        Verdict::Duplicate => WireVerdict::Duplicate,
        Verdict::Flagged => WireVerdict::Flagged,
        Verdict::Quarantined => WireVerdict::Quarantined,
    };
    let items = answer.items.into_iter().map(|item| {
        metrics::counter!("scan_verdicts_total", "verdict" => item.verdict.as_str()).increment(1);
        ItemResult {
            scan_id: item.scan_id,
            seq: item.seq,
            verdict: wire(item.verdict),
            first_verdict: item.first_verdict.map(wire),
            reasons: item.reasons,
            position: item.position,
        }
    });
    ScansResponse {
        items: items.collect(),
        ack_through: answer.ack_through,
        epoch: answer.epoch,
        server_time: answer.server_time,
    }
}

#[cfg(test)]
mod tests;
