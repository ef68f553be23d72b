//! One example of every event.

use super::{Event, LaneMode};
use crate::sample_values::{at, id};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    vec![
        Event::Enrolled { gate: "Portón Norte".into(), mode: LaneMode::EntryLane },
        Event::ModeChanged { mode: LaneMode::Choice },
        Event::DrainedThrough { queue_id: id(0x42), seq: 412, through: at(11, 20, 0) },
        Event::Silent { last_seen: at(11, 20, 0) },
        Event::Returned,
        Event::GapDetected { queue_id: id(0x42), from: 413, to: 415 },
        Event::ForkDetected { queue_id: id(0x42), seq: 416, scan_id: id(0x5000 + 416) },
        Event::Revoked,
    ]
}
