//! One example of every event.

use super::{Channel, Doubt, Event, Failure, Kind, Mode, Notice, Says, Suppression};
use crate::sample_values::{at, id};

/// One example of every event.
pub fn samples() -> Vec<Event> {
    let notice = Notice {
        cause_id: id(0x91),
        kind: Kind::NoEntry,
        says: Says::NoEntry,
        channel: Channel::Whatsapp,
        guardian_id: id(0x51),
        student_id: id(0x31),
        expires_at: at(12, 45, 0),
    };
    let correction = Notice {
        cause_id: id(0x92),
        kind: Kind::Correction,
        says: Says::Arrived,
        channel: Channel::Email,
        expires_at: at(23, 41, 0),
        ..notice
    };
    let entered = Notice { kind: Kind::Entry, says: Says::Entered, ..correction };
    vec![
        Event::Requested { notice },
        Event::Requested { notice: entered },
        Event::Requested { notice: correction },
        Event::Accepted { attempt: 1, mode: Mode::Live },
        Event::Delivered,
        Event::Read,
        Event::Failed { reason: Failure::Recipient, code: Some(131_026) },
        Event::Unknown { reason: Doubt::NoAnswer },
        Event::Suppressed { reason: Suppression::NoRight },
    ]
}
