//! Moments as people type them: a wall time of the day, of another day, or an instant.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use domain::values::school_date;
use domain::values::zone::resolve_local;

/// `08:20`, `08:20:30`
pub fn wall(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|shape| NaiveTime::parse_from_str(text, shape).ok())
}

/// `08:20` of the day, `2026-11-24T10:00` on the school's wall, `2026-11-24T13:00:00Z`.
pub fn moment(text: &str, date: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    if let Some(time) = wall(text) {
        return Some(resolve_local(date, time, zone));
    }
    let shapes = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let local = shapes.iter().find_map(|shape| NaiveDateTime::parse_from_str(text, shape).ok());
    let at = match local {
        Some(local) => resolve_local(school_date::date(local.date()).ok()?, local.time(), zone),
        None => DateTime::parse_from_rfc3339(text).ok()?.to_utc(),
    };
    school_date::instant(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::America::Santiago;

    #[test]
    fn a_moment_is_a_time_of_the_day_a_time_of_another_day_or_an_instant() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let of = |text: &str| moment(text, day, Santiago).map(|at| at.to_rfc3339());
        assert_eq!(of("08:20").as_deref(), Some("2026-11-23T11:20:00+00:00"));
        assert_eq!(of("2026-11-24T08:20").as_deref(), Some("2026-11-24T11:20:00+00:00"));
        assert_eq!(of("2026-11-24T08:20:00Z").as_deref(), Some("2026-11-24T08:20:00+00:00"));
        for wrong in ["", "8.20", "25:00", "2026-13-01T08:00", "0001-01-01T08:00", "+200000-01-01T00:00:00Z", "ayer"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
