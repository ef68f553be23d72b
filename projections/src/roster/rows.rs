//! Rows of the roster.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::{CourseDay, Layer, SchoolDay};
use domain::course::{Shift, Slot};
use domain::kiosk::LaneMode;
use domain::student::{CredentialKind, GuardianRights, RevocationReason, Stays};
use domain::{Actor, CourseId, CredentialId, GuardianId, KioskId, SchoolId, Sealed, StudentId};

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

/// What a school's day is judged by from a date until the next version.
#[derive(Debug, Clone, PartialEq)]
pub struct SchoolSettings {
    /// The tenant.
    pub school_id: SchoolId,
    /// First date on which it is valid: the one on which it was said.
    pub effective_from: NaiveDate,
    /// All of them.
    pub settings: domain::school::Settings,
    /// The event that said so.
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
    /// Its shift, if it was said.
    pub shift: Option<Shift>,
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

/// A date of the whole school, in one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct SchoolDate {
    /// The tenant.
    pub school_id: SchoolId,
    /// The local date.
    pub local_date: NaiveDate,
    /// Whether the holiday or what the school set.
    pub layer: Layer,
    /// What it is; none once cleared.
    pub day: Option<SchoolDay>,
    /// Who set or cleared it last, and when.
    pub changed: Changed,
    /// The event that said so.
    pub position: i64,
}

/// A date of one course.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseDate {
    /// The tenant.
    pub school_id: SchoolId,
    /// The course.
    pub course_id: CourseId,
    /// The local date.
    pub local_date: NaiveDate,
    /// What it expects; none once cleared.
    pub day: Option<CourseDay>,
    /// Who set or cleared it last, and when.
    pub changed: Changed,
    /// The event that said so.
    pub position: i64,
}

/// Who changed a row last.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Who.
    pub by: Actor,
    /// When the log learned it.
    pub at: DateTime<Utc>,
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
    /// Its pupil was erased.
    pub erased: bool,
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

/// A card with what was decided about its pupil's stay at the school.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The card.
    pub credential: Credential,
    /// When its pupil is at the school.
    pub stays: Stays,
}

impl Card {
    /// Whether a door shall say welcome on that date.
    pub fn is_valid_on(&self, date: NaiveDate) -> bool {
        self.is_usable() && self.stays.is_here(date)
    }

    /// What changes after a date by what is decided already: from that local date on valid or not, in the
    /// order of the dates.
    pub fn changes_after(&self, date: NaiveDate) -> Vec<(NaiveDate, bool)> {
        if self.is_usable() { self.stays.changes_after(date) } else { Vec::new() }
    }

    fn is_usable(&self) -> bool {
        self.credential.revoked.is_none() && !self.credential.erased
    }
}

crate::rows::positioned!(
    School,
    SchoolSettings,
    Course,
    Schedule,
    SchoolDate,
    CourseDate,
    Student,
    Membership,
    Credential,
    Guardian,
    GuardianLink,
    Kiosk
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::history::day;
    use crate::testing::id;

    #[test]
    fn a_card_follows_its_pupil_s_stay_until_it_is_revoked_or_erased() {
        let mut stays = Stays::default();
        [(-30, true), (-2, false), (10, true)].into_iter().for_each(|(from, here)| stays.decide(day(from), here));
        let credential = Credential {
            school_id: id(1),
            credential_id: id(2),
            student_id: id(3),
            kind: CredentialKind::Qr,
            revoked: None,
            erased: false,
            position: 9,
        };
        let ahead = Card { credential, stays };
        assert!(!ahead.is_valid_on(day(0)) && ahead.is_valid_on(day(10)));
        assert_eq!(ahead.changes_after(day(0)), [(day(10), true)]);
        let lost = Credential { revoked: Some(RevocationReason::Lost), ..ahead.credential.clone() };
        let erased = Credential { erased: true, ..ahead.credential.clone() };
        for credential in [lost, erased] {
            let card = Card { credential, ..ahead.clone() };
            assert!(!card.is_valid_on(day(12)) && card.changes_after(day(0)).is_empty());
        }
    }
}
