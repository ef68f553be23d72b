//! A pupil: enrolment, cards and the links to guardians. Names and RUN are sealed.

use crate::ids::{CourseId, CredentialId, GuardianId};
use crate::sealed::Sealed;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

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

impl crate::event::DomainEvent for Event {
    const AGGREGATE: &'static str = "student";
    fn name(&self) -> &'static str {
        match self {
            Self::Enrolled { .. } => "enrolled",
            Self::Moved { .. } => "moved",
            Self::DetailsChanged { .. } => "details_changed",
            Self::Withdrawn { .. } => "withdrawn",
            Self::CredentialIssued { .. } => "credential_issued",
            Self::CredentialRevoked { .. } => "credential_revoked",
            Self::GuardianLinked { .. } => "guardian_linked",
            Self::GuardianLinkChanged { .. } => "guardian_link_changed",
            Self::GuardianUnlinked { .. } => "guardian_unlinked",
            Self::Erased => "erased",
        }
    }
}
