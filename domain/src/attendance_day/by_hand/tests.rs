use super::super::{AttendanceDay, Command, Flag, Scan, samples};
use super::*;
use crate::aggregate::{Aggregate, fold, spec};
use crate::ids::AccountId;
use crate::sample_values::{at, date, id, scan};
use Direction::{Entry, Exit};
use chrono_tz::America::Santiago;

fn given(history: &[Event]) -> spec::Given<AttendanceDay> {
    spec::given(history)
}
fn entry(n: u64, direction: Direction, occurred_at: DateTime<Utc>) -> ManualEntry {
    let entry_id = id(0x6000 + n);
    ManualEntry { entry_id, direction, occurred_at, reason: ManualReason::ForgotCard, note: None }
}
/// Asked for the sample day, of an enrolled pupil, at three in the afternoon in Santiago.
fn bounds() -> Bounds {
    Bounds { date: date(), zone: Santiago, enrolled: true, now: at(18, 0, 0), echo_seconds: 90 }
}
fn record(entry: ManualEntry) -> Command {
    Command::RecordManualEntry { entry, bounds: bounds() }
}
fn recorded(entry: &ManualEntry, repeats: bool) -> Event {
    Event::ManualEntryRecorded { entry: entry.clone(), repeats }
}
fn scanned(scan: &Scan) -> Event {
    Event::ScanRecorded { scan: scan.clone() }
}
fn record_scan(scan: &Scan) -> Command {
    Command::RecordScan { scan: scan.clone(), flags: vec![], echo_seconds: 90 }
}
fn flagged(scan: &Scan, flag: Flag) -> Event {
    Event::ScanFlagged { scan_id: scan.scan_id, flags: vec![flag] }
}
fn author() -> Actor {
    Actor::user(id::<AccountId>(0x71))
}
fn undo(n: u64, now: DateTime<Utc>) -> Undo {
    Undo { entry_id: id(0x6000 + n), author: author(), recorded_at: at(11, 5, 0), by: author(), corrects: false, now }
}

#[test]
fn an_entry_by_hand_is_recorded_once_however_often_it_is_asked() {
    let first = entry(1, Entry, at(11, 1, 0));
    given(&[]).when(record(first.clone())).then(&[recorded(&first, false)]);
    given(&[recorded(&first, false)]).when(record(first.clone())).then_nothing();
    // The first word stands, whatever comes under the same id.
    let other = ManualEntry { direction: Exit, occurred_at: at(15, 0, 0), ..first.clone() };
    given(&[recorded(&first, false)]).when(record(other)).then_nothing();
}

#[test]
fn only_a_pupil_enrolled_that_day_is_recorded() {
    let command = Command::RecordManualEntry {
        entry: entry(1, Entry, at(11, 1, 0)),
        bounds: Bounds { enrolled: false, ..bounds() },
    };
    given(&[]).when(command).then_error(Error::NotEnrolled);
}

#[test]
fn a_time_that_has_not_come_is_refused_beyond_what_clocks_differ_by() {
    let at_the_edge = entry(1, Entry, at(18, 2, 0));
    given(&[]).when(record(at_the_edge.clone())).then(&[recorded(&at_the_edge, false)]);
    given(&[]).when(record(entry(1, Entry, at(18, 2, 1)))).then_error(Error::InTheFuture);
}

#[test]
fn the_time_is_of_the_school_day_on_the_schools_own_wall() {
    // Midnight in Santiago is 03:00 UTC, and nobody comes before five.
    let first = entry(1, Entry, at(8, 0, 0));
    given(&[]).when(record(first.clone())).then(&[recorded(&first, false)]);
    given(&[]).when(record(entry(1, Entry, at(7, 59, 59)))).then_error(Error::BeforeTheDay);
    given(&[]).when(record(entry(1, Entry, at(3, 0, 0)))).then_error(Error::BeforeTheDay);
    given(&[]).when(record(entry(1, Entry, at(2, 59, 59)))).then_error(Error::AnotherDay);
    let tomorrow = Bounds { now: at(23, 0, 0) + TimeDelta::days(2), ..bounds() };
    let late = entry(1, Exit, at(3, 0, 0) + TimeDelta::days(1));
    let command = Command::RecordManualEntry { entry: late, bounds: tomorrow };
    given(&[]).when(command).then_error(Error::AnotherDay);
}

#[test]
fn long_after_the_day_it_is_recorded_all_the_same() {
    let first = entry(1, Entry, at(11, 1, 0));
    let command = Command::RecordManualEntry {
        entry: first.clone(),
        bounds: Bounds { now: at(11, 0, 0) + TimeDelta::days(40), ..bounds() },
    };
    given(&[]).when(command).then(&[recorded(&first, false)]);
}

#[test]
fn the_card_that_turns_up_afterwards_is_the_same_coming() {
    let by_hand = recorded(&entry(1, Entry, at(11, 1, 0)), false);
    for (second, echo) in [(at(11, 2, 0), true), (at(11, 11, 0), true), (at(10, 51, 0), true), (at(11, 11, 1), false)] {
        let card = scan(1, Entry, second);
        let flag = if echo { Flag::Echo } else { Flag::RepeatedEntry };
        given(std::slice::from_ref(&by_hand)).when(record_scan(&card)).then(&[scanned(&card), flagged(&card, flag)]);
    }
}

#[test]
fn between_two_cards_the_schools_own_window_stays_whatever_was_recorded_by_hand_before() {
    let by_hand = recorded(&entry(1, Entry, at(11, 1, 0)), false);
    let (first, second) = (scan(1, Entry, at(11, 2, 0)), scan(2, Entry, at(11, 4, 0)));
    given(&[by_hand, scanned(&first)])
        .when(record_scan(&second))
        .then(&[scanned(&second), flagged(&second, Flag::RepeatedEntry)]);
}

#[test]
fn what_repeats_the_card_is_kept_and_says_so() {
    let card = scan(1, Entry, at(11, 2, 0));
    for (at, repeats) in [(at(11, 1, 0), true), (at(11, 12, 0), true), (at(11, 12, 1), false)] {
        let by_hand = entry(1, Entry, at);
        given(&[scanned(&card)]).when(record(by_hand.clone())).then(&[recorded(&by_hand, repeats)]);
    }
    // Two people at two desks.
    let (one, other) = (entry(1, Entry, at(11, 1, 0)), entry(2, Entry, at(11, 3, 0)));
    given(&[recorded(&one, false)]).when(record(other.clone())).then(&[recorded(&other, true)]);
}

#[test]
fn out_between_two_comings_makes_them_two() {
    let (out, card) = (scan(1, Exit, at(11, 2, 0)), scan(2, Entry, at(11, 3, 0)));
    let by_hand = entry(1, Entry, at(11, 1, 0));
    given(&[recorded(&by_hand, false)]).when(record_scan(&out)).then(&[scanned(&out)]);
    given(&[recorded(&by_hand, false), scanned(&out)]).when(record_scan(&card)).then(&[scanned(&card)]);
    let again = entry(2, Entry, at(11, 3, 0));
    given(&[recorded(&by_hand, false), scanned(&out)]).when(record(again.clone())).then(&[recorded(&again, false)]);
}

#[test]
fn its_author_takes_it_back_within_the_time_and_whoever_sets_right_at_any_and_once() {
    let history = [recorded(&entry(1, Entry, at(11, 1, 0)), false)];
    let withdrawn = Event::ManualEntryWithdrawn { entry_id: id(0x6001) };
    let command = |undo| Command::WithdrawManualEntry(undo);
    given(&history).when(command(undo(1, at(11, 20, 0)))).then(std::slice::from_ref(&withdrawn));
    given(&history).when(command(undo(1, at(11, 20, 1)))).then_error(Error::TooLateToUndo);
    let another = Undo { by: Actor::user(id::<AccountId>(0x72)), ..undo(1, at(11, 6, 0)) };
    given(&history).when(command(another)).then_error(Error::NotItsAuthor);
    given(&history).when(command(undo(2, at(11, 6, 0)))).then_error(Error::UnknownEntry);
    // Whoever may set right what others recorded does, at any time.
    let director = Undo { by: Actor::user(id::<AccountId>(0x72)), corrects: true, ..undo(1, at(16, 0, 0)) };
    given(&history).when(command(director)).then(std::slice::from_ref(&withdrawn));
    given(&history)
        .when(command(Undo { corrects: true, ..undo(1, at(16, 0, 0)) }))
        .then(std::slice::from_ref(&withdrawn));
    // Again, also when the time is over: it is done.
    let after = [history[0].clone(), withdrawn];
    given(&after).when(command(undo(1, at(12, 0, 0)))).then_nothing();
}

#[test]
fn what_was_taken_back_is_no_neighbour_and_its_id_does_not_come_again() {
    let by_hand = entry(1, Entry, at(11, 1, 0));
    let history = [recorded(&by_hand, false), Event::ManualEntryWithdrawn { entry_id: by_hand.entry_id }];
    let (card, out) = (scan(1, Entry, at(11, 2, 0)), scan(2, Exit, at(16, 0, 0)));
    given(&history).when(record_scan(&card)).then(&[scanned(&card)]);
    given(&history).when(record_scan(&out)).then(&[scanned(&out), flagged(&out, Flag::ExitWithoutEntry)]);
    given(&history).when(record(by_hand)).then_error(Error::Withdrawn);
    let anew = entry(2, Entry, at(11, 1, 0));
    given(&history).when(record(anew.clone())).then(&[recorded(&anew, false)]);
}

#[test]
fn in_whatever_order_a_card_and_a_person_say_it_one_of_them_tells_nobody() {
    let (card, by_hand) = (scan(1, Entry, at(11, 2, 0)), entry(1, Entry, at(11, 1, 0)));
    let commands = [record_scan(&card), record(by_hand)];
    for order in [[0, 1], [1, 0]] {
        let mut history = Vec::new();
        for n in order {
            let events = AttendanceDay::decide(&fold::<AttendanceDay>(&history), commands[n].clone()).unwrap();
            history.extend(events);
        }
        let quiet = history.iter().filter(|event| match event {
            Event::ScanFlagged { flags, .. } => flags.contains(&Flag::Echo),
            Event::ManualEntryRecorded { repeats, .. } => *repeats,
            _ => false,
        });
        assert_eq!(quiet.count(), 1, "{order:?}");
    }
}

#[test]
fn every_event_by_hand_has_this_json() {
    let samples = samples();
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "manual_entry_recorded",
      "entry_id": "018f0000-0000-7000-8000-000000006001",
      "direction": "entry",
      "occurred_at": "2026-11-23T11:04:00Z",
      "reason": "forgot_card",
      "note": null,
      "repeats": true
    }
    "#);
    insta::assert_json_snapshot!(samples[4], @r#"
    {
      "type": "manual_entry_recorded",
      "entry_id": "018f0000-0000-7000-8000-000000006002",
      "direction": "entry",
      "occurred_at": "2026-11-23T11:40:00Z",
      "reason": "other",
      "note": "v1:manual_entry_recorded:note:reason:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "repeats": false
    }
    "#);
    insta::assert_json_snapshot!(samples[5], @r#"
    {
      "type": "manual_entry_withdrawn",
      "entry_id": "018f0000-0000-7000-8000-000000006002"
    }
    "#);
}
