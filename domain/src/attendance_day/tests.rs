use super::*;
use crate::aggregate::{fold, spec};
use crate::sample_values::{at, scan};
use Direction::{Entry, Exit};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ECHO_SECONDS: u16 = 90;

fn given(history: &[Event]) -> spec::Given<AttendanceDay> {
    spec::given(history)
}
fn record(scan: Scan) -> Command {
    Command::RecordScan { scan, flags: vec![], echo_seconds: ECHO_SECONDS }
}
fn recorded(scan: &Scan) -> Event {
    Event::ScanRecorded { scan: scan.clone() }
}
fn flagged(scan: &Scan, flags: &[Flag]) -> Event {
    Event::ScanFlagged { scan_id: scan.scan_id, flags: flags.to_vec() }
}

#[test]
fn a_first_entry_is_recorded_without_a_doubt() {
    let first = scan(1, Entry, at(10, 58, 0));
    given(&[]).when(record(first.clone())).then(&[recorded(&first)]);
}

#[test]
fn the_same_scan_again_changes_nothing() {
    let first = scan(1, Entry, at(10, 58, 0));
    given(&[recorded(&first)]).when(record(first)).then_nothing();
}

#[test]
fn d2_a_retry_never_flips_a_direction() {
    let first = scan(1, Entry, at(10, 58, 0));
    // The same scan id with other contents is still the same scan: the first arrival stands.
    let flipped = Scan { direction: Exit, occurred_at: at(10, 58, 2), ..first.clone() };
    given(&[recorded(&first)]).when(record(flipped)).then_nothing();
    // A second tap two seconds later is an entry again, never an exit by alternation.
    let second = scan(2, Entry, at(10, 58, 2));
    given(&[recorded(&first)]).when(record(second.clone())).then(&[recorded(&second), flagged(&second, &[Flag::Echo])]);
}

#[test]
fn a_second_tap_within_the_window_is_an_echo_and_beyond_it_a_repeated_entry() {
    let first = scan(1, Entry, at(10, 58, 0));
    let at_the_edge = scan(2, Entry, at(10, 59, 30));
    given(&[recorded(&first)])
        .when(record(at_the_edge.clone()))
        .then(&[recorded(&at_the_edge), flagged(&at_the_edge, &[Flag::Echo])]);
    let beyond = scan(2, Entry, at(10, 59, 31));
    given(&[recorded(&first)])
        .when(record(beyond.clone()))
        .then(&[recorded(&beyond), flagged(&beyond, &[Flag::RepeatedEntry])]);
}

#[test]
fn a_late_synced_tap_just_before_a_known_one_is_an_echo_too() {
    let known = scan(2, Entry, at(10, 58, 30));
    let earlier = scan(1, Entry, at(10, 58, 0));
    given(&[recorded(&known)])
        .when(record(earlier.clone()))
        .then(&[recorded(&earlier), flagged(&earlier, &[Flag::Echo])]);
}

#[test]
fn out_and_in_again_within_the_window_are_real_passages() {
    let (into, out, again) =
        (scan(1, Entry, at(10, 58, 0)), scan(2, Exit, at(10, 58, 20)), scan(3, Entry, at(10, 58, 40)));
    given(&[recorded(&into)]).when(record(out.clone())).then(&[recorded(&out)]);
    given(&[recorded(&into), recorded(&out)]).when(record(again.clone())).then(&[recorded(&again)]);
}

#[test]
fn an_exit_needs_an_entry_before_it() {
    let (into, out, out_again) =
        (scan(1, Entry, at(10, 58, 0)), scan(2, Exit, at(16, 0, 0)), scan(3, Exit, at(17, 0, 0)));
    given(&[]).when(record(out.clone())).then(&[recorded(&out), flagged(&out, &[Flag::ExitWithoutEntry])]);
    given(&[recorded(&into)]).when(record(out.clone())).then(&[recorded(&out)]);
    given(&[recorded(&into), recorded(&out)])
        .when(record(out_again.clone()))
        .then(&[recorded(&out_again), flagged(&out_again, &[Flag::ExitWithoutEntry])]);
    // An entry after the exit is none before it.
    let late_entry = scan(4, Entry, at(18, 0, 0));
    given(&[recorded(&late_entry)])
        .when(record(out.clone()))
        .then(&[recorded(&out), flagged(&out, &[Flag::ExitWithoutEntry])]);
}

#[test]
fn the_order_of_the_day_is_that_of_the_corrected_times() {
    let (into, out) = (scan(1, Entry, at(10, 58, 0)), scan(2, Exit, at(16, 0, 0)));
    // The exit of 16:00 arrived first; the entry of 17:00 follows it by time.
    let back = scan(3, Entry, at(17, 0, 0));
    given(&[recorded(&out), recorded(&into)]).when(record(back.clone())).then(&[recorded(&back)]);
    let between = scan(4, Entry, at(12, 0, 0));
    given(&[recorded(&out), recorded(&into)])
        .when(record(between.clone()))
        .then(&[recorded(&between), flagged(&between, &[Flag::RepeatedEntry])]);
}

#[test]
fn an_echo_between_two_passages_raises_no_doubt_about_the_second() {
    let into = scan(1, Entry, at(10, 58, 0));
    let out = scan(2, Exit, at(16, 0, 0));
    let echo = scan(3, Exit, at(16, 0, 30));
    let back = scan(4, Entry, at(17, 0, 0));
    let history = [recorded(&into), recorded(&out), recorded(&echo), flagged(&echo, &[Flag::Echo])];
    given(&history).when(record(back.clone())).then(&[recorded(&back)]);
}

#[test]
fn what_the_caller_doubts_is_merged_sorted_and_told_once() {
    let (first, second) = (scan(1, Entry, at(10, 58, 0)), scan(2, Entry, at(10, 58, 5)));
    let flags = vec![Flag::RevokedCredential, Flag::LowConfidenceTime, Flag::RevokedCredential, Flag::Echo];
    given(&[recorded(&first)])
        .when(Command::RecordScan { scan: second.clone(), flags, echo_seconds: ECHO_SECONDS })
        .then(&[recorded(&second), flagged(&second, &[Flag::Echo, Flag::LowConfidenceTime, Flag::RevokedCredential])]);
}

#[test]
fn without_an_echo_window_only_the_same_instant_is_an_echo() {
    let (first, second, third) =
        (scan(1, Entry, at(10, 58, 0)), scan(2, Entry, at(10, 58, 0)), scan(3, Entry, at(10, 58, 1)));
    let command = |scan: &Scan| Command::RecordScan { scan: scan.clone(), flags: vec![], echo_seconds: 0 };
    given(&[recorded(&first)]).when(command(&second)).then(&[recorded(&second), flagged(&second, &[Flag::Echo])]);
    given(&[recorded(&first)]).when(command(&third)).then(&[recorded(&third), flagged(&third, &[Flag::RepeatedEntry])]);
}

proptest! {
    #[test]
    fn shuffled_and_repeated_scans_lose_nothing_and_change_nothing(
        arrivals in prop::collection::vec((0_u64..25, any::<bool>(), 0_i64..36_000), 0..80),
        echo_seconds in 0_u16..600,
    ) {
        // A scan id that comes again may carry other contents: the first arrival must stand.
        let mut history: Vec<Event> = Vec::new();
        let mut first_arrival = BTreeMap::new();
        for (n, entry, second) in arrivals {
            let direction = if entry { Entry } else { Exit };
            let scan = scan(n + 1, direction, at(10, 0, 0) + TimeDelta::seconds(second));
            let state = fold::<AttendanceDay>(&history);
            let command = Command::RecordScan { scan: scan.clone(), flags: vec![], echo_seconds };
            let events = AttendanceDay::decide(&state, command.clone()).expect("no scan is refused");
            let new = !first_arrival.contains_key(&scan.scan_id);
            prop_assert_eq!(new, !events.is_empty());
            first_arrival.entry(scan.scan_id).or_insert((scan.direction, scan.occurred_at));
            history.extend(events);
            let again = AttendanceDay::decide(&fold::<AttendanceDay>(&history), command);
            prop_assert_eq!(again, Ok(vec![]));
        }
        let state = fold::<AttendanceDay>(&history);
        let kept: BTreeMap<_, _> =
            state.scans().iter().map(|s| (s.scan_id, (s.direction, s.occurred_at))).collect();
        prop_assert_eq!(state.scans().len(), kept.len());
        prop_assert_eq!(kept, first_arrival);
        prop_assert!(state.scans().is_sorted_by_key(|s| (s.occurred_at, s.scan_id)));
        for event in &history {
            if let Event::ScanFlagged { flags, .. } = event {
                prop_assert!(!flags.is_empty() && flags.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
    }

    #[test]
    fn a_day_holds_the_same_scans_in_whatever_order_they_arrive(
        scans in prop::collection::vec((any::<bool>(), 0_i64..36_000), 1..20).prop_flat_map(|scans| {
            let numbered: Vec<_> = scans.into_iter().enumerate().collect();
            (Just(numbered.clone()), Just(numbered).prop_shuffle())
        }),
    ) {
        let day = |order: &[(usize, (bool, i64))]| {
            let mut history: Vec<Event> = Vec::new();
            for (n, (entry, second)) in order {
                let direction = if *entry { Entry } else { Exit };
                let scan = scan(*n as u64 + 1, direction, at(10, 0, 0) + TimeDelta::seconds(*second));
                let state = fold::<AttendanceDay>(&history);
                history.extend(AttendanceDay::decide(&state, record(scan)).expect("no scan is refused"));
            }
            let known = |s: &KnownScan| (s.scan_id, s.direction, s.occurred_at);
            fold::<AttendanceDay>(&history).scans().iter().map(known).collect::<Vec<_>>()
        };
        let (in_order, shuffled) = &scans;
        prop_assert_eq!(day(in_order), day(shuffled));
    }
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 18, "the others are in the tests of what they are about");
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "scan_recorded",
      "scan_id": "018f0000-0000-7000-8000-000000005011",
      "kiosk_id": "018f0000-0000-7000-8000-000000000041",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 17,
      "credential_id": "018f0000-0000-7000-8000-000000000043",
      "direction": "entry",
      "method": "qr",
      "occurred_at": "2026-11-23T10:58:03Z",
      "time_confidence": "monotonic",
      "shown": "welcome",
      "device_time": "2026-11-23T10:58:03Z",
      "prev_hash": null
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "scan_recorded",
      "scan_id": "018f0000-0000-7000-8000-000000005012",
      "kiosk_id": "018f0000-0000-7000-8000-000000000041",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 18,
      "credential_id": "018f0000-0000-7000-8000-000000000043",
      "direction": "entry",
      "method": "qr",
      "occurred_at": "2026-11-23T10:58:20Z",
      "time_confidence": "monotonic",
      "shown": "welcome",
      "device_time": "2026-11-23T10:58:20Z",
      "prev_hash": "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358"
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "scan_flagged",
      "scan_id": "018f0000-0000-7000-8000-000000005012",
      "flags": [
        "echo"
      ]
    }
    "#);
}
