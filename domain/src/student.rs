//! A pupil: enrolment, cards and the links to guardians. Names and RUN are sealed.
//!
//! Invariants: a credential once revoked stays revoked (a new one has a new id); nothing follows
//! `erased`; no date goes before the enrolment. Two sealed texts of the same value differ, so "the
//! same again" can only be seen here when the sealed texts are the same; comparing the plain values
//! is the caller's part.

mod decide;
mod samples;
mod stays;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::ids::{CourseId, CredentialId, GuardianId};
use crate::sealed::Sealed;
use chrono::NaiveDate;
pub use decide::{Command, Error};
pub use samples::samples;
use serde::{Deserialize, Serialize};
pub use stays::Stays;
use std::collections::BTreeMap;

/// What a guardian may do for a pupil. Five separate facts, never one "apoderado" flag
/// (see `docs/glossary.md`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GuardianRights {
    /// Legal representative.
    pub legal: bool,
    /// Receives notices.
    pub notify: bool,
    /// May collect the pupil.
    pub may_collect: bool,
    /// May see the pupil's record.
    pub may_view: bool,
    /// Barred by a court or protection order: wins over all others.
    pub restricted: bool,
}

/// What kind of card or tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Printed QR.
    Qr,
    /// NFC card or tag.
    Nfc,
}

/// Why a credential stopped being valid; coded, since free text collects health data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Lost or stolen.
    Lost,
    /// Broken.
    Damaged,
    /// Replaced by a new one.
    Replaced,
    /// The pupil left.
    Withdrawn,
}

/// Where a pupil stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum State {
    /// Never enrolled.
    #[default]
    NotEnrolled,
    /// Enrolled.
    Enrolled(Pupil),
    /// Left the school, or leaves on a day already known.
    Withdrawn {
        /// What is still known.
        pupil: Pupil,
        /// First local date on which the pupil is no longer expected.
        from: NaiveDate,
    },
    /// The keys are destroyed.
    Erased,
}

/// A pupil's facts.
#[derive(Clone, PartialEq, Debug)]
pub struct Pupil {
    /// First local date of the (last) enrolment.
    pub enrolled_from: NaiveDate,
    /// The course.
    pub course_id: CourseId,
    /// First local date in that course.
    pub course_from: NaiveDate,
    /// Given names, sealed.
    pub given_names: Sealed,
    /// Family names, sealed.
    pub family_names: Sealed,
    /// Identifier, sealed.
    pub national_id: Option<Sealed>,
    /// Every credential ever given.
    pub credentials: BTreeMap<CredentialId, Credential>,
    /// Every guardian ever linked; `None` once the link ended.
    pub guardians: BTreeMap<GuardianId, Option<GuardianRights>>,
}

/// A credential's facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credential {
    /// Its kind.
    pub kind: CredentialKind,
    /// Why it stopped being valid, if it did.
    pub revoked: Option<RevocationReason>,
}

impl State {
    /// The pupil's facts, also after the withdrawal.
    pub fn pupil(&self) -> Option<&Pupil> {
        match self {
            Self::NotEnrolled | Self::Erased => None,
            Self::Enrolled(pupil) | Self::Withdrawn { pupil, .. } => Some(pupil),
        }
    }

    /// By which of these guardians the pupil's record may be seen: the first of them who may view. They are one person
    /// as far as anybody knows (a father and a mother who share an address), so whoever of them is restricted keeps
    /// all of them out.
    pub fn may_be_seen_by(&self, guardians: &[GuardianId]) -> Option<GuardianId> {
        let links = || {
            let all = self.pupil().map(|pupil| &pupil.guardians);
            guardians.iter().filter_map(move |guardian| Some((*guardian, all.and_then(|all| *all.get(guardian)?)?)))
        };
        let barred = links().any(|(_, rights)| rights.restricted);
        links().find(|(_, rights)| rights.may_view && !barred).map(|(guardian, _)| guardian)
    }

    fn change(mut self, change: impl FnOnce(&mut Pupil)) -> Self {
        match &mut self {
            Self::NotEnrolled | Self::Erased => {}
            Self::Enrolled(pupil) | Self::Withdrawn { pupil, .. } => change(pupil),
        }
        self
    }
}

/// What can have happened to a pupil.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// Enrolled in a course.
    #[serde(rename = "enrolled")]
    Enrolled {
        /// The course.
        course_id: CourseId,
        /// First local date of the enrolment.
        from: NaiveDate,
        /// Given names, sealed (`identity`, field `given_names`).
        given_names: Sealed,
        /// Family names, sealed (`identity`, field `family_names`).
        family_names: Sealed,
        /// RUN, IPE or passport in normal form, sealed (`identity`, field `national_id`).
        national_id: Option<Sealed>,
    },
    /// Moved to another course.
    #[serde(rename = "moved")]
    Moved {
        /// The new course.
        course_id: CourseId,
        /// First local date in it.
        from: NaiveDate,
    },
    /// Names or identifier corrected; all fields, not a difference.
    #[serde(rename = "details_changed")]
    DetailsChanged {
        /// Given names, sealed.
        given_names: Sealed,
        /// Family names, sealed.
        family_names: Sealed,
        /// RUN, IPE or passport in normal form, sealed.
        national_id: Option<Sealed>,
    },
    /// Left the school.
    #[serde(rename = "withdrawn")]
    Withdrawn {
        /// First local date on which the pupil is no longer expected.
        from: NaiveDate,
    },
    /// A card or tag was given.
    #[serde(rename = "credential_issued")]
    CredentialIssued {
        /// Its random id.
        credential_id: CredentialId,
        /// Its kind.
        kind: CredentialKind,
    },
    /// A card or tag stopped being valid.
    #[serde(rename = "credential_revoked")]
    CredentialRevoked {
        /// Its id.
        credential_id: CredentialId,
        /// Why.
        reason: RevocationReason,
    },
    /// A guardian was linked.
    #[serde(rename = "guardian_linked")]
    GuardianLinked {
        /// The guardian.
        guardian_id: GuardianId,
        /// What the guardian may do.
        rights: GuardianRights,
    },
    /// A link's rights were replaced.
    #[serde(rename = "guardian_link_changed")]
    GuardianLinkChanged {
        /// The guardian.
        guardian_id: GuardianId,
        /// What the guardian may do now.
        rights: GuardianRights,
    },
    /// A link was ended.
    #[serde(rename = "guardian_unlinked")]
    GuardianUnlinked {
        /// The guardian.
        guardian_id: GuardianId,
    },
    /// The keys of the pupil's personal data were destroyed.
    #[serde(rename = "erased")]
    Erased,
}

crate::event::domain_event! {
    Event of "student" {
        Enrolled = "enrolled": "A pupil was enrolled in a course, again perhaps, after a withdrawal.";
        Moved = "moved": "A pupil moved to another course from a date on.";
        DetailsChanged = "details_changed": "A pupil's names or identifier were corrected; all fields, not a difference.";
        Withdrawn = "withdrawn": "A pupil left the school and is not expected from that date on.";
        CredentialIssued = "credential_issued": "A pupil was given a card or tag.";
        CredentialRevoked = "credential_revoked": "A pupil's card or tag stopped being valid; it never becomes valid again.";
        GuardianLinked = "guardian_linked": "A guardian was linked to a pupil, with what the guardian may do.";
        GuardianLinkChanged = "guardian_link_changed": "What a linked guardian may do was replaced.";
        GuardianUnlinked = "guardian_unlinked": "A guardian's link to a pupil ended.";
        Erased = "erased": "The keys of a pupil's personal data were destroyed: every sealed value of the pupil reads as erased.";
    }
}

/// The aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Student;

impl Aggregate for Student {
    type State = State;
    type Command = Command;
    type Event = Event;
    type Error = Error;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
        decide::decide(state, command)
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Enrolled { course_id, from, given_names, family_names, national_id } => {
                let (credentials, guardians) = match state {
                    State::NotEnrolled | State::Erased => (BTreeMap::new(), BTreeMap::new()),
                    State::Enrolled(p) | State::Withdrawn { pupil: p, .. } => (p.credentials, p.guardians),
                };
                State::Enrolled(Pupil {
                    enrolled_from: *from,
                    course_id: *course_id,
                    course_from: *from,
                    given_names: given_names.clone(),
                    family_names: family_names.clone(),
                    national_id: national_id.clone(),
                    credentials,
                    guardians,
                })
            }
            Event::Moved { course_id, from } => state.change(|p| {
                p.course_id = *course_id;
                p.course_from = *from;
            }),
            Event::DetailsChanged { given_names, family_names, national_id } => state.change(|p| {
                p.given_names.clone_from(given_names);
                p.family_names.clone_from(family_names);
                p.national_id.clone_from(national_id);
            }),
            Event::Withdrawn { from } => match state {
                State::NotEnrolled => State::NotEnrolled,
                State::Enrolled(pupil) | State::Withdrawn { pupil, .. } => State::Withdrawn { pupil, from: *from },
                State::Erased => State::Erased,
            },
            Event::CredentialIssued { credential_id, kind } => state.change(|p| {
                p.credentials.insert(*credential_id, Credential { kind: *kind, revoked: None });
            }),
            Event::CredentialRevoked { credential_id, reason } => state.change(|p| {
                if let Some(credential) = p.credentials.get_mut(credential_id) {
                    credential.revoked = Some(*reason);
                }
            }),
            Event::GuardianLinked { guardian_id, rights } | Event::GuardianLinkChanged { guardian_id, rights } => state
                .change(|p| {
                    p.guardians.insert(*guardian_id, Some(*rights));
                }),
            Event::GuardianUnlinked { guardian_id } => state.change(|p| {
                p.guardians.insert(*guardian_id, None);
            }),
            Event::Erased => State::Erased,
        }
    }
}
