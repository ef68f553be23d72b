//! One example of every event.

use super::{Event, Reason};
use crate::sample_values::{at, id};

/// One example of every event, and of every reason.
pub fn samples() -> Vec<Event> {
    vec![
        Event::Started { reason: Reason::Drill, at: at(14, 30, 0) },
        Event::TurnedIntoEvacuation,
        Event::MarkedSafe { student_id: id(0x31), at: at(14, 33, 20) },
        Event::MarkWithdrawn { student_id: id(0x31), at: at(14, 33, 25) },
        Event::Ended,
        Event::Started { reason: Reason::Evacuation, at: at(15, 10, 0) },
    ]
}
