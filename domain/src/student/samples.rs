//! One example of every event.

use super::{CredentialKind, Event, GuardianRights, RevocationReason};
use crate::sample_values::{id, sealed};
use crate::sealed::SealingClass::Identity;
use chrono::NaiveDate;

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    let date = |m, d| NaiveDate::from_ymd_opt(2026, m, d).unwrap_or_default();
    let rights = GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
    vec![
        Event::Enrolled {
            course_id: id(0x21),
            from: date(3, 4),
            given_names: sealed("enrolled", "given_names", Identity),
            family_names: sealed("enrolled", "family_names", Identity),
            national_id: Some(sealed("enrolled", "national_id", Identity)),
        },
        Event::Moved { course_id: id(0x22), from: date(6, 1) },
        Event::DetailsChanged {
            given_names: sealed("details_changed", "given_names", Identity),
            family_names: sealed("details_changed", "family_names", Identity),
            national_id: None,
        },
        Event::CredentialIssued { credential_id: id(0x43), kind: CredentialKind::Qr },
        Event::CredentialRevoked { credential_id: id(0x43), reason: RevocationReason::Lost },
        Event::GuardianLinked { guardian_id: id(0x51), rights },
        Event::GuardianLinkChanged {
            guardian_id: id(0x51),
            rights: GuardianRights { notify: false, restricted: true, ..rights },
        },
        Event::GuardianUnlinked { guardian_id: id(0x51) },
        Event::Withdrawn { from: date(9, 14) },
        Event::Erased,
    ]
}
