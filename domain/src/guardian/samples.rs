//! One example of every event.

use super::Event;
use super::notices::{Language, Method, Want};
use crate::delivery::{Channel, Kind};
use crate::sample_values::{at, id, sealed};
use crate::sealed::SealingClass::{Contact, Identity};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    vec![
        Event::Registered {
            name: sealed("registered", "name", Identity),
            national_id: Some(sealed("registered", "national_id", Identity)),
            phone: Some(sealed("registered", "phone", Contact)),
            mail: None,
        },
        Event::ContactChanged {
            name: sealed("contact_changed", "name", Identity),
            national_id: Some(sealed("contact_changed", "national_id", Identity)),
            phone: Some(sealed("contact_changed", "phone", Contact)),
            mail: Some(sealed("contact_changed", "mail", Contact)),
        },
        Event::PreferencesSet {
            student_id: Some(id(0x31)),
            language: Some(Language::Es),
            wanted: vec![
                Want { kind: Kind::NoEntry, channels: vec![Channel::Whatsapp, Channel::Email] },
                Want { kind: Kind::Late, channels: vec![] },
            ],
        },
        Event::OptedOut { channel: Channel::Whatsapp, kind: None, method: Method::Reply, said_at: at(12, 0, 0) },
        Event::OptedIn { channel: Channel::Whatsapp, kind: None, method: Method::Reply, said_at: at(13, 0, 0) },
        Event::Erased,
    ]
}
