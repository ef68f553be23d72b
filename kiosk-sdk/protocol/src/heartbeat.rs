//! `POST /api/v1/kiosks/{kiosk_id}/heartbeat`: alive, and how far the queue is drained.

use chrono::{DateTime, Utc};
use domain::device_time::DeviceNow;
use domain::{Epoch, QueueId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the kiosk says about itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    /// The installation of its queue; a re-imaged kiosk has a new one.
    #[schema(value_type = Uuid)]
    pub queue_id: QueueId,
    /// New at every start of the device: monotonic times compare only within one.
    pub boot_id: Uuid,
    /// The device's wall clock now.
    pub device_time: DateTime<Utc>,
    /// The device's monotonic clock now, milliseconds.
    pub monotonic_ms: i64,
    /// Scans that still wait on the device.
    pub queue_depth: u32,
    /// The highest number that was given to a scan in this queue; 0 before the first.
    #[schema(minimum = 0)]
    pub last_seq: i64,
    /// Version of the kiosk's program: at most 32 of `A-Z a-z 0-9 . _ + -`, beginning with a digit or `v` and
    /// a digit, at most six digits in all. Another text is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
}

impl HeartbeatRequest {
    /// The device's clocks at the moment of sending.
    pub fn device_now(&self) -> DeviceNow {
        DeviceNow { wall: self.device_time, mono_ms: self.monotonic_ms, boot_id: self.boot_id }
    }
}

/// What the server knows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct HeartbeatResponse {
    /// The server's clock.
    pub server_time: DateTime<Utc>,
    /// The log's life; another one means that the server was restored, and that scans after
    /// `ack_through` must be sent again.
    #[schema(value_type = Uuid)]
    pub epoch: Epoch,
    /// Every scan of this queue up to this number is stored.
    pub ack_through: i64,
    /// Send again from this number on: the device says that nothing waits, and yet it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_from: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_reads_back_and_refuses_unknown_fields() {
        let text = r#"{"queue_id":"018f0000-0000-7000-8000-000000000001","boot_id":"018f0000-0000-7000-8000-000000000002","device_time":"2026-03-09T07:45:00-03:00","monotonic_ms":12,"queue_depth":0,"last_seq":7}"#;
        let heartbeat: HeartbeatRequest = serde_json::from_str(text).unwrap();
        insta::assert_json_snapshot!(heartbeat, @r#"
        {
          "queue_id": "018f0000-0000-7000-8000-000000000001",
          "boot_id": "018f0000-0000-7000-8000-000000000002",
          "device_time": "2026-03-09T10:45:00Z",
          "monotonic_ms": 12,
          "queue_depth": 0,
          "last_seq": 7
        }
        "#);
        let more = text.replacen('{', r#"{"battery":3,"#, 1);
        assert!(serde_json::from_str::<HeartbeatRequest>(&more).unwrap_err().to_string().contains("battery"));
    }

    #[test]
    fn an_answer_names_the_number_to_resend_from_only_when_there_is_one() {
        let mut answer = HeartbeatResponse {
            server_time: DateTime::UNIX_EPOCH,
            epoch: Epoch(Uuid::nil()),
            ack_through: 4,
            resend_from: None,
        };
        assert!(!serde_json::to_string(&answer).unwrap().contains("resend_from"));
        answer.resend_from = Some(5);
        insta::assert_json_snapshot!(answer, @r#"
        {
          "server_time": "1970-01-01T00:00:00Z",
          "epoch": "00000000-0000-0000-0000-000000000000",
          "ack_through": 4,
          "resend_from": 5
        }
        "#);
    }
}
