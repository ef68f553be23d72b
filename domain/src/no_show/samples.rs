//! One example of every event.

use super::{Event, Hold, Justification, Resolution, Retraction};
use crate::calendar::Reason;
use crate::expectation::Why;
use crate::sample_values::{at, id};

/// One example of every event, and of every end.
pub fn samples() -> Vec<Event> {
    let arrived = Resolution::Arrived { at: at(11, 41, 10) };
    let justified = Resolution::Justified { reason: Justification::Illness };
    let before = Retraction::EnteredBefore { at: at(10, 58, 30) };
    let suspended = Retraction::NotExpected { why: Why::NoClasses { reason: Reason::Weather } };
    vec![
        Event::Opened { course_id: id(0x21), due_at: at(11, 15, 0) },
        Event::Held { reason: Hold::GateSilent },
        Event::NoticeRequested { step: 1 },
        Event::Acknowledged,
        Event::Resolved { resolution: arrived },
        Event::Resolved { resolution: justified },
        Event::Retracted { retraction: before },
        Event::Retracted { retraction: suspended },
        Event::Retracted { retraction: Retraction::NotDue },
        Event::Retracted { retraction: Retraction::LeftEarly { at: at(14, 16, 0) } },
    ]
}
