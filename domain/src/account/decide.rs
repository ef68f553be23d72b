//! What may be asked of an account in a school, and what follows.

use super::{AccountFact, Credential, Event, LinkPurpose, Member, SessionEnd, StaffRole, State};
use crate::sealed::Sealed;
use std::collections::BTreeSet;

/// What may be asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Make a member with a role; of a member, grant the role.
    Invite {
        /// Name, sealed (`identity`, field `name`).
        name: Sealed,
        /// Mail address, sealed (`contact`, field `email`).
        email: Sealed,
        /// The role.
        role: StaffRole,
        /// Whether the account could sign in before.
        activated: bool,
    },
    /// Invite a person whom another school has, who is to answer; of a member, grant the role.
    Offer {
        /// The role.
        role: StaffRole,
    },
    /// The person, signed in, accepts what was offered.
    Accept,
    /// The person declines it.
    Decline,
    /// Take it back.
    Withdraw,
    /// Tell that a one-time link was made.
    IssueLink {
        /// What for.
        purpose: LinkPurpose,
    },
    /// The account can sign in from now on.
    Activate,
    /// Give a role.
    Grant {
        /// The role.
        role: StaffRole,
    },
    /// Take a role back.
    Revoke {
        /// The role.
        role: StaffRole,
        /// Whether the school has another administrator who can sign in.
        other_admin: bool,
    },
    /// Keep the person out of this school.
    Disable {
        /// Whether the school has another administrator who can sign in.
        other_admin: bool,
    },
    /// Let the person in again.
    Enable,
    /// End all that is open: sessions and programs.
    EndSessions,
    /// A password, second factor or passkey was set anew.
    ChangeCredential {
        /// Which.
        credential: Credential,
    },
    /// A second factor or passkey was taken away.
    RemoveCredential {
        /// Which.
        credential: Credential,
    },
    /// Note what happened.
    Note(AccountFact),
    /// Tell that the keys of name and address are destroyed, of whoever is disabled.
    Erase,
}

/// Why a command to an account is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Never invited to this school.
    #[error("the person is not a member of the school")]
    NotMember,
    /// Invited, and has not answered yet.
    #[error("the person has not accepted the invitation yet")]
    Pending,
    /// The school keeps the person out.
    #[error("the person is disabled in this school")]
    Disabled,
    /// Accepted already: a membership is not declined.
    #[error("the person is a member of the school already")]
    AlreadyMember,
    /// Nobody would be left who can administer the school.
    #[error("the school's last administrator")]
    LastAdmin,
    /// The account has a password already, or none yet.
    #[error("the link is for another state of the account")]
    WrongPurpose,
    /// The school lets the person in still.
    #[error("the person is not disabled in every school")]
    NotDisabled,
    /// Name and address are destroyed.
    #[error("the account is erased")]
    Erased,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match (state, command) {
        (State::Erased, Command::Erase) => Ok(vec![]),
        (State::Erased, _) => Err(Error::Erased),
        (State::NotMember, Command::Invite { name, email, role, activated }) => {
            let activated = activated.then_some(Event::Activated);
            let invited = Event::Invited { name, email };
            Ok([Some(invited), activated, Some(Event::RoleGranted { role })].into_iter().flatten().collect())
        }
        (State::NotMember, Command::Offer { role }) => Ok(vec![Event::MembershipOffered { role }]),
        (State::NotMember, _) => Err(Error::NotMember),
        (State::Offered(roles), command) => of_offered(roles, command),
        (State::Member(member), command) => of_member(member, command),
    }
}

fn of_offered(roles: &BTreeSet<StaffRole>, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        // By whoever may add the person without asking.
        command @ Command::Invite { .. } => decide(&State::NotMember, command),
        Command::Offer { role } if roles.contains(&role) => Ok(vec![]),
        Command::Offer { role } => Ok(vec![Event::MembershipOffered { role }]),
        Command::Accept => Ok(vec![Event::MembershipAccepted]),
        Command::Decline => Ok(vec![Event::MembershipDeclined]),
        Command::Withdraw => Ok(vec![Event::MembershipWithdrawn]),
        // To the mailbox of whoever never chose a password: without one nobody can accept.
        Command::IssueLink { purpose: purpose @ LinkPurpose::Activate } => Ok(vec![Event::LinkIssued { purpose }]),
        Command::IssueLink { purpose: LinkPurpose::Reset }
        | Command::Activate
        | Command::Grant { .. }
        | Command::Revoke { .. }
        | Command::Disable { .. }
        | Command::Enable
        | Command::EndSessions
        | Command::ChangeCredential { .. }
        | Command::RemoveCredential { .. }
        | Command::Note(_)
        | Command::Erase => Err(Error::Pending),
    }
}

fn of_member(member: &Member, command: Command) -> Result<Vec<Event>, Error> {
    let once = |happened: bool, event: Event| if happened { vec![] } else { vec![event] };
    match command {
        Command::Invite { role, .. } | Command::Offer { role } | Command::Grant { role } => {
            if member.disabled {
                return Err(Error::Disabled);
            }
            Ok(once(member.roles.contains(&role), Event::RoleGranted { role }))
        }
        // It was accepted: a second time is the same.
        Command::Accept => Ok(vec![]),
        Command::Decline | Command::Withdraw => Err(Error::AlreadyMember),
        Command::IssueLink { purpose } => match (purpose, member.activated) {
            _ if member.disabled => Err(Error::Disabled),
            (LinkPurpose::Activate, false) | (LinkPurpose::Reset, true) => Ok(vec![Event::LinkIssued { purpose }]),
            (LinkPurpose::Activate, true) | (LinkPurpose::Reset, false) => Err(Error::WrongPurpose),
        },
        Command::Activate => Ok(once(member.activated, Event::Activated)),
        Command::Revoke { role, other_admin } => {
            if role == StaffRole::Admin && member.administers() && !other_admin {
                return Err(Error::LastAdmin);
            }
            Ok(once(!member.roles.contains(&role), Event::RoleRevoked { role }))
        }
        Command::Disable { other_admin } => {
            if member.administers() && !other_admin {
                return Err(Error::LastAdmin);
            }
            Ok(once(member.disabled, Event::Disabled))
        }
        Command::Enable => Ok(once(!member.disabled, Event::Enabled)),
        Command::EndSessions => Ok(vec![Event::SessionEnded { reason: SessionEnd::EndedBySchool }]),
        Command::ChangeCredential { credential } => Ok(vec![Event::CredentialChanged { credential }]),
        Command::RemoveCredential { credential } => Ok(vec![Event::CredentialRemoved { credential }]),
        Command::Note(fact) => Ok(vec![match fact {
            AccountFact::SignedIn(method) => Event::SignedIn { method },
            AccountFact::SessionEnded(reason) => Event::SessionEnded { reason },
            AccountFact::Throttled => Event::Throttled,
            AccountFact::RefreshReused => Event::RefreshReuseDetected,
            AccountFact::PasskeyCopied => Event::PasskeyCopySuspected,
        }]),
        Command::Erase if !member.disabled => Err(Error::NotDisabled),
        Command::Erase => Ok(vec![Event::Erased]),
    }
}

impl Member {
    /// Whether the school can be administered by this person today. One who never activated an invitation,
    /// to a mistyped address perhaps, cannot, and may always be revoked.
    pub fn administers(&self) -> bool {
        self.activated && !self.disabled && self.roles.contains(&StaffRole::Admin)
    }
}
