use super::super::{AttendanceDay, Change, Command, Flag, samples};
use super::*;
use crate::aggregate::{Aggregate, fold, spec};
use crate::sample_values::{at, date, id, scan};
use Direction::{Entry, Exit};
use chrono::TimeDelta;
use chrono_tz::America::Santiago;

const MAY: GuardianRights =
    GuardianRights { legal: false, notify: false, may_collect: true, may_view: false, restricted: false };

fn given(history: &[Event]) -> spec::Given<AttendanceDay> {
    spec::given(history)
}
fn bounds() -> Bounds {
    Bounds { date: date(), zone: Santiago, enrolled: true, now: at(18, 0, 0), echo_seconds: 90 }
}
fn leave(n: u64, occurred_at: DateTime<Utc>) -> EarlyLeave {
    EarlyLeave {
        leave_id: id(0x7000 + n),
        guardian_id: id(0x31),
        identity: IdentityCheck::NumberMatched,
        reason: LeaveReason::Appointment,
        occurred_at,
        note: None,
    }
}
fn authorise(leave: EarlyLeave, rights: Option<GuardianRights>) -> Command {
    Command::AuthoriseEarlyLeave { leave, rights, bounds: bounds() }
}
fn record(n: u64, occurred_at: DateTime<Utc>, rights: Option<GuardianRights>) -> Command {
    Command::RecordEarlyLeave { leave_id: id(0x7000 + n), occurred_at, rights, bounds: bounds() }
}
fn authorised(n: u64, at: DateTime<Utc>) -> Event {
    Event::EarlyLeaveAuthorised { leave: leave(n, at) }
}
fn recorded(n: u64, occurred_at: DateTime<Utc>, repeats: bool) -> Event {
    Event::EarlyLeaveRecorded { leave_id: id(0x7000 + n), reason: LeaveReason::Appointment, occurred_at, repeats }
}

#[test]
fn d4_nobody_is_handed_over_but_to_an_adult_who_may_collect_and_without_one_named_nobody_goes() {
    // The type names an adult; what that adult may do is asked of the pupil's own links.
    let none = GuardianRights { legal: true, notify: true, may_view: true, may_collect: false, restricted: false };
    for rights in [None, Some(none)] {
        given(&[]).when(authorise(leave(1, at(13, 0, 0)), rights)).then_error(LeaveError::MayNotCollect.into());
    }
    // Without an authorisation there is nothing to record, and it is asked again who takes the pupil.
    given(&[]).when(record(1, at(13, 5, 0), Some(MAY))).then_error(LeaveError::Unknown.into());
    let history = [authorised(1, at(13, 0, 0))];
    for rights in [None, Some(none)] {
        given(&history).when(record(1, at(13, 5, 0), rights)).then_error(LeaveError::MayNotCollect.into());
    }
    given(&history).when(record(1, at(13, 5, 0), Some(MAY))).then(&[recorded(1, at(13, 5, 0), false)]);
}

#[test]
fn a_barred_adult_is_refused_at_the_desk_and_at_the_door_whatever_else_is_allowed_and_it_is_on_record_once() {
    let barred = Some(GuardianRights { legal: true, restricted: true, ..MAY });
    let asked = leave(1, at(13, 0, 0));
    let blocked = Event::EarlyLeaveBlocked { leave: asked.clone() };
    given(&[]).when(authorise(asked.clone(), barred)).then(std::slice::from_ref(&blocked));
    // Again, also after the order was lifted: another one is asked for.
    for rights in [barred, Some(MAY)] {
        let history = std::slice::from_ref(&blocked);
        given(history).when(authorise(asked.clone(), rights)).then_error(LeaveError::Barred.into());
        given(history).when(record(1, at(13, 5, 0), rights)).then_error(LeaveError::Barred.into());
    }
    // The order came between the desk and the door.
    let at_the_door = EarlyLeave { occurred_at: bounds().now, ..asked };
    given(&[authorised(1, at(13, 0, 0))])
        .when(record(1, at(13, 5, 0), barred))
        .then(&[Event::EarlyLeaveBlocked { leave: at_the_door }]);
}

#[test]
fn it_is_authorised_once_and_recorded_once_however_often_it_is_asked() {
    let history = [authorised(1, at(13, 0, 0)), recorded(1, at(13, 5, 0), false)];
    given(&history[..1]).when(authorise(leave(1, at(13, 0, 0)), Some(MAY))).then_nothing();
    given(&history).when(authorise(leave(1, at(13, 0, 0)), Some(MAY))).then_nothing();
    given(&history).when(record(1, at(13, 9, 0), None)).then_nothing();
    // A second adult while the first one waits; after the pupil came back it is another one.
    let second = authorise(leave(2, at(13, 1, 0)), Some(MAY));
    given(&history[..1]).when(second).then_error(LeaveError::OneIsOpen.into());
    given(&history).when(authorise(leave(2, at(15, 0, 0)), Some(MAY))).then(&[authorised(2, at(15, 0, 0))]);
}

#[test]
fn who_stays_after_all_is_not_recorded_as_gone() {
    let cancelled = Event::EarlyLeaveCancelled { leave_id: id(0x7001) };
    let history = [authorised(1, at(13, 0, 0)), cancelled.clone()];
    let cancel = || Command::CancelEarlyLeave { leave_id: id(0x7001) };
    given(&history[..1]).when(cancel()).then(&[cancelled]);
    given(&history).when(cancel()).then_nothing();
    given(&history).when(record(1, at(13, 5, 0), Some(MAY))).then_error(LeaveError::Cancelled.into());
    given(&[]).when(cancel()).then_error(LeaveError::Unknown.into());
    let gone = [authorised(1, at(13, 0, 0)), recorded(1, at(13, 5, 0), false)];
    given(&gone).when(cancel()).then_error(LeaveError::Recorded.into());
}

#[test]
fn it_is_of_an_enrolled_pupils_own_day_and_nobody_goes_before_it_was_authorised() {
    let with = |bounds| Command::AuthoriseEarlyLeave { leave: leave(1, at(13, 0, 0)), rights: Some(MAY), bounds };
    given(&[]).when(with(Bounds { enrolled: false, ..bounds() })).then_error(Error::NotEnrolled);
    given(&[]).when(with(Bounds { now: at(12, 0, 0), ..bounds() })).then_error(Error::InTheFuture);
    let history = [authorised(1, at(13, 0, 0))];
    given(&history).when(record(1, at(12, 59, 59), Some(MAY))).then_error(LeaveError::BeforeAuthorised.into());
}

#[test]
fn d22_half_past_nine_in_the_evening_is_an_exit_of_the_schools_own_day() {
    // 21:30 in Santiago is 00:30 of the next day in UTC.
    let evening = at(0, 30, 0) + TimeDelta::days(1);
    let bounds = Bounds { now: evening, ..bounds() };
    let command = Command::AuthoriseEarlyLeave { leave: leave(1, evening), rights: Some(MAY), bounds };
    given(&[]).when(command).then(&[authorised(1, evening)]);
    let tomorrow = Bounds { date: date().succ_opt().unwrap(), ..bounds };
    let command = Command::AuthoriseEarlyLeave { leave: leave(1, evening), rights: Some(MAY), bounds: tomorrow };
    given(&[]).when(command).then_error(Error::AnotherDay);
    let gone = Command::RecordEarlyLeave { leave_id: id(0x7001), occurred_at: evening, rights: Some(MAY), bounds };
    given(&[authorised(1, evening)]).when(gone).then(&[recorded(1, evening, false)]);
}

#[test]
fn the_exit_is_one_passage_with_the_cards_in_whatever_order_they_come() {
    let (came, out) = (scan(1, Entry, at(10, 58, 0)), scan(2, Exit, at(13, 4, 0)));
    let card = |scan: &crate::attendance_day::Scan| Event::ScanRecorded { scan: scan.clone() };
    let history = [card(&came), authorised(1, at(13, 0, 0)), card(&out)];
    given(&history).when(record(1, at(13, 5, 0), Some(MAY))).then(&[recorded(1, at(13, 5, 0), true)]);
    let history = [card(&came), authorised(1, at(13, 0, 0)), recorded(1, at(13, 5, 0), false)];
    let tap = Command::RecordScan { scan: out.clone(), flags: vec![], echo_seconds: 90 };
    let echo = Event::ScanFlagged { scan_id: out.scan_id, flags: vec![Flag::Echo] };
    given(&history).when(tap).then(&[card(&out), echo]);
}

#[test]
fn a_correction_takes_the_exit_out() {
    let change = Change { voids: Some(id(0x7001)), adds: None };
    let history = [
        authorised(1, at(13, 0, 0)),
        recorded(1, at(13, 5, 0), false),
        Event::CorrectionApproved { correction_id: id(0xa001), change, alone: true },
    ];
    let out = scan(2, Exit, at(13, 6, 0));
    let tap = Command::RecordScan { scan: out.clone(), flags: vec![], echo_seconds: 90 };
    let events = AttendanceDay::decide(&fold::<AttendanceDay>(&history), tap);
    let flagged = Event::ScanFlagged { scan_id: out.scan_id, flags: vec![Flag::ExitWithoutEntry] };
    assert_eq!(events.unwrap(), [Event::ScanRecorded { scan: out }, flagged]);
}

#[test]
fn every_event_of_an_early_leave_has_this_json() {
    insta::assert_json_snapshot!(samples()[6..10], @r#"
    [
      {
        "type": "early_leave_authorised",
        "leave_id": "018f0000-0000-7000-8000-000000007001",
        "guardian_id": "018f0000-0000-7000-8000-000000000051",
        "identity": "number_matched",
        "reason": "appointment",
        "occurred_at": "2026-11-23T14:10:00Z",
        "note": "v1:early_leave:note:reason:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA"
      },
      {
        "type": "early_leave_recorded",
        "leave_id": "018f0000-0000-7000-8000-000000007001",
        "reason": "appointment",
        "occurred_at": "2026-11-23T14:16:00Z",
        "repeats": false
      },
      {
        "type": "early_leave_cancelled",
        "leave_id": "018f0000-0000-7000-8000-000000007003"
      },
      {
        "type": "early_leave_blocked",
        "leave_id": "018f0000-0000-7000-8000-000000007002",
        "guardian_id": "018f0000-0000-7000-8000-000000000051",
        "identity": "number_matched",
        "reason": "appointment",
        "occurred_at": "2026-11-23T14:10:00Z",
        "note": null
      }
    ]
    "#);
}
