//! One example of every event.

use super::{
    Added, Change, Correction, CorrectionReason, Direction, Document, DocumentKind, EarlyLeave, Event, Flag,
    IdentityCheck, Justification, LeaveReason, ManualEntry, ManualReason, Rejection, Scan,
};
use crate::no_show;
use crate::sample_values::{at, id, scan, sealed};
use crate::sealed::SealingClass;

/// One example of every event, in the order of a day.
pub fn samples() -> Vec<Event> {
    [scans_and_by_hand(), leaves(), justifications(), corrections()].concat()
}

fn leaves() -> Vec<Event> {
    let leave = EarlyLeave {
        leave_id: id(0x7001),
        guardian_id: id(0x51),
        identity: IdentityCheck::NumberMatched,
        reason: LeaveReason::Appointment,
        occurred_at: at(14, 10, 0),
        note: Some(sealed("early_leave", "note", SealingClass::Reason)),
    };
    let barred = EarlyLeave { leave_id: id(0x7002), guardian_id: id(0x51), note: None, ..leave.clone() };
    let (leave_id, reason) = (leave.leave_id, leave.reason);
    vec![
        Event::EarlyLeaveAuthorised { leave },
        Event::EarlyLeaveRecorded { leave_id, reason, occurred_at: at(14, 16, 0), repeats: false },
        Event::EarlyLeaveCancelled { leave_id: id(0x7003) },
        Event::EarlyLeaveBlocked { leave: barred },
    ]
}

fn justifications() -> Vec<Event> {
    let justification = Justification {
        justification_id: id(0x8001),
        reason: no_show::Justification::Illness,
        guardian_id: Some(id(0x51)),
        note: Some(sealed("justification_submitted", "note", SealingClass::Reason)),
        document: Some(Document { document_id: id(0x9001), kind: DocumentKind::Pdf, bytes: 184_320 }),
    };
    let by_staff = Justification {
        justification_id: id(0x8002),
        guardian_id: None,
        note: None,
        document: None,
        ..justification.clone()
    };
    vec![
        Event::JustificationSubmitted { justification },
        Event::JustificationSubmitted { justification: by_staff },
        Event::JustificationAccepted { justification_id: id(0x8001), reason: no_show::Justification::Illness },
        Event::JustificationRejected { justification_id: id(0x8002), why: Rejection::NoDocument },
    ]
}

fn corrections() -> Vec<Event> {
    let change = Change {
        voids: Some(id(0x5011)),
        adds: Some(Added { direction: Direction::Entry, occurred_at: at(10, 40, 0) }),
    };
    let correction = Correction { correction_id: id(0xa001), change, reason: CorrectionReason::WrongTime, note: None };
    let voids = Change { adds: None, ..change };
    let noted = Correction {
        correction_id: id(0xa002),
        change: voids,
        reason: CorrectionReason::OtherPupil,
        note: Some(sealed("correction_requested", "note", SealingClass::Reason)),
    };
    vec![
        Event::CorrectionRequested { correction },
        Event::CorrectionRequested { correction: noted },
        Event::CorrectionApproved { correction_id: id(0xa001), change, alone: false },
        Event::CorrectionRejected { correction_id: id(0xa002) },
    ]
}

fn scans_and_by_hand() -> Vec<Event> {
    let first = scan(17, Direction::Entry, at(10, 58, 3));
    let hashed = Scan {
        prev_hash: Some("4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358".into()),
        ..scan(18, Direction::Entry, at(10, 58, 20))
    };
    let by_hand = ManualEntry {
        entry_id: id(0x6001),
        direction: Direction::Entry,
        occurred_at: at(11, 4, 0),
        reason: ManualReason::ForgotCard,
        note: None,
    };
    let noted = ManualEntry {
        entry_id: id(0x6002),
        occurred_at: at(11, 40, 0),
        reason: ManualReason::Other,
        note: Some(sealed("manual_entry_recorded", "note", SealingClass::Reason)),
        ..by_hand.clone()
    };
    vec![
        Event::ScanRecorded { scan: first },
        Event::ScanRecorded { scan: hashed },
        Event::ScanFlagged { scan_id: id(0x5000 + 18), flags: vec![Flag::Echo] },
        Event::ManualEntryRecorded { entry: by_hand, repeats: true },
        Event::ManualEntryRecorded { entry: noted, repeats: false },
        Event::ManualEntryWithdrawn { entry_id: id(0x6002) },
    ]
}
