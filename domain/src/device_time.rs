//! When a scan really happened, by what the device says about its clocks.
//!
//! A tablet's wall clock may be wrong, may be changed while it runs and may start in 1970; its
//! monotonic clock counts from the boot and cannot be set. So: same boot, the monotonic distance from
//! the device's own "now" back from the server's; another boot, the wall clock less its offset when
//! that was known; else the bare wall clock, which decides nothing (`TimeConfidence::Low`).

use crate::attendance_day::{Flag, TimeConfidence};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How far ahead of the server a scan may claim to be and still be taken as "now".
pub const AHEAD_TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// How long a kiosk may be offline.
pub const OFFLINE_LIMIT: TimeDelta = TimeDelta::days(7);

/// A scan's time as the device read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceReading {
    /// Wall clock at the scan.
    pub device_time: DateTime<Utc>,
    /// Monotonic clock at the scan, milliseconds since that boot.
    pub mono_ms: Option<i64>,
    /// Which boot that was.
    pub boot_id: Uuid,
    /// Wall clock minus the server's at the scan, milliseconds, if the device knew it.
    pub clock_offset_ms: Option<i64>,
}

/// The device's clocks when it sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceNow {
    /// Wall clock.
    pub wall: DateTime<Utc>,
    /// Monotonic clock, milliseconds since this boot.
    pub mono_ms: i64,
    /// Which boot this is.
    pub boot_id: Uuid,
}

/// What the server makes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Corrected {
    /// It happened then, never after its receipt.
    At {
        /// The instant.
        occurred_at: DateTime<Utc>,
        /// How far it can be trusted.
        confidence: TimeConfidence,
        /// Doubts about it, sorted: `LowConfidenceTime`, `ClockAhead`.
        flags: Vec<Flag>,
    },
    /// More than [`AHEAD_TOLERANCE`] in the future, or outside of what a calendar can hold.
    Implausible,
    /// More than [`OFFLINE_LIMIT`] ago.
    TooOld,
}

/// Corrects a scan's time. `received_at` is the server's time of receipt, the counterpart of `now`.
pub fn correct(reading: &DeviceReading, now: &DeviceNow, received_at: DateTime<Utc>) -> Corrected {
    let Some((claimed, confidence)) = claim(reading, now, received_at) else { return Corrected::Implausible };
    let mut flags = Vec::new();
    if confidence == TimeConfidence::Low {
        flags.push(Flag::LowConfidenceTime);
    }
    if claimed.signed_duration_since(received_at) > AHEAD_TOLERANCE {
        return Corrected::Implausible;
    }
    if received_at.signed_duration_since(claimed) > OFFLINE_LIMIT {
        return Corrected::TooOld;
    }
    if claimed > received_at {
        flags.push(Flag::ClockAhead);
    }
    Corrected::At { occurred_at: claimed.min(received_at), confidence, flags }
}

/// The best claim about the instant; none if it is outside of what a calendar can hold.
fn claim(
    reading: &DeviceReading,
    now: &DeviceNow,
    received_at: DateTime<Utc>,
) -> Option<(DateTime<Utc>, TimeConfidence)> {
    // A scan after the device's own "now" contradicts itself: its monotonic clock says nothing then.
    let elapsed = reading.mono_ms.filter(|_| reading.boot_id == now.boot_id).and_then(|then| {
        let elapsed = now.mono_ms.checked_sub(then)?;
        (elapsed >= 0).then_some(elapsed)
    });
    if let Some(elapsed) = elapsed {
        let at = received_at.checked_sub_signed(TimeDelta::try_milliseconds(elapsed)?)?;
        return Some((at, TimeConfidence::Monotonic));
    }
    match reading.clock_offset_ms {
        Some(offset) => {
            let at = reading.device_time.checked_sub_signed(TimeDelta::try_milliseconds(offset)?)?;
            Some((at, TimeConfidence::WallCorrected))
        }
        None => Some((reading.device_time, TimeConfidence::Low)),
    }
}

#[cfg(test)]
mod tests;
