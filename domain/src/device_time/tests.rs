use super::*;
use crate::attendance_day::TimeConfidence::{Low, Monotonic, WallCorrected};
use crate::sample_values::{at, id};
use chrono::TimeZone;
use proptest::prelude::*;

const BOOT: u64 = 0xb1;
const EARLIER_BOOT: u64 = 0xb0;

fn now() -> DeviceNow {
    DeviceNow { wall: at(12, 0, 0), mono_ms: 10_000_000, boot_id: id(BOOT) }
}
/// The server's clock when that device sent.
fn received() -> DateTime<Utc> {
    at(12, 0, 0)
}
fn bare(device_time: DateTime<Utc>) -> DeviceReading {
    DeviceReading { device_time, mono_ms: None, boot_id: id(EARLIER_BOOT), clock_offset_ms: None }
}
fn certain(occurred_at: DateTime<Utc>, confidence: TimeConfidence) -> Corrected {
    Corrected::At { occurred_at, confidence, flags: vec![] }
}

#[test]
fn within_one_boot_a_wrong_or_changed_wall_clock_means_nothing() {
    let ten_minutes_ago = Some(now().mono_ms - 600_000);
    let year_1970 = Utc.timestamp_opt(0, 0).unwrap();
    for device_time in [at(11, 50, 0), year_1970, at(12, 0, 0) + TimeDelta::days(3)] {
        for wall in [at(12, 0, 0), year_1970] {
            let reading =
                DeviceReading { device_time, mono_ms: ten_minutes_ago, boot_id: id(BOOT), clock_offset_ms: Some(77) };
            let corrected = correct(&reading, &DeviceNow { wall, ..now() }, received());
            assert_eq!(corrected, certain(at(11, 50, 0), Monotonic));
        }
    }
}

#[test]
fn over_a_reboot_the_wall_clock_less_its_known_offset_counts() {
    let three_days = TimeDelta::days(3).num_milliseconds();
    let ahead = DeviceReading {
        mono_ms: Some(5),
        clock_offset_ms: Some(three_days),
        ..bare(at(11, 0, 0) + TimeDelta::days(3))
    };
    assert_eq!(correct(&ahead, &now(), received()), certain(at(11, 0, 0), WallCorrected));
    let behind = DeviceReading { clock_offset_ms: Some(-60_000), ..bare(at(10, 59, 0)) };
    assert_eq!(correct(&behind, &now(), received()), certain(at(11, 0, 0), WallCorrected));
}

#[test]
fn a_bare_wall_clock_is_kept_with_low_confidence() {
    let expected = Corrected::At { occurred_at: at(11, 0, 0), confidence: Low, flags: vec![Flag::LowConfidenceTime] };
    assert_eq!(correct(&bare(at(11, 0, 0)), &now(), received()), expected);
    // The same boot without a monotonic reading proves nothing either.
    let same_boot = DeviceReading { boot_id: id(BOOT), ..bare(at(11, 0, 0)) };
    assert_eq!(correct(&same_boot, &now(), received()), expected);
}

#[test]
fn a_clock_ahead_is_clamped_to_the_receipt_up_to_five_minutes_and_implausible_beyond() {
    let flags = vec![Flag::LowConfidenceTime, Flag::ClockAhead];
    let clamped = Corrected::At { occurred_at: received(), confidence: Low, flags };
    assert_eq!(correct(&bare(at(12, 0, 1)), &now(), received()), clamped);
    assert_eq!(correct(&bare(at(12, 5, 0)), &now(), received()), clamped);
    assert_eq!(correct(&bare(at(12, 5, 1)), &now(), received()), Corrected::Implausible);
    assert_eq!(correct(&bare(at(12, 0, 0) + TimeDelta::days(3)), &now(), received()), Corrected::Implausible);
    let corrected = DeviceReading { clock_offset_ms: Some(0), ..bare(at(12, 4, 0)) };
    let clamped = Corrected::At { occurred_at: received(), confidence: WallCorrected, flags: vec![Flag::ClockAhead] };
    assert_eq!(correct(&corrected, &now(), received()), clamped);
}

#[test]
fn seven_days_offline_are_kept_and_a_second_more_is_too_old() {
    let limit = received() - TimeDelta::days(7);
    assert!(matches!(correct(&bare(limit), &now(), received()), Corrected::At { .. }));
    assert_eq!(correct(&bare(limit - TimeDelta::seconds(1)), &now(), received()), Corrected::TooOld);
    assert_eq!(correct(&bare(Utc.timestamp_opt(0, 0).unwrap()), &now(), received()), Corrected::TooOld);
    let days = |n: i64| DeviceReading { mono_ms: Some(-n * 86_400_000), boot_id: id(BOOT), ..bare(at(11, 0, 0)) };
    let fresh = DeviceNow { mono_ms: 0, ..now() };
    assert_eq!(correct(&days(7), &fresh, received()), certain(limit, Monotonic));
    assert_eq!(correct(&days(8), &fresh, received()), Corrected::TooOld);
}

#[test]
fn a_monotonic_reading_from_the_future_contradicts_itself_and_the_wall_clock_takes_over() {
    let reading = DeviceReading { mono_ms: Some(now().mono_ms + 1), boot_id: id(BOOT), ..bare(at(11, 0, 0)) };
    let flags = vec![Flag::LowConfidenceTime];
    assert_eq!(
        correct(&reading, &now(), received()),
        Corrected::At { occurred_at: at(11, 0, 0), confidence: Low, flags }
    );
}

#[test]
fn what_no_calendar_can_hold_is_implausible() {
    for offset in [i64::MIN, i64::MAX] {
        let reading = DeviceReading { clock_offset_ms: Some(offset), ..bare(at(11, 0, 0)) };
        assert_eq!(correct(&reading, &now(), received()), Corrected::Implausible);
    }
    assert_eq!(correct(&bare(DateTime::<Utc>::MAX_UTC), &now(), received()), Corrected::Implausible);
    assert_eq!(correct(&bare(DateTime::<Utc>::MIN_UTC), &now(), received()), Corrected::TooOld);
}

proptest! {
    #[test]
    fn a_corrected_time_is_never_after_its_receipt_nor_older_than_a_week(
        device in any::<i32>(), mono in prop::option::of(any::<i64>()), mono_now in any::<i64>(),
        offset in prop::option::of(any::<i64>()), same_boot in any::<bool>(), received in any::<i32>(),
    ) {
        let instant = |seconds: i32| Utc.timestamp_opt(seconds.into(), 0).unwrap();
        let reading = DeviceReading {
            device_time: instant(device),
            mono_ms: mono,
            boot_id: if same_boot { id(BOOT) } else { id(EARLIER_BOOT) },
            clock_offset_ms: offset,
        };
        let now = DeviceNow { mono_ms: mono_now, ..now() };
        if let Corrected::At { occurred_at, confidence, flags } = correct(&reading, &now, instant(received)) {
            prop_assert!(occurred_at <= instant(received));
            prop_assert!(instant(received) - occurred_at <= OFFLINE_LIMIT);
            prop_assert_eq!(confidence == Low, flags.contains(&Flag::LowConfidenceTime));
            prop_assert!(flags.is_sorted());
        }
    }
}
