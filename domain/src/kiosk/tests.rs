use super::*;
use crate::aggregate::{fold, spec};
use crate::sample_values::{at, id};
use crate::values::name::NameError;
use chrono::TimeDelta;

fn given(history: &[Event]) -> spec::Given<Kiosk> {
    spec::given(history)
}
fn enrolled() -> Event {
    Event::Enrolled { gate: "Portón Norte".into(), mode: LaneMode::EntryLane }
}
fn enrol(gate: &str) -> Command {
    Command::Enrol { gate: gate.into(), mode: LaneMode::EntryLane }
}
fn report(seq: i64, through: DateTime<Utc>) -> Command {
    Command::ReportDrained { queue_id: id(0x42), seq, through }
}
fn drained(seq: i64, through: DateTime<Utc>) -> Event {
    Event::DrainedThrough { queue_id: id(0x42), seq, through }
}
fn silent() -> Event {
    Event::Silent { last_seen: at(11, 0, 0) }
}

#[test]
fn a_kiosk_is_enrolled_once_with_a_clean_gate_name() {
    given(&[]).when(enrol("  Portón \t Norte ")).then(&[enrolled()]);
    given(&[enrolled()]).when(enrol("Portón Norte")).then_nothing();
    given(&[enrolled()]).when(enrol("Portón Sur")).then_error(Error::AlreadyEnrolled);
    given(&[]).when(enrol("Port\0n")).then_error(Error::GateName(NameError::Unprintable));
    given(&[]).when(enrol(" ")).then_error(Error::GateName(NameError::Empty));
    given(&[enrolled(), Event::Revoked]).when(enrol("Portón Norte")).then_error(Error::Revoked);
}

#[test]
fn the_lane_mode_changes_only_to_another_one() {
    let change = |mode| Command::ChangeMode { from: LaneMode::EntryLane, mode };
    given(&[enrolled()]).when(change(LaneMode::Choice)).then(&[Event::ModeChanged { mode: LaneMode::Choice }]);
    given(&[enrolled()]).when(change(LaneMode::EntryLane)).then_nothing();
    given(&[]).when(change(LaneMode::Choice)).then_error(Error::NotEnrolled);
    given(&[enrolled(), Event::Revoked]).when(change(LaneMode::Choice)).then_error(Error::Revoked);
}

#[test]
fn a_lane_that_somebody_turned_meanwhile_is_not_turned_over_their_head() {
    let turned = [enrolled(), Event::ModeChanged { mode: LaneMode::ExitLane }];
    let change = |from, mode| Command::ChangeMode { from, mode };
    given(&turned).when(change(LaneMode::EntryLane, LaneMode::Choice)).then_error(Error::AnotherMode);
    given(&turned).when(change(LaneMode::EntryLane, LaneMode::ExitLane)).then_nothing();
    given(&turned)
        .when(change(LaneMode::ExitLane, LaneMode::Choice))
        .then(&[Event::ModeChanged { mode: LaneMode::Choice }]);
}

#[test]
fn a_kiosk_is_revoked_once_and_for_good() {
    given(&[enrolled()]).when(Command::Revoke).then(&[Event::Revoked]);
    given(&[enrolled(), Event::Revoked]).when(Command::Revoke).then_nothing();
    given(&[]).when(Command::Revoke).then_error(Error::NotEnrolled);
}

#[test]
fn a_drained_queue_is_told_at_once_and_then_once_a_minute() {
    given(&[enrolled()]).when(report(0, at(11, 0, 0))).then(&[drained(0, at(11, 0, 0))]);
    let told = [enrolled(), drained(5, at(11, 0, 0))];
    given(&told).when(report(5, at(11, 0, 0))).then_nothing();
    given(&told).when(report(5, at(11, 0, 59))).then_nothing();
    given(&told).when(report(9, at(11, 0, 59))).then_nothing();
    given(&told).when(report(9, at(11, 1, 0))).then(&[drained(9, at(11, 1, 0))]);
    given(&told).when(report(5, at(11, 1, 0))).then(&[drained(5, at(11, 1, 0))]);
}

#[test]
fn every_queue_of_a_kiosk_is_told_by_itself() {
    let other = Command::ReportDrained { queue_id: id(0x99), seq: 1, through: at(11, 0, 1) };
    given(&[enrolled(), drained(5, at(11, 0, 0))]).when(other).then(&[Event::DrainedThrough {
        queue_id: id(0x99),
        seq: 1,
        through: at(11, 0, 1),
    }]);
}

#[test]
fn a_silent_kiosk_that_drains_has_returned() {
    let history = [enrolled(), drained(5, at(11, 0, 0)), silent()];
    given(&history).when(report(7, at(11, 0, 30))).then(&[Event::Returned, drained(7, at(11, 0, 30))]);
    given(&history).when(report(7, at(11, 9, 0))).then(&[Event::Returned, drained(7, at(11, 9, 0))]);
}

#[test]
fn how_far_a_queue_is_drained_never_goes_back() {
    let told = [enrolled(), drained(5, at(11, 0, 0))];
    given(&told).when(report(5, at(10, 30, 0))).then_nothing();
    given(&[enrolled(), drained(5, at(11, 0, 0)), silent()]).when(report(5, at(10, 30, 0))).then(&[Event::Returned]);
}

#[test]
fn a_revoked_or_unknown_kiosk_completes_nothing() {
    given(&[]).when(report(1, at(11, 0, 0))).then_error(Error::NotEnrolled);
    given(&[enrolled(), Event::Revoked]).when(report(1, at(11, 0, 0))).then_error(Error::Revoked);
    given(&[enrolled()]).when(report(-1, at(11, 0, 0))).then_error(Error::Sequence);
}

#[test]
fn a_kiosk_falls_silent_once_and_returns_once() {
    let fall = || Command::ReportSilent { last_seen: at(11, 0, 0) };
    given(&[enrolled()]).when(fall()).then(&[silent()]);
    given(&[enrolled(), silent()]).when(fall()).then_nothing();
    given(&[enrolled()]).when(Command::ReportSeen).then_nothing();
    given(&[enrolled(), silent()]).when(Command::ReportSeen).then(&[Event::Returned]);
    given(&[enrolled(), silent(), Event::Returned]).when(Command::ReportSeen).then_nothing();
    given(&[enrolled(), silent(), Event::Returned]).when(fall()).then(&[silent()]);
    for history in [vec![], vec![enrolled(), Event::Revoked]] {
        let error = if history.is_empty() { Error::NotEnrolled } else { Error::Revoked };
        given(&history).when(fall()).then_error(error);
        given(&history).when(Command::ReportSeen).then_error(error);
    }
}

#[test]
fn a_gap_is_told_once_per_range() {
    let gap = |from, to| Command::ReportGap { queue_id: id(0x42), from, to };
    let told = Event::GapDetected { queue_id: id(0x42), from: 3, to: 5 };
    given(&[enrolled()]).when(gap(3, 5)).then(std::slice::from_ref(&told));
    given(&[enrolled(), told.clone()]).when(gap(3, 5)).then_nothing();
    given(&[enrolled(), told]).when(gap(3, 6)).then(&[Event::GapDetected { queue_id: id(0x42), from: 3, to: 6 }]);
    given(&[enrolled()]).when(gap(5, 3)).then_error(Error::Sequence);
    given(&[enrolled()]).when(gap(0, 3)).then_error(Error::Sequence);
    given(&[]).when(gap(3, 5)).then_error(Error::NotEnrolled);
}

#[test]
fn a_fork_is_told_once_per_scan_and_also_of_a_revoked_kiosk() {
    let fork = |n| Command::ReportFork { queue_id: id(0x42), seq: 8, scan_id: id(n) };
    let told = |n| Event::ForkDetected { queue_id: id(0x42), seq: 8, scan_id: id(n) };
    given(&[enrolled()]).when(fork(1)).then(&[told(1)]);
    given(&[enrolled(), told(1)]).when(fork(1)).then_nothing();
    given(&[enrolled(), told(1)]).when(fork(2)).then(&[told(2)]);
    given(&[enrolled(), Event::Revoked]).when(fork(1)).then(&[told(1)]);
    given(&[]).when(fork(1)).then_error(Error::NotEnrolled);
    let below = Command::ReportFork { queue_id: id(0x42), seq: -8, scan_id: id(1) };
    given(&[enrolled()]).when(below).then_error(Error::Sequence);
}

#[test]
fn a_lane_fixes_the_direction_and_a_choice_does_not() {
    assert_eq!(LaneMode::EntryLane.fixed_direction(), Some(Direction::Entry));
    assert_eq!(LaneMode::ExitLane.fixed_direction(), Some(Direction::Exit));
    assert_eq!(LaneMode::Choice.fixed_direction(), None);
}

#[test]
fn a_stream_that_misses_its_beginning_still_folds() {
    for event in samples() {
        let state = fold::<Kiosk>(std::slice::from_ref(&event));
        assert_eq!(state == State::NotEnrolled, !matches!(event, Event::Enrolled { .. }));
    }
    let state = fold::<Kiosk>(&samples());
    assert!(matches!(&state, State::Revoked(gate) if gate.mode == LaneMode::Choice && gate.gaps.len() == 1));
    assert_eq!(DRAINED_EVERY, TimeDelta::minutes(1));
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 8);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "enrolled",
      "gate": "Portón Norte",
      "mode": "entry_lane"
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "mode_changed",
      "mode": "choice"
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "drained_through",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 412,
      "through": "2026-11-23T11:20:00Z"
    }
    "#);
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "silent",
      "last_seen": "2026-11-23T11:20:00Z"
    }
    "#);
    insta::assert_json_snapshot!(samples[4], @r#"
    {
      "type": "returned"
    }
    "#);
    insta::assert_json_snapshot!(samples[5], @r#"
    {
      "type": "gap_detected",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "from": 413,
      "to": 415
    }
    "#);
    insta::assert_json_snapshot!(samples[6], @r#"
    {
      "type": "fork_detected",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 416,
      "scan_id": "018f0000-0000-7000-8000-0000000051a0"
    }
    "#);
    insta::assert_json_snapshot!(samples[7], @r#"
    {
      "type": "revoked"
    }
    "#);
}
