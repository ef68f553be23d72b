//! Rows of the roster.

use chrono::NaiveDate;
use domain::course::Slot;
use domain::kiosk::LaneMode;
use domain::student::{CredentialKind, GuardianRights, RevocationReason};
use domain::{CourseId, CredentialId, GuardianId, KioskId, SchoolId, Sealed, StudentId};

/// A school and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct School {
    /// The tenant.
    pub school_id: SchoolId,
    /// Public name.
    pub name: String,
    /// Chile's RBD with check digit.
    pub rbd: Option<String>,
    /// What its day is judged by.
    pub settings: domain::school::Settings,
    /// Last event that changed the row.
    pub position: i64,
}

/// A course of one school year.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The tenant.
    pub school_id: SchoolId,
    /// The course.
    pub course_id: CourseId,
    /// School year.
    pub year: i32,
    /// As the school writes it.
    pub name: String,
    /// Grade and level.
    pub level: String,
    /// Section letter, may be empty.
    pub letter: String,
    /// First date on which nobody is expected.
    pub closed_from: Option<NaiveDate>,
    /// Last event that changed the row.
    pub position: i64,
}

/// A weekly schedule, valid from a date until the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The tenant.
    pub school_id: SchoolId,
    /// The course.
    pub course_id: CourseId,
    /// First date on which it is valid.
    pub effective_from: NaiveDate,
    /// All slots of the week.
    pub slots: Vec<Slot>,
    /// The event that set it.
    pub position: i64,
}

/// A pupil. Names are none once erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Student {
    /// The tenant.
    pub school_id: SchoolId,
    /// The pupil.
    pub student_id: StudentId,
    /// As the newest event says, whatever its date.
    pub course_id: CourseId,
    /// First date of the newest enrolment.
    pub enrolled_from: NaiveDate,
    /// First date on which the pupil is no longer expected.
    pub withdrawn_from: Option<NaiveDate>,
    /// Sealed (field `given_names`).
    pub given_names: Option<Sealed>,
    /// Sealed (field `family_names`).
    pub family_names: Option<Sealed>,
    /// Sealed (field `national_id`).
    pub national_id: Option<Sealed>,
    /// The keys were destroyed.
    pub erased: bool,
    /// Last event that changed the row.
    pub position: i64,
}

/// "From this date on in this course", or in none.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// The tenant.
    pub school_id: SchoolId,
    /// The pupil.
    pub student_id: StudentId,
    /// From when on.
    pub from_date: NaiveDate,
    /// Where; none: withdrawn.
    pub course_id: Option<CourseId>,
    /// The event that said so.
    pub position: i64,
}

/// A card or tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    /// The tenant.
    pub school_id: SchoolId,
    /// Its random id.
    pub credential_id: CredentialId,
    /// Whose it is.
    pub student_id: StudentId,
    /// What it is.
    pub kind: CredentialKind,
    /// Why it is no longer valid; none: it is.
    pub revoked: Option<RevocationReason>,
    /// First local date on which its pupil is no longer at the school, or was erased.
    pub left_from: Option<NaiveDate>,
    /// Last event that changed the row.
    pub position: i64,
}

/// A guardian. Everything personal is none once erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardian {
    /// The tenant.
    pub school_id: SchoolId,
    /// The guardian.
    pub guardian_id: GuardianId,
    /// Sealed (field `name`).
    pub name: Option<Sealed>,
    /// Sealed (field `national_id`).
    pub national_id: Option<Sealed>,
    /// Sealed (field `phone`).
    pub phone: Option<Sealed>,
    /// Sealed (field `mail`).
    pub mail: Option<Sealed>,
    /// The keys were destroyed.
    pub erased: bool,
    /// Last event that changed the row.
    pub position: i64,
}

/// What a guardian may do for a pupil.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardianLink {
    /// The tenant.
    pub school_id: SchoolId,
    /// The pupil.
    pub student_id: StudentId,
    /// The guardian.
    pub guardian_id: GuardianId,
    /// What the guardian may do.
    pub rights: GuardianRights,
    /// False once unlinked.
    pub active: bool,
    /// Last event that changed the row.
    pub position: i64,
}

/// A kiosk and what it is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Kiosk {
    /// The tenant.
    pub school_id: SchoolId,
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Name of the gate.
    pub gate: String,
    /// How it learns the direction.
    pub mode: LaneMode,
    /// No longer trusted.
    pub revoked: bool,
    /// Last event that changed the row.
    pub position: i64,
}

impl Credential {
    /// Whether a door shall say welcome on that date.
    pub fn is_valid_on(&self, date: NaiveDate) -> bool {
        self.revoked.is_none() && self.left_from.is_none_or(|left| date < left)
    }
}

crate::rows::positioned!(School, Course, Schedule, Student, Membership, Credential, Guardian, GuardianLink, Kiosk);
