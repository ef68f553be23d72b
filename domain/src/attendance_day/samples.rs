//! One example of every event.

use super::{Direction, Event, Flag, Scan};
use crate::sample_values::{at, id, scan};

/// One example of every event, in the order of a day.
pub fn samples() -> Vec<Event> {
    let first = scan(17, Direction::Entry, at(10, 58, 3));
    let hashed = Scan {
        prev_hash: Some("4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358".into()),
        ..scan(18, Direction::Entry, at(10, 58, 20))
    };
    vec![
        Event::ScanRecorded { scan: first },
        Event::ScanRecorded { scan: hashed },
        Event::ScanFlagged { scan_id: id(0x5000 + 18), flags: vec![Flag::Echo] },
    ]
}
