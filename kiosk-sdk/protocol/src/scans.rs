//! `POST /api/v1/kiosks/{kiosk_id}/scans`: a batch of scans, answered item by item.

use crate::{Direction, MAX_READ_BYTES, MAX_UNREADABLE_BYTES, Method, Shown, Verdict};
use chrono::{DateTime, Utc};
use domain::device_time::{DeviceNow, DeviceReading};
use domain::{Epoch, QueueId, ScanId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// A batch of 1 to [`crate::MAX_SCANS`] scans of one queue.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScansRequest {
    /// The installation of its queue; a re-imaged kiosk has a new one.
    #[schema(value_type = Uuid)]
    pub queue_id: QueueId,
    /// New at every start of the device: monotonic times compare only within one.
    pub boot_id: Uuid,
    /// The device's wall clock now.
    pub device_time: DateTime<Utc>,
    /// The device's monotonic clock now, milliseconds.
    pub monotonic_ms: i64,
    /// Scans that still wait on the device once this batch is stored.
    pub queue_depth: u32,
    /// The highest number that was given to a scan in this queue, if the kiosk says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<i64>,
    /// Version of the kiosk's program: at most 32 of `A-Z a-z 0-9 . _ + -`, beginning with a digit or `v` and
    /// a digit, at most six digits in all. Another text is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// The scans, each read by itself ([`parse_scan`]), so that a bad one spoils no other.
    #[schema(value_type = Vec<ScanItem>, min_items = 1, max_items = 500)]
    pub scans: Vec<Box<RawValue>>,
}

impl ScansRequest {
    /// The device's clocks at the moment of sending.
    pub fn device_now(&self) -> DeviceNow {
        DeviceNow { wall: self.device_time, mono_ms: self.monotonic_ms, boot_id: self.boot_id }
    }
}

/// One scan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanItem {
    /// Minted by the kiosk, kept over retries.
    #[schema(value_type = Uuid)]
    pub scan_id: ScanId,
    /// Number in the queue, gap-free from 1.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// Hash chain value over the scan before it, letters and digits (hex or base64url), at most 128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev_hash: Option<String>,
    /// The card's text as it was read, at most [`MAX_READ_BYTES`] bytes.
    pub read: String,
    /// Which way, from the lane or an explicit choice.
    pub direction: Direction,
    /// How it was read.
    pub method: Method,
    /// The device's wall clock at the scan.
    pub device_time: DateTime<Utc>,
    /// The device's monotonic clock at the scan, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic_ms: Option<i64>,
    /// The boot that it happened in; the batch's own if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<Uuid>,
    /// The wall clock's last known difference from the server's (device − server), milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// What the door or screen showed.
    pub shown: Shown,
}

impl ScanItem {
    /// The device's clocks at the scan; `batch_boot` is the boot of the batch.
    pub fn reading(&self, batch_boot: Uuid) -> DeviceReading {
        DeviceReading {
            device_time: self.device_time,
            mono_ms: self.monotonic_ms,
            boot_id: self.boot_id.unwrap_or(batch_boot),
            clock_offset_ms: self.clock_offset_ms,
        }
    }
}

/// A scan that cannot be read: kept as it came, for a person to look at.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its own id if that can be read; otherwise derived (UUID v5) from the queue and the text, so
    /// that a retry has the same one.
    pub scan_id: ScanId,
    /// Its number if that can be read, otherwise 0.
    pub seq: i64,
    /// The text as it came, cut after [`MAX_UNREADABLE_BYTES`]. May hold personal data.
    pub raw: String,
}

impl std::fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unreadable").field("scan_id", &self.scan_id).field("seq", &self.seq).finish_non_exhaustive()
    }
}

/// Reads one scan of a batch.
pub fn parse_scan(queue: QueueId, raw: &RawValue) -> Result<ScanItem, Unreadable> {
    match serde_json::from_str::<ScanItem>(raw.get()) {
        Ok(scan) if is_sound(&scan) => Ok(scan),
        _ => Err(unreadable(queue, raw)),
    }
}

fn is_sound(scan: &ScanItem) -> bool {
    let hash_char = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/' | b'=' | b':');
    scan.seq >= 1
        && scan.read.len() <= MAX_READ_BYTES
        && scan.prev_hash.as_ref().is_none_or(|h| h.len() <= 128 && h.bytes().all(hash_char))
}

fn unreadable(queue: QueueId, raw: &RawValue) -> Unreadable {
    #[derive(Deserialize)]
    struct Loose {
        scan_id: Option<serde_json::Value>,
        seq: Option<serde_json::Value>,
    }
    let text = raw.get();
    let loose: Option<Loose> = serde_json::from_str(text).ok();
    let scan_id = loose
        .as_ref()
        .and_then(|l| l.scan_id.as_ref()?.as_str()?.parse().ok())
        .unwrap_or_else(|| ScanId(Uuid::new_v5(&queue.0, text.as_bytes())));
    let seq = loose.and_then(|l| l.seq?.as_i64()).filter(|seq| *seq >= 1).unwrap_or(0);
    Unreadable { scan_id, seq, raw: cut(text).to_owned() }
}

fn cut(text: &str) -> &str {
    let most = text.len().min(MAX_UNREADABLE_BYTES);
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The answer to a batch: stored, every item of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScansResponse {
    /// One answer per scan, in the order of the batch.
    pub items: Vec<ItemResult>,
    /// Every scan of this queue up to this number is stored; the kiosk may forget them in its time.
    pub ack_through: i64,
    /// The log's life that the positions belong to.
    #[schema(value_type = Uuid)]
    pub epoch: Epoch,
    /// The server's clock.
    pub server_time: DateTime<Utc>,
}

/// What became of one scan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemResult {
    /// The scan (for one without a readable id, the id that it got).
    #[schema(value_type = Uuid)]
    pub scan_id: ScanId,
    /// Its number, 0 if unreadable.
    pub seq: i64,
    /// What became of it.
    pub verdict: Verdict,
    /// For a duplicate, what was answered the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_verdict: Option<Verdict>,
    /// The doubts, or why a person must place it, as stable snake_case codes.
    pub reasons: Vec<String>,
    /// Place in the log of the event that holds the scan.
    pub position: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001));
    const GOOD: &str = r#"{"scan_id":"018f0000-0000-7000-8000-00000000000a","seq":1,"read":"NFC:04A1","direction":"entry","method":"nfc","device_time":"2026-03-09T07:45:00.250-03:00","monotonic_ms":1000,"shown":"welcome"}"#;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn batch(scans: &str) -> String {
        format!(
            r#"{{"queue_id":"{QUEUE}","boot_id":"018f0000-0000-7000-8000-000000000002","device_time":"2026-03-09T10:45:01Z","monotonic_ms":2000,"queue_depth":3,"scans":[{scans}]}}"#
        )
    }

    #[test]
    fn a_batch_reads_back_as_it_was_written() {
        let request: ScansRequest = serde_json::from_str(&batch(GOOD)).unwrap();
        let scan = parse_scan(request.queue_id, &request.scans[0]).unwrap();
        assert_eq!(scan.reading(request.boot_id).boot_id, request.boot_id);
        assert_eq!(request.device_now().mono_ms, 2000);
        insta::assert_json_snapshot!(scan, @r#"
        {
          "scan_id": "018f0000-0000-7000-8000-00000000000a",
          "seq": 1,
          "read": "NFC:04A1",
          "direction": "entry",
          "method": "nfc",
          "device_time": "2026-03-09T10:45:00.250Z",
          "monotonic_ms": 1000,
          "shown": "welcome"
        }
        "#);
        insta::assert_snapshot!(serde_json::to_string(&request).unwrap(), @r#"{"queue_id":"018f0000-0000-7000-8000-000000000001","boot_id":"018f0000-0000-7000-8000-000000000002","device_time":"2026-03-09T10:45:01Z","monotonic_ms":2000,"queue_depth":3,"scans":[{"scan_id":"018f0000-0000-7000-8000-00000000000a","seq":1,"read":"NFC:04A1","direction":"entry","method":"nfc","device_time":"2026-03-09T07:45:00.250-03:00","monotonic_ms":1000,"shown":"welcome"}]}"#);
    }

    #[test]
    fn a_batch_refuses_unknown_fields() {
        let more = batch(GOOD).replacen('{', r#"{"teacher":1,"#, 1);
        assert!(serde_json::from_str::<ScansRequest>(&more).unwrap_err().to_string().contains("teacher"));
    }

    #[test]
    fn a_bad_scan_spoils_no_other_and_keeps_what_can_be_read() {
        let bad = GOOD.replace("entry", "sideways").replace("\"seq\":1", "\"seq\":2");
        let request: ScansRequest = serde_json::from_str(&batch(&format!("{GOOD},{bad},17,null"))).unwrap();
        let read: Vec<_> = request.scans.iter().map(|s| parse_scan(QUEUE, s)).collect();
        assert!(read[0].is_ok());
        let second = read[1].clone().unwrap_err();
        assert_eq!((second.scan_id.to_string().as_str(), second.seq), ("018f0000-0000-7000-8000-00000000000a", 2));
        assert_eq!(second.raw, bad);
        for other in &read[2..] {
            assert_eq!(other.clone().unwrap_err().seq, 0);
        }
        assert_ne!(read[2].clone().unwrap_err().scan_id, read[3].clone().unwrap_err().scan_id);
    }

    #[test]
    fn an_unreadable_scan_without_an_id_gets_the_same_one_at_every_retry_of_its_queue() {
        let id = |queue| parse_scan(queue, &raw(r#"{"seq":"x"}"#)).unwrap_err().scan_id;
        assert_eq!(id(QUEUE), id(QUEUE));
        assert_ne!(id(QUEUE), id(QueueId(Uuid::from_u128(9))));
    }

    #[test]
    fn values_out_of_bounds_make_a_scan_unreadable() {
        let long = "x".repeat(MAX_READ_BYTES + 1);
        for bad in [
            GOOD.replace("\"seq\":1", "\"seq\":0"),
            GOOD.replace("\"seq\":1", "\"seq\":-4"),
            GOOD.replace("\"seq\":1", "\"seq\":9223372036854775808"),
            GOOD.replace("NFC:04A1", &long),
            GOOD.replace("\"seq\"", "\"prev_hash\":\"a\\u0000b\",\"seq\""),
            GOOD.replace("\"seq\"", "\"colour\":3,\"seq\""),
            GOOD.replace("\"seq\"", "\"seq\":3,\"seq\""),
            GOOD.replace("2026-03-09T07:45:00.250-03:00", "yesterday"),
        ] {
            assert!(parse_scan(QUEUE, &raw(&bad)).is_err(), "{bad}");
        }
        let nul = GOOD.replace("NFC:04A1", "a\\u0000b");
        assert_eq!(parse_scan(QUEUE, &raw(&nul)).unwrap().read, "a\0b");
    }

    #[test]
    fn a_huge_unreadable_scan_is_cut_between_characters_and_never_shown_by_debug() {
        let bad = format!("\"x{}\"", "ñ".repeat(MAX_UNREADABLE_BYTES));
        let unreadable = parse_scan(QUEUE, &raw(&bad)).unwrap_err();
        assert!(unreadable.raw.len() <= MAX_UNREADABLE_BYTES && unreadable.raw.len() > MAX_UNREADABLE_BYTES - 2);
        assert!(!format!("{unreadable:?}").contains('ñ'));
    }

    #[test]
    fn an_answer_says_per_item_what_became_of_it() {
        let answer = ScansResponse {
            items: vec![ItemResult {
                scan_id: ScanId(Uuid::nil()),
                seq: 1,
                verdict: Verdict::Duplicate,
                first_verdict: Some(Verdict::Flagged),
                reasons: vec!["echo".into()],
                position: 41,
            }],
            ack_through: 1,
            epoch: Epoch(Uuid::nil()),
            server_time: DateTime::UNIX_EPOCH,
        };
        insta::assert_json_snapshot!(answer, @r#"
        {
          "items": [
            {
              "scan_id": "00000000-0000-0000-0000-000000000000",
              "seq": 1,
              "verdict": "duplicate",
              "first_verdict": "flagged",
              "reasons": [
                "echo"
              ],
              "position": 41
            }
          ],
          "ack_through": 1,
          "epoch": "00000000-0000-0000-0000-000000000000",
          "server_time": "1970-01-01T00:00:00Z"
        }
        "#);
    }
}
