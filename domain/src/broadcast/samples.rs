//! One example of every event.

use super::{Audience, Draft, Event, Role, Whom};
use crate::sample_values::{at, id, sealed};
use crate::sealed::SealingClass;

/// One example of every event.
pub fn samples() -> Vec<Event> {
    let of = |field| sealed("drafted", field, SealingClass::Reason);
    let draft = |whom, role| Draft {
        subject: of("subject"),
        text: of("text"),
        audience: Audience { whom, role },
        whatsapp: false,
        send_at: None,
    };
    let later = Draft { whatsapp: true, send_at: Some(at(20, 0, 0)), ..draft(Whom::School, Role::Told) };
    vec![
        Event::Drafted { draft: later },
        Event::Drafted { draft: draft(Whom::Levels { levels: vec!["1° Básico".into()] }, Role::Legal) },
        Event::Drafted { draft: draft(Whom::Courses { courses: vec![id(0x21)] }, Role::Told) },
        Event::Drafted { draft: draft(Whom::Pupils { students: vec![id(0x31)] }, Role::Collect) },
        Event::Approved { people: 40 },
        Event::Started { people: 41 },
        Event::Cancelled,
        Event::Completed,
    ]
}
