//! Fixed values that the samples of all aggregates share.

use crate::attendance_day::{Direction, Method, Scan, Shown, TimeConfidence};
use crate::ids::{CredentialId, KioskId, QueueId, ScanId};
use crate::sealed::{Sealed, SealingClass};
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use uuid::Uuid;

/// `018f0000-0000-7000-8000-…` and a number.
pub(crate) fn id<T: From<Uuid>>(n: u64) -> T {
    T::from(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 | u128::from(n)))
}

/// An instant of the sample morning, Monday 2026-11-23; Santiago is three hours behind.
pub(crate) fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, hour, minute, second).single().unwrap_or_default()
}

/// The sample morning's date.
pub(crate) fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default()
}

/// A text of the shape that the vault makes. It opens with no key.
pub(crate) fn sealed(event: &str, field: &str, class: SealingClass) -> Sealed {
    let key = id::<Uuid>(0xee);
    Sealed(format!("v1:{event}:{field}:{}:{key}:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA", class.as_str()))
}

/// A scan of the sample pupil.
pub(crate) fn scan(n: u64, direction: Direction, occurred_at: DateTime<Utc>) -> Scan {
    Scan {
        scan_id: id::<ScanId>(n.saturating_add(0x5000)),
        kiosk_id: id::<KioskId>(0x41),
        queue_id: id::<QueueId>(0x42),
        seq: i64::try_from(n).unwrap_or(i64::MAX),
        credential_id: id::<CredentialId>(0x43),
        direction,
        method: Method::Qr,
        occurred_at,
        time_confidence: TimeConfidence::Monotonic,
        shown: Shown::Welcome,
        device_time: occurred_at,
        prev_hash: None,
    }
}
