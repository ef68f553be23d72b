//! One example of every event.

use super::Event;
use crate::sample_values::sealed;
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
        Event::Erased,
    ]
}
