use super::*;
use crate::aggregate::spec;
use crate::sample_values::{date, id};

fn given(history: &[Event]) -> spec::Given<Quarantine> {
    spec::given(history)
}
fn scan() -> QuarantinedScan {
    match samples().swap_remove(0) {
        Event::Received { scan, .. } => scan,
        Event::Assigned { .. } | Event::Dismissed => unreachable!("the first sample is an arrival"),
    }
}
fn received() -> Event {
    Event::Received { scan: scan(), reasons: vec![Reason::UnknownCredential, Reason::RevokedKiosk] }
}
fn receive(scan: QuarantinedScan) -> Command {
    Command::Receive { scan, reasons: vec![Reason::RevokedKiosk, Reason::UnknownCredential, Reason::RevokedKiosk] }
}
fn assign(student: u64) -> Command {
    Command::Assign { student_id: id(student), local_date: date() }
}
fn assigned() -> Event {
    Event::Assigned { student_id: id(7), local_date: date() }
}

#[test]
fn a_scan_is_not_assigned_to_a_day_that_no_school_can_mean() {
    let far = Command::Assign { student_id: id(7), local_date: chrono::NaiveDate::MAX };
    given(&[received()]).when(far).then_error(Error::Date(crate::values::school_date::NotASchoolDate));
}

#[test]
fn a_scan_is_received_once_with_its_reasons_sorted() {
    given(&[]).when(receive(scan())).then(&[received()]);
    // Sealed anew, its text differs; it is the same scan.
    let resealed = QuarantinedScan { read: Sealed("v1:other".into()), ..scan() };
    given(&[received()]).when(receive(resealed)).then_nothing();
    given(&[received(), Event::Dismissed]).when(receive(scan())).then_nothing();
    let other = QuarantinedScan { scan_id: id(99), ..scan() };
    given(&[received()]).when(receive(other)).then_error(Error::AnotherScan);
    given(&[]).when(Command::Receive { scan: scan(), reasons: vec![] }).then_error(Error::NoReason);
}

#[test]
fn a_scan_is_assigned_once() {
    given(&[received()]).when(assign(7)).then(&[assigned()]);
    given(&[received(), assigned()]).when(assign(7)).then_nothing();
    given(&[received(), assigned()]).when(assign(8)).then_error(Error::AlreadyAssigned);
    given(&[received(), Event::Dismissed]).when(assign(7)).then_error(Error::AlreadyDismissed);
    given(&[]).when(assign(7)).then_error(Error::NotReceived);
}

#[test]
fn a_scan_is_dismissed_once() {
    given(&[received()]).when(Command::Dismiss).then(&[Event::Dismissed]);
    given(&[received(), Event::Dismissed]).when(Command::Dismiss).then_nothing();
    given(&[received(), assigned()]).when(Command::Dismiss).then_error(Error::AlreadyAssigned);
    given(&[]).when(Command::Dismiss).then_error(Error::NotReceived);
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 4);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "received",
      "scan_id": "018f0000-0000-7000-8000-000000005015",
      "kiosk_id": "018f0000-0000-7000-8000-000000000041",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 21,
      "read": "v1:received:read:evidence:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "direction": "entry",
      "method": "qr",
      "occurred_at": "2026-11-23T11:02:40Z",
      "device_time": "2026-11-23T11:02:41Z",
      "shown": "unknown",
      "reasons": [
        "unknown_credential"
      ]
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "received",
      "scan_id": "018f0000-0000-7000-8000-000000005016",
      "kiosk_id": "018f0000-0000-7000-8000-000000000041",
      "queue_id": "018f0000-0000-7000-8000-000000000042",
      "seq": 0,
      "read": "v1:received:read:evidence:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "direction": null,
      "method": null,
      "occurred_at": "2026-11-23T11:03:00Z",
      "device_time": null,
      "shown": null,
      "reasons": [
        "malformed"
      ]
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "assigned",
      "student_id": "018f0000-0000-7000-8000-000000000031",
      "local_date": "2026-11-23"
    }
    "#);
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "dismissed"
    }
    "#);
}
