//! One example of every event.

use super::{Credential, Event, LinkPurpose, SessionEnd, SignInMethod, StaffRole};
use crate::sample_values::sealed;
use crate::sealed::SealingClass::{Contact, Identity};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    vec![
        Event::Invited {
            name: sealed("account.invited", "name", Identity),
            email: sealed("account.invited", "email", Contact),
        },
        Event::MembershipOffered { role: StaffRole::Inspector },
        Event::MembershipAccepted,
        Event::MembershipDeclined,
        Event::MembershipWithdrawn,
        Event::RoleGranted { role: StaffRole::Inspector },
        Event::LinkIssued { purpose: LinkPurpose::Activate },
        Event::Activated,
        Event::CredentialChanged { credential: Credential::Totp },
        Event::SignedIn { method: SignInMethod::PasswordAndTotp },
        Event::SessionEnded { reason: SessionEnd::SignedOut },
        Event::Throttled,
        Event::RefreshReuseDetected,
        Event::PasskeyCopySuspected,
        Event::CredentialRemoved { credential: Credential::Totp },
        Event::RoleRevoked { role: StaffRole::Inspector },
        Event::Disabled,
        Event::Enabled,
        Event::Erased,
    ]
}
