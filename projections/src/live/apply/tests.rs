use super::*;
use domain::attendance_day::Method;

fn scan(id: u128, direction: Direction, at: &str, confidence: TimeConfidence, flags: &[Flag]) -> LiveScan {
    let at: DateTime<Utc> = format!("2026-11-23T{at}Z").parse().expect("a time of day");
    LiveScan {
        school_id: SchoolId(Uuid::from_u128(1)),
        local_date: at.date_naive(),
        position: 1,
        scan_id: ScanId(Uuid::from_u128(id)),
        student_id: StudentId(Uuid::from_u128(2)),
        kiosk_id: KioskId(Uuid::from_u128(3)),
        direction,
        method: Method::Qr,
        occurred_at: at,
        recorded_at: at,
        time_confidence: confidence,
        flags: flags.to_vec(),
        last_position: 1,
    }
}

#[test]
fn the_earlier_of_two_taps_is_the_first_entry_also_when_it_arrived_later_as_an_echo() {
    let known = scan(7, Direction::Entry, "11:06:10", TimeConfidence::Monotonic, &[]);
    let synced_later = scan(8, Direction::Entry, "11:04:50", TimeConfidence::Monotonic, &[Flag::Echo]);
    let scans = [known, synced_later.clone()];
    let key = (synced_later.school_id, synced_later.local_date, synced_later.student_id);
    let day = sum_up(key, scans.iter());
    assert_eq!(day.first_entry_at, Some(synced_later.occurred_at));
    assert_eq!((day.scans, day.echoes), (2, 1));
}

#[test]
fn a_trusted_echo_says_when_a_pupil_came_whose_first_tap_cannot_be_trusted() {
    let flags = [Flag::LowConfidenceTime];
    let untrusted = scan(7, Direction::Entry, "11:00:00", TimeConfidence::Low, &flags);
    let echo = scan(8, Direction::Entry, "11:00:30", TimeConfidence::Monotonic, &[Flag::Echo]);
    let key = (echo.school_id, echo.local_date, echo.student_id);
    let day = sum_up(key, [untrusted.clone(), echo.clone()].iter());
    assert_eq!((day.first_entry_at, day.first_entry_any_at), (Some(echo.occurred_at), Some(untrusted.occurred_at)));
    assert_eq!(day.flags, flags);
}
