//! A person of the staff in one school: what this school gave the person to do, and how they came in.
//!
//! The account itself (who it is, and how it proves that) belongs to the installation and may be a member
//! of several schools; each has a stream of its own about it. No event holds a secret.
//!
//! Invariants: nobody has a role who was not invited; whom another school has, nobody becomes a member of this one
//! without accepting it (or by whoever runs both); a school's last administrator is neither revoked nor disabled;
//! nothing follows `erased`.

mod decide;
mod samples;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::sealed::Sealed;
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a person may be in a school; several at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StaffRole {
    /// Runs the school's installation: people, kiosks, settings.
    Admin,
    /// Leads the school.
    Director,
    /// Looks after the gate (inspector or inspectora).
    Inspector,
    /// Reads what was done, without names.
    Auditor,
    /// Owns a network of schools: granted in each of them.
    Owner,
}

impl StaffRole {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Director, Self::Inspector, Self::Auditor, Self::Owner];

    /// The name in events, tables and at the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Director => "DIRECTOR",
            Self::Inspector => "INSPECTOR",
            Self::Auditor => "AUDITOR",
            Self::Owner => "OWNER",
        }
    }
}

impl fmt::Display for StaffRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role is ADMIN, DIRECTOR, INSPECTOR, AUDITOR or OWNER")]
pub struct UnknownRole;

impl std::str::FromStr for StaffRole {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// What a one-time link is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To choose the first password.
    Activate,
    /// To choose another one.
    Reset,
}

impl LinkPurpose {
    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Reset => "reset",
        }
    }
}

/// By what a person proves who they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A password.
    Password,
    /// Codes of an authenticator app (RFC 6238), a second factor.
    Totp,
    /// A key pair on a device that asks for its person's finger, face or PIN (WebAuthn).
    Passkey,
}

/// How somebody signed in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With the password alone.
    Password,
    /// With the password and a code.
    PasswordAndTotp,
    /// With the password and a passkey.
    PasswordAndPasskey,
    /// With a passkey alone.
    Passkey,
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person signed out.
    SignedOut,
    /// The person ended it from another one.
    EndedByPerson,
    /// Somebody who runs the school ended all of the person's.
    EndedBySchool,
    /// Nothing was done in it for too long.
    Idle,
    /// It had lasted as long as one may.
    Expired,
    /// A password, second factor or passkey changed.
    CredentialChanged,
    /// Roles changed, or the account was disabled.
    AccessChanged,
    /// Another one took its place.
    Replaced,
}

/// What happened to an account without changing what it may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountFact {
    /// Signed in.
    SignedIn(SignInMethod),
    /// A session ended.
    SessionEnded(SessionEnd),
    /// Attempts to sign in were slowed down.
    Throttled,
    /// A program's refresh token came a second time.
    RefreshReused,
    /// A passkey's counter went back.
    PasskeyCopied,
}

/// A member of a school.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// Whether the account can sign in: somebody chose a password.
    pub activated: bool,
    /// What was granted, whether disabled or not.
    pub roles: BTreeSet<StaffRole>,
    /// Whether this school keeps the person out.
    pub disabled: bool,
}

/// Where an account stands in one school.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never invited here.
    #[default]
    NotMember,
    /// Another school has the person, who has not answered this one yet: the roles that it offers. They give nothing.
    Offered(BTreeSet<StaffRole>),
    /// Invited.
    Member(Member),
    /// The keys of name and address are destroyed.
    Erased,
}

/// What can have happened to an account in a school.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// Became a member.
    #[serde(rename = "invited")]
    Invited {
        /// The person's name, sealed under the account's own key (`identity`, field `name`).
        name: Sealed,
        /// Mail address, sealed (`contact`, field `email`).
        email: Sealed,
    },
    /// A person whom another school has was invited: nothing counts until the person accepts.
    #[serde(rename = "membership_offered")]
    MembershipOffered {
        /// With which role.
        role: StaffRole,
    },
    /// The person accepted all that was offered.
    #[serde(rename = "membership_accepted")]
    MembershipAccepted,
    /// The person declined it.
    #[serde(rename = "membership_declined")]
    MembershipDeclined,
    /// It was taken back before the person answered.
    #[serde(rename = "membership_withdrawn")]
    MembershipWithdrawn,
    /// A one-time link was made.
    #[serde(rename = "link_issued")]
    LinkIssued {
        /// What for.
        purpose: LinkPurpose,
    },
    /// The account can sign in.
    #[serde(rename = "activated")]
    Activated,
    /// A role was given.
    #[serde(rename = "role_granted")]
    RoleGranted {
        /// Which.
        role: StaffRole,
    },
    /// A role was taken back.
    #[serde(rename = "role_revoked")]
    RoleRevoked {
        /// Which.
        role: StaffRole,
    },
    /// The school keeps the person out.
    #[serde(rename = "disabled")]
    Disabled,
    /// The school lets the person in again, with the roles as they were.
    #[serde(rename = "enabled")]
    Enabled,
    /// A password, second factor or passkey was set anew.
    #[serde(rename = "credential_changed")]
    CredentialChanged {
        /// Which.
        credential: Credential,
    },
    /// A second factor or passkey was taken away.
    #[serde(rename = "credential_removed")]
    CredentialRemoved {
        /// Which.
        credential: Credential,
    },
    /// Signed in.
    #[serde(rename = "signed_in")]
    SignedIn {
        /// How.
        method: SignInMethod,
    },
    /// A session ended.
    #[serde(rename = "session_ended")]
    SessionEnded {
        /// Why.
        reason: SessionEnd,
    },
    /// Attempts to sign in were slowed down.
    #[serde(rename = "throttled")]
    Throttled,
    /// A program's refresh token came a second time: somebody has a copy. All its tokens are void.
    #[serde(rename = "refresh_reuse_detected")]
    RefreshReuseDetected,
    /// A passkey counted less than it had before: there may be a copy of it. Nobody came in.
    #[serde(rename = "passkey_copy_suspected")]
    PasskeyCopySuspected,
    /// The keys of name and address were destroyed.
    #[serde(rename = "erased")]
    Erased,
}

crate::event::domain_event! {
    Event of "account" {
        Invited = "invited": "A person of the staff became a member of the school; the account may have been there before.";
        MembershipOffered = "membership_offered": "A person whom another school has was invited with a role; it counts once the person accepts.";
        MembershipAccepted = "membership_accepted": "The person accepted the invitation of this school and is a member with the roles that were offered.";
        MembershipDeclined = "membership_declined": "The person declined the invitation of this school.";
        MembershipWithdrawn = "membership_withdrawn": "An invitation that the person had not answered was taken back: by the school, because the account was erased, or because its password was chosen by a link that another school was shown.";
        LinkIssued = "link_issued": "A link was made by which a password can be chosen once, for the first time or anew.";
        Activated = "activated": "The account can sign in: a password was chosen by the link, or had been before this school invited it.";
        RoleGranted = "role_granted": "A role in the school was given to a member.";
        RoleRevoked = "role_revoked": "A role in the school was taken back from a member.";
        Disabled = "disabled": "The school keeps a member out; the roles count again when it is enabled.";
        Enabled = "enabled": "The school lets a member in again, with the roles as they were.";
        CredentialChanged = "credential_changed": "A member's password was set anew, or a second factor or passkey was added.";
        CredentialRemoved = "credential_removed": "A second factor or passkey of a member was taken away.";
        SignedIn = "signed_in": "A member came in: signed in with what the account proves itself by.";
        SessionEnded = "session_ended": "A session of a member ended, by the member or by a rule.";
        Throttled = "throttled": "Attempts to sign in as a member were slowed down: there were too many.";
        RefreshReuseDetected = "refresh_reuse_detected": "A refresh token of a program that acts for a member came a second time: somebody has a copy of it. All tokens of that program are void.";
        PasskeyCopySuspected = "passkey_copy_suspected": "A passkey of a member counted less than it had before: there may be a copy of it. Nobody came in by it.";
        Erased = "erased": "The keys of an account's name and address were destroyed: both read as erased.";
    }
}

impl Event {
    /// The events that change no state, of which there are many: whoever decides need not read them.
    pub const NOTES: [&'static str; 5] =
        ["signed_in", "session_ended", "throttled", "refresh_reuse_detected", "passkey_copy_suspected"];
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Account;

impl Aggregate for Account {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        let mut member = match (state, event) {
            (_, Event::Erased) | (State::Erased, _) => return State::Erased,
            (State::NotMember | State::Offered(_), Event::Invited { .. }) => {
                Member { activated: false, roles: BTreeSet::new(), disabled: false }
            }
            (State::NotMember, Event::MembershipOffered { role }) => return State::Offered(BTreeSet::from([*role])),
            (State::NotMember, _) => return State::NotMember,
            (State::Offered(mut roles), Event::MembershipOffered { role }) => {
                roles.insert(*role);
                return State::Offered(roles);
            }
            // Whoever accepts is signed in.
            (State::Offered(roles), Event::MembershipAccepted) => Member { activated: true, roles, disabled: false },
            (State::Offered(_), Event::MembershipDeclined | Event::MembershipWithdrawn) => return State::NotMember,
            (State::Offered(roles), _) => return State::Offered(roles),
            (State::Member(member), _) => member,
        };
        match event {
            Event::Activated => member.activated = true,
            Event::RoleGranted { role } => {
                member.roles.insert(*role);
            }
            Event::RoleRevoked { role } => {
                member.roles.remove(role);
            }
            Event::Disabled => member.disabled = true,
            Event::Enabled => member.disabled = false,
            Event::Invited { .. }
            | Event::MembershipOffered { .. }
            | Event::MembershipAccepted
            | Event::MembershipDeclined
            | Event::MembershipWithdrawn
            | Event::LinkIssued { .. }
            | Event::CredentialChanged { .. }
            | Event::CredentialRemoved { .. }
            | Event::SignedIn { .. }
            | Event::SessionEnded { .. }
            | Event::Throttled
            | Event::RefreshReuseDetected
            | Event::PasskeyCopySuspected
            | Event::Erased => {}
        }
        State::Member(member)
    }
}
