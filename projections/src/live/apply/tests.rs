use super::*;
use domain::attendance_day::{ManualReason, Method};

fn scan(id: u128, direction: Direction, at: &str, confidence: TimeConfidence, flags: &[Flag]) -> LiveScan {
    let at: DateTime<Utc> = format!("2026-11-23T{at}Z").parse().expect("a time of day");
    LiveScan {
        school_id: SchoolId(Uuid::from_u128(1)),
        local_date: at.date_naive(),
        position: 1,
        scan_id: ScanId(Uuid::from_u128(id)),
        student_id: StudentId(Uuid::from_u128(2)),
        kiosk_id: Some(KioskId(Uuid::from_u128(3))),
        direction,
        method: Some(Method::Qr),
        by_hand: None,
        actor: None,
        note: None,
        withdrawn: false,
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
    PupilDay::of(key, scans.iter())
}

fn by_hand(id: u128, direction: Direction, at: &str, reason: ManualReason) -> LiveScan {
    let scan = scan(id, direction, at, TimeConfidence::Monotonic, &[]);
    LiveScan { kiosk_id: None, method: None, by_hand: Some(reason), ..scan }
}

#[test]
fn of_a_person_and_a_card_the_earlier_says_when_the_pupil_came() {
    let reason = ManualReason::ForgotCard;
    let card = scan(7, Direction::Entry, "11:02:00", TimeConfidence::Monotonic, &[]);
    for (at, first) in [("11:01:00", Some(reason)), ("11:02:00", None), ("11:03:00", None)] {
        let person = by_hand(8, Direction::Entry, at, reason);
        for scans in [[card.clone(), person.clone()], [person.clone(), card.clone()]] {
            let day = sum_up(&scans);
            assert_eq!(day.first_entry_at, Some(card.occurred_at.min(person.occurred_at)));
            assert_eq!((day.first_by_hand, day.scans, day.by_hand), (first, 1, 1), "{at}");
        }
    }
    // A clock that cannot be trusted says nothing against a person.
    let doubtful = scan(7, Direction::Entry, "10:30:00", TimeConfidence::Low, &[]);
    let day = sum_up(&[doubtful, by_hand(8, Direction::Entry, "11:01:00", reason)]);
    assert_eq!(day.first_by_hand, Some(reason));
}

#[test]
fn what_was_taken_back_counts_for_nothing() {
    let card = scan(7, Direction::Entry, "11:02:00", TimeConfidence::Monotonic, &[]);
    let back = LiveScan { withdrawn: true, ..by_hand(8, Direction::Exit, "15:00:00", ManualReason::Other) };
    assert_eq!(sum_up(&[card.clone(), back]), sum_up(&[card]));
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
    let scans: Vec<&LiveScan> = scans.iter().filter(|s| !s.withdrawn).collect();
    let of_cards = || scans.iter().filter(|s| s.by_hand.is_none());
    let entries = || scans.iter().filter(|s| s.direction == Direction::Entry);
    let trusted = || entries().filter(|s| s.time_confidence != TimeConfidence::Low);
    let last = scans.iter().max_by_key(|s| (s.occurred_at, s.scan_id));
    let flags: BTreeSet<Flag> = of_cards().filter(|s| !s.is_echo()).flat_map(|s| s.flags.iter().copied()).collect();
    PupilDay {
        first_entry_at: trusted().map(|s| s.occurred_at).min(),
        first_by_hand: trusted().map(|s| (s.occurred_at, s.by_hand)).min().and_then(|(_, reason)| reason),
        first_entry_any_at: entries().map(|s| s.occurred_at).min(),
        last_direction: last.map(|s| s.direction),
        last_at: last.map(|s| s.occurred_at),
        last_scan_id: last.map(|s| s.scan_id),
        last_by_hand: last.and_then(|s| s.by_hand),
        scans: i32::try_from(of_cards().count()).unwrap(),
        by_hand: i32::try_from(scans.iter().filter(|s| s.by_hand.is_some()).count()).unwrap(),
        echoes: i32::try_from(of_cards().filter(|s| s.is_echo()).count()).unwrap(),
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
                if random.chance(30) {
                    let person = by_hand(n.into(), direction, &at, random.pick(&ManualReason::ALL));
                    return LiveScan { withdrawn: random.chance(30), ..person };
                }
                scan(n.into(), direction, &at, confidence, &flags)
            })
            .collect();
        assert_eq!(sum_up(&scans), by_meaning(&scans));
    }
}
