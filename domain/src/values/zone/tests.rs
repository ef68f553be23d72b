use super::*;
use chrono::Timelike;
use chrono_tz::{
    America::{Coyhaique, Punta_Arenas, Santiago},
    Pacific::{Apia, Easter},
};
use proptest::prelude::*;

const CHILE: [Tz; 4] = [Santiago, Easter, Punta_Arenas, Coyhaique];

fn date(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}
fn time(h: u32, m: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(h, m, 0).unwrap()
}
fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
fn hours(day: Range<DateTime<Utc>>) -> i64 {
    (day.end - day.start).num_hours()
}

#[test]
fn a_day_of_the_spring_change_begins_at_one_in_santiago_and_lacks_an_hour_the_day_before_on_easter_island() {
    let change = utc("2026-09-06T04:00:00Z");
    let sunday = day_range(date(2026, 9, 6), Santiago);
    assert_eq!(sunday, change..utc("2026-09-07T03:00:00Z"));
    assert_eq!(sunday.start.with_timezone(&Santiago).time(), time(1, 0));
    assert_eq!((hours(day_range(date(2026, 9, 5), Santiago)), hours(sunday)), (24, 23));
    let saturday = day_range(date(2026, 9, 5), Easter);
    assert_eq!(saturday, utc("2026-09-05T06:00:00Z")..utc("2026-09-06T05:00:00Z"));
    assert_eq!((hours(saturday), hours(day_range(date(2026, 9, 6), Easter))), (23, 24));
}

#[test]
fn a_day_of_the_autumn_change_has_twenty_five_hours() {
    for (zone, first, end) in [
        (Santiago, "2027-04-03T03:00:00Z", "2027-04-04T04:00:00Z"),
        (Easter, "2027-04-03T05:00:00Z", "2027-04-04T06:00:00Z"),
    ] {
        let saturday = day_range(date(2027, 4, 3), zone);
        assert_eq!(saturday, utc(first)..utc(end));
        assert_eq!((hours(saturday), hours(day_range(date(2027, 4, 4), zone))), (25, 24));
    }
}

#[test]
fn magallanes_and_aysen_never_change() {
    for zone in [Punta_Arenas, Coyhaique] {
        for day in [date(2026, 9, 5), date(2026, 9, 6), date(2027, 4, 3), date(2027, 4, 4)] {
            let range = day_range(day, zone);
            assert_eq!((hours(range.clone()), range.start.hour()), (24, 3));
        }
    }
}

#[test]
fn a_wall_time_that_the_clock_skips_is_the_first_instant_after() {
    let change = utc("2026-09-06T04:00:00Z");
    for minute in [0, 1, 30, 59] {
        assert_eq!(resolve_local(date(2026, 9, 6), time(0, minute), Santiago), change);
        assert_eq!(resolve_local(date(2026, 9, 5), time(22, minute), Easter), change);
    }
    assert_eq!(resolve_local(date(2026, 9, 6), time(1, 0), Santiago), change);
    assert_eq!(resolve_local(date(2026, 9, 5), time(23, 59), Santiago), utc("2026-09-06T03:59:00Z"));
}

#[test]
fn a_wall_time_that_the_clock_shows_twice_is_the_earlier_one() {
    assert_eq!(resolve_local(date(2027, 4, 3), time(23, 30), Santiago), utc("2027-04-04T02:30:00Z"));
    assert_eq!(resolve_local(date(2027, 4, 3), time(21, 30), Easter), utc("2027-04-04T02:30:00Z"));
    assert_eq!(resolve_local(date(2027, 4, 4), time(0, 0), Santiago), utc("2027-04-04T04:00:00Z"));
}

#[test]
fn the_monday_after_a_change_has_its_own_offset() {
    let eight = time(8, 0);
    for (zone, friday, monday) in [
        (Santiago, ("2026-09-04T12:00:00Z", -14_400), ("2026-09-07T11:00:00Z", -10_800)),
        (Easter, ("2026-09-04T14:00:00Z", -21_600), ("2026-09-07T13:00:00Z", -18_000)),
        (Punta_Arenas, ("2026-09-04T11:00:00Z", -10_800), ("2026-09-07T11:00:00Z", -10_800)),
        (Coyhaique, ("2026-09-04T11:00:00Z", -10_800), ("2026-09-07T11:00:00Z", -10_800)),
    ] {
        for (day, (instant, offset)) in [(date(2026, 9, 4), friday), (date(2026, 9, 7), monday)] {
            let at = resolve_local(day, eight, zone);
            assert_eq!((at, offset_seconds(at, zone)), (utc(instant), offset), "{zone}");
        }
    }
    assert_eq!(resolve_local(date(2027, 4, 2), eight, Santiago), utc("2027-04-02T11:00:00Z"));
    assert_eq!(resolve_local(date(2027, 4, 5), eight, Santiago), utc("2027-04-05T12:00:00Z"));
    assert_eq!(resolve_local(date(2027, 4, 5), eight, Easter), utc("2027-04-05T14:00:00Z"));
    assert_eq!(resolve_local(date(2027, 4, 5), eight, Punta_Arenas), utc("2027-04-05T11:00:00Z"));
}

#[test]
fn d22_a_day_is_the_schools_and_not_that_of_utc() {
    // Half past nine in the evening is tomorrow in UTC.
    let evening = utc("2026-11-24T00:30:00Z");
    assert_eq!(local_date(evening, Santiago), date(2026, 11, 23));
    assert_eq!(local_date(evening, chrono_tz::UTC), date(2026, 11, 24));
    // The hour that Santiago has twice belongs to the same date both times.
    for instant in ["2027-04-04T02:30:00Z", "2027-04-04T03:30:00Z"] {
        assert_eq!(local_date(utc(instant), Santiago), date(2027, 4, 3));
    }
    // At one instant two schools of one country are on two dates.
    let late = utc("2026-11-24T03:30:00Z");
    assert_eq!((local_date(late, Santiago), local_date(late, Easter)), (date(2026, 11, 24), date(2026, 11, 23)));
}

#[test]
fn a_date_that_a_zone_skipped_has_no_instants() {
    let skipped = day_range(date(2011, 12, 30), Apia);
    assert_eq!((skipped.start, skipped.end), (utc("2011-12-30T10:00:00Z"), utc("2011-12-30T10:00:00Z")));
}

#[test]
fn the_ends_of_the_calendar_do_not_panic() {
    for zone in CHILE {
        let _ = day_range(date(-10_000, 1, 1), zone);
        let _ = day_range(date(9_999, 12, 31), zone);
    }
}

#[test]
fn a_zone_is_read_by_its_iana_name() {
    assert_eq!(parse("America/Coyhaique"), Ok(Coyhaique));
    assert_eq!(parse("Chile"), Err(UnknownZone));
    assert_eq!(parse("-03:00"), Err(UnknownZone));
}

proptest! {
    #[test]
    fn every_instant_lies_in_the_day_of_its_local_date(seconds in 0_i64..2_000_000_000, zone in prop::sample::select(CHILE.to_vec())) {
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let day = local_date(at, zone);
        prop_assert!(day_range(day, zone).contains(&at));
        let others = [day.pred_opt().unwrap(), day.succ_opt().unwrap()];
        prop_assert!(others.iter().all(|other| !day_range(*other, zone).contains(&at)));
    }

    #[test]
    fn days_follow_each_other_without_a_hole(days in 0_i64..30_000, zone in prop::sample::select(CHILE.to_vec())) {
        let day = date(1990, 1, 1) + TimeDelta::days(days);
        let (this, next) = (day_range(day, zone), day_range(day.succ_opt().unwrap(), zone));
        prop_assert_eq!(this.end, next.start);
        prop_assert!((23..=25).contains(&hours(this)));
    }

    #[test]
    fn a_wall_time_resolves_into_its_own_day_and_shows_itself_unless_skipped(
        days in 0_i64..30_000, minute in 0_u32..1440, zone in prop::sample::select(CHILE.to_vec()),
    ) {
        let (day, wall) = (date(1990, 1, 1) + TimeDelta::days(days), time(minute / 60, minute % 60));
        let at = resolve_local(day, wall, zone);
        prop_assert!(day_range(day, zone).contains(&at));
        let shown = at.with_timezone(&zone).naive_local();
        prop_assert!(shown >= day.and_time(wall));
        if shown != day.and_time(wall) {
            let before = (at - TimeDelta::seconds(1)).with_timezone(&zone).naive_local();
            prop_assert!(before < day.and_time(wall));
        }
        let wall_of = |at: DateTime<Utc>| at.naive_utc() + TimeDelta::seconds(offset_seconds(at, zone).into());
        prop_assert_eq!(wall_of(at), shown);
    }
}
