//! One example of every event.

use super::{Event, QuarantinedScan, Reason};
use crate::attendance_day::{Direction, Method, Shown};
use crate::sample_values::{at, date, id, sealed};
use crate::sealed::SealingClass;

/// One example of every event; two of an arrival, with and without readable values.
pub fn samples() -> Vec<Event> {
    let unknown = QuarantinedScan {
        scan_id: id(0x5000 + 21),
        kiosk_id: id(0x41),
        queue_id: id(0x42),
        seq: 21,
        read: sealed("received", "read", SealingClass::Evidence),
        direction: Some(Direction::Entry),
        method: Some(Method::Qr),
        occurred_at: at(11, 2, 40),
        device_time: Some(at(11, 2, 41)),
        shown: Some(Shown::Unknown),
    };
    let unreadable = QuarantinedScan {
        scan_id: id(0x5000 + 22),
        seq: 0,
        direction: None,
        method: None,
        occurred_at: at(11, 3, 0),
        device_time: None,
        shown: None,
        ..unknown.clone()
    };
    vec![
        Event::Received { scan: unknown, reasons: vec![Reason::UnknownCredential] },
        Event::Received { scan: unreadable, reasons: vec![Reason::Malformed] },
        Event::Assigned { student_id: id(0x31), local_date: date() },
        Event::Dismissed,
    ]
}
