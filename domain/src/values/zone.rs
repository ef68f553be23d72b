//! Local time in a school's own IANA zone: the one place where instants and local dates meet.
//!
//! A local date may have 23 or 25 hours, may lack its midnight (America/Santiago, 2026-09-06) and may
//! have an hour twice (2027-04-03). Nothing here panics on either.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use std::ops::Range;

/// No such zone in the IANA data that this program carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown time zone")]
pub struct UnknownZone;

/// The zone by its IANA name, such as `America/Punta_Arenas`.
pub fn parse(name: &str) -> Result<Tz, UnknownZone> {
    name.parse().map_err(|_| UnknownZone)
}

/// The local date of an instant: the school day that a scan belongs to.
pub fn local_date(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// Seconds east of UTC at an instant.
pub fn offset_seconds(instant: DateTime<Utc>, zone: Tz) -> i32 {
    zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()
}

/// The instants of a local date: from its first one up to the first one of the next date.
pub fn day_range(date: NaiveDate, zone: Tz) -> Range<DateTime<Utc>> {
    let next = date.succ_opt().unwrap_or(NaiveDate::MAX);
    resolve_local(date, NaiveTime::MIN, zone)..resolve_local(next, NaiveTime::MIN, zone)
}

/// The instant of a local wall time on a date. Where the clock skips it, the first instant after the
/// gap; where the clock shows it twice, the earlier one.
pub fn resolve_local(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time);
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // The instant of the change lies within a day and a bit of the wall time read as UTC (offsets
            // reach from -12 to +14 hours), and around it local time only grows: search by halves.
            let shows = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local() >= local;
            let middle = local.and_utc();
            let day = TimeDelta::hours(26);
            let mut before = middle.checked_sub_signed(day).unwrap_or(DateTime::<Utc>::MIN_UTC);
            let mut after = middle.checked_add_signed(day).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let between = |before, after: DateTime<Utc>| after.signed_duration_since(before).num_seconds();
            while between(before, after) > 1 {
                let half = TimeDelta::seconds(between(before, after) / 2);
                let Some(half) = before.checked_add_signed(half) else { break };
                if shows(half) { after = half } else { before = half }
            }
            after
        }
    }
}

#[cfg(test)]
mod tests;
