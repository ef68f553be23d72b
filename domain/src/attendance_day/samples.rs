//! One example of every event.

use super::{Direction, Event, Flag, ManualEntry, ManualReason, Scan};
use crate::sample_values::{at, id, scan, sealed};
use crate::sealed::SealingClass;

/// One example of every event, in the order of a day.
pub fn samples() -> Vec<Event> {
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
