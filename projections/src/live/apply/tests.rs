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

/// The day of scans that came in this order.
fn sum_up(scans: &[LiveScan]) -> PupilDay {
    let key = (scans[0].school_id, scans[0].local_date, scans[0].student_id);
    let mut day = PupilDay::without_scans(key);
    for scan in scans {
        day.add(scan);
        day.doubt(false, &scan.flags);
    }
    day
}

#[test]
fn the_earlier_of_two_taps_is_the_first_entry_also_when_it_arrived_later_as_an_echo() {
    let known = scan(7, Direction::Entry, "11:06:10", TimeConfidence::Monotonic, &[]);
    let synced_later = scan(8, Direction::Entry, "11:04:50", TimeConfidence::Monotonic, &[Flag::Echo]);
    let scans = [known, synced_later.clone()];
    let day = sum_up(&scans);
    assert_eq!(day.first_entry_at, Some(synced_later.occurred_at));
    assert_eq!((day.scans, day.echoes), (2, 1));
}

#[test]
fn a_trusted_echo_says_when_a_pupil_came_whose_first_tap_cannot_be_trusted() {
    let flags = [Flag::LowConfidenceTime];
    let untrusted = scan(7, Direction::Entry, "11:00:00", TimeConfidence::Low, &flags);
    let echo = scan(8, Direction::Entry, "11:00:30", TimeConfidence::Monotonic, &[Flag::Echo]);
    let day = sum_up(&[untrusted.clone(), echo.clone()]);
    assert_eq!((day.first_entry_at, day.first_entry_any_at), (Some(echo.occurred_at), Some(untrusted.occurred_at)));
    assert_eq!(day.flags, flags);
}

/// The day as its meaning says, from all scans at once.
fn by_meaning(scans: &[LiveScan]) -> PupilDay {
    let key = (scans[0].school_id, scans[0].local_date, scans[0].student_id);
    let entries = || scans.iter().filter(|s| s.direction == Direction::Entry);
    let last = scans.iter().max_by_key(|s| (s.occurred_at, s.scan_id));
    let flags: BTreeSet<Flag> = scans.iter().filter(|s| !s.is_echo()).flat_map(|s| s.flags.iter().copied()).collect();
    PupilDay {
        first_entry_at: entries().filter(|s| s.time_confidence != TimeConfidence::Low).map(|s| s.occurred_at).min(),
        first_entry_any_at: entries().map(|s| s.occurred_at).min(),
        last_direction: last.map(|s| s.direction),
        last_at: last.map(|s| s.occurred_at),
        last_scan_id: last.map(|s| s.scan_id),
        scans: i32::try_from(scans.len()).unwrap(),
        echoes: i32::try_from(scans.iter().filter(|s| s.is_echo()).count()).unwrap(),
        flags: flags.into_iter().collect(),
        ..PupilDay::without_scans(key)
    }
}

#[test]
fn a_day_summed_up_scan_by_scan_is_what_all_of_its_scans_say() {
    let mut random = crate::testing::history::Random(5);
    for _ in 0..500 {
        let scans: Vec<LiveScan> = (0..1 + random.below(8))
            .map(|n| {
                let at = format!("11:0{}:00", random.below(4));
                let direction = random.pick(&[Direction::Entry, Direction::Exit]);
                let confidence = random.pick(&[TimeConfidence::Monotonic, TimeConfidence::Low]);
                let flags = [Flag::Echo, Flag::LateSync, Flag::LaneMismatch];
                let flags: Vec<Flag> = flags.into_iter().filter(|_| random.chance(30)).collect();
                scan(n.into(), direction, &at, confidence, &flags)
            })
            .collect();
        assert_eq!(sum_up(&scans), by_meaning(&scans));
    }
}
