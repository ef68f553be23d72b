use super::super::{AttendanceDay, Command, Flag, Scan, samples};
use super::*;
use crate::aggregate::spec;
use crate::ids::AccountId;
use crate::sample_values::{at, date, id, scan};
use Direction::{Entry, Exit};
use chrono_tz::America::Santiago;

fn given(history: &[Event]) -> spec::Given<AttendanceDay> {
    spec::given(history)
}
fn bounds() -> Bounds {
    Bounds { date: date(), zone: Santiago, enrolled: true, now: at(18, 0, 0), echo_seconds: 90 }
}
fn scanned(scan: &Scan) -> Event {
    Event::ScanRecorded { scan: scan.clone() }
}
/// The first scan came at another time.
fn retimes(n: u64) -> Correction {
    let adds = Some(Added { direction: Entry, occurred_at: at(10, 40, 0) });
    let change = Change { voids: Some(id(0x5001)), adds };
    Correction { correction_id: id(0xa000 + n), change, reason: CorrectionReason::WrongTime, note: None }
}
fn request(correction: Correction, alone: bool) -> Command {
    Command::RequestCorrection { correction, alone, bounds: bounds() }
}
fn requested(n: u64) -> Event {
    Event::CorrectionRequested { correction: retimes(n) }
}
fn approved(n: u64, alone: bool) -> Event {
    Event::CorrectionApproved { correction_id: id(0xa000 + n), change: retimes(n).change, alone }
}
fn person(n: u64) -> Actor {
    Actor::user(id::<AccountId>(0x70 + n))
}
/// Person 1 asked for it.
fn approval(by: u64, corrects: bool) -> Approval {
    Approval { correction_id: id(0xa001), author: person(1), by: person(by), corrects }
}
fn approve(by: u64, corrects: bool) -> Command {
    Command::ApproveCorrection(approval(by, corrects))
}

#[test]
fn one_person_asks_and_another_with_the_right_approves() {
    let came = scanned(&scan(1, Entry, at(10, 58, 0)));
    given(std::slice::from_ref(&came)).when(request(retimes(1), false)).then(&[requested(1)]);
    let waits = [came, requested(1)];
    given(&waits).when(request(retimes(1), false)).then_nothing();
    given(&waits).when(approve(2, false)).then_error(CorrectionError::MayNotApprove.into());
    given(&waits).when(approve(2, true)).then(&[approved(1, false)]);
    let [came, asked] = waits;
    given(&[came, asked, approved(1, false)]).when(approve(3, true)).then_nothing();
}

#[test]
fn whoever_has_the_right_needs_no_second_person_and_the_event_says_so() {
    let came = scanned(&scan(1, Entry, at(10, 58, 0)));
    given(std::slice::from_ref(&came)).when(request(retimes(1), true)).then(&[requested(1), approved(1, true)]);
    // Asked for as an inspector, approved as the director whom the same person is by now.
    given(&[came, requested(1)]).when(approve(1, true)).then(&[approved(1, true)]);
}

#[test]
fn who_asked_takes_it_back_and_another_needs_the_right() {
    let waits = [scanned(&scan(1, Entry, at(10, 58, 0))), requested(1)];
    let rejected = Event::CorrectionRejected { correction_id: id(0xa001) };
    let reject = |by, corrects| Command::RejectCorrection(approval(by, corrects));
    given(&waits).when(reject(1, false)).then(std::slice::from_ref(&rejected));
    given(&waits).when(reject(2, true)).then(std::slice::from_ref(&rejected));
    given(&waits).when(reject(2, false)).then_error(CorrectionError::MayNotApprove.into());
    let [came, asked] = waits;
    let after = [came, asked, rejected];
    given(&after).when(reject(2, true)).then_nothing();
    given(&after).when(approve(2, true)).then_error(CorrectionError::Decided.into());
}

#[test]
fn only_a_passage_that_counts_is_taken_out_when_it_is_asked_and_when_it_is_approved() {
    given(&[]).when(request(retimes(1), false)).then_error(CorrectionError::UnknownPassage.into());
    let came = scanned(&scan(1, Entry, at(10, 58, 0)));
    let both = [came.clone(), requested(1), requested(2), approved(2, false)];
    given(&both).when(approve(2, true)).then_error(CorrectionError::UnknownPassage.into());
    let empty = Correction { change: Change { voids: None, adds: None }, ..retimes(1) };
    given(&[came]).when(request(empty, true)).then_error(CorrectionError::Empty.into());
}

#[test]
fn what_is_added_is_of_the_day_of_an_enrolled_pupil() {
    let adds = |occurred_at| Change { voids: None, adds: Some(Added { direction: Entry, occurred_at }) };
    let at_night = Correction { change: adds(at(5, 0, 0)), ..retimes(1) };
    given(&[]).when(request(at_night, true)).then_error(Error::BeforeTheDay);
    let ahead = Correction { change: adds(at(18, 3, 0)), ..retimes(1) };
    given(&[]).when(request(ahead, true)).then_error(Error::InTheFuture);
    let command = Command::RequestCorrection {
        correction: Correction { change: adds(at(11, 0, 0)), ..retimes(1) },
        alone: true,
        bounds: Bounds { enrolled: false, ..bounds() },
    };
    given(&[]).when(command).then_error(Error::NotEnrolled);
}

#[test]
fn later_scans_are_judged_by_what_counts_and_a_scan_taken_out_is_not_recorded_again() {
    let first = scan(1, Entry, at(10, 58, 0));
    let history = [scanned(&first), requested(1), approved(1, false)];
    let record = |scan: &Scan| Command::RecordScan { scan: scan.clone(), flags: vec![], echo_seconds: 90 };
    given(&history).when(record(&first)).then_nothing();
    // An echo of what was added at 10:40, and no echo of what was taken out.
    let near = scan(2, Entry, at(10, 45, 0));
    let echo = Event::ScanFlagged { scan_id: near.scan_id, flags: vec![Flag::Echo] };
    given(&history).when(record(&near)).then(&[scanned(&near), echo]);
    let out = scan(3, Exit, at(10, 59, 0));
    given(&history).when(record(&out)).then(&[scanned(&out)]);
}

#[test]
fn every_event_of_a_correction_has_this_json() {
    insta::assert_json_snapshot!(samples()[14..18], @r#"
    [
      {
        "type": "correction_requested",
        "correction_id": "018f0000-0000-7000-8000-00000000a001",
        "voids": "018f0000-0000-7000-8000-000000005011",
        "adds": {
          "direction": "entry",
          "occurred_at": "2026-11-23T10:40:00Z"
        },
        "reason": "wrong_time",
        "note": null
      },
      {
        "type": "correction_requested",
        "correction_id": "018f0000-0000-7000-8000-00000000a002",
        "voids": "018f0000-0000-7000-8000-000000005011",
        "adds": null,
        "reason": "other_pupil",
        "note": "v1:correction_requested:note:reason:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA"
      },
      {
        "type": "correction_approved",
        "correction_id": "018f0000-0000-7000-8000-00000000a001",
        "voids": "018f0000-0000-7000-8000-000000005011",
        "adds": {
          "direction": "entry",
          "occurred_at": "2026-11-23T10:40:00Z"
        },
        "alone": false
      },
      {
        "type": "correction_rejected",
        "correction_id": "018f0000-0000-7000-8000-00000000a002"
      }
    ]
    "#);
}
