//! What may be asked of a pupil, and what follows.

use super::{CredentialKind, Event, GuardianRights, Pupil, RevocationReason, State};
use crate::ids::{CourseId, CredentialId, GuardianId};
use crate::sealed::Sealed;
use crate::values::school_date::{self, NotASchoolDate};
use chrono::NaiveDate;

/// What may be asked of a pupil.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Enrol in a course; also again, after a withdrawal.
    Enrol {
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
    /// Move to another course.
    Move {
        /// The new course.
        course_id: CourseId,
        /// First local date in it.
        from: NaiveDate,
    },
    /// Correct names or identifier; all fields, not a difference.
    ChangeDetails {
        /// Given names, sealed.
        given_names: Sealed,
        /// Family names, sealed.
        family_names: Sealed,
        /// RUN, IPE or passport in normal form, sealed.
        national_id: Option<Sealed>,
    },
    /// Leave the school.
    Withdraw {
        /// First local date on which the pupil is no longer expected.
        from: NaiveDate,
    },
    /// Give a card or tag.
    IssueCredential {
        /// Its random id.
        credential_id: CredentialId,
        /// Its kind.
        kind: CredentialKind,
    },
    /// Stop a card or tag.
    RevokeCredential {
        /// Its id.
        credential_id: CredentialId,
        /// Why.
        reason: RevocationReason,
    },
    /// Link a guardian; also again, after the link ended.
    LinkGuardian {
        /// The guardian.
        guardian_id: GuardianId,
        /// What the guardian may do.
        rights: GuardianRights,
    },
    /// Replace a link's rights.
    ChangeGuardianLink {
        /// The guardian.
        guardian_id: GuardianId,
        /// What the guardian may do now.
        rights: GuardianRights,
    },
    /// End a link.
    UnlinkGuardian {
        /// The guardian.
        guardian_id: GuardianId,
    },
    /// Tell that the keys of the personal data are destroyed.
    Erase,
}

/// Why a command to a pupil is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Never enrolled.
    #[error("the pupil is not enrolled")]
    NotEnrolled,
    /// Enrolled before, with other data.
    #[error("the pupil is already enrolled")]
    AlreadyEnrolled,
    /// In that course already, since another date.
    #[error("the pupil is already in that course, since another date")]
    AlreadyInCourse,
    /// A date before the enrolment.
    #[error("the date is before the enrolment")]
    BeforeEnrolment,
    /// A new enrolment before the withdrawal.
    #[error("the date is before the withdrawal")]
    BeforeWithdrawal,
    /// Withdrawn, or going to be.
    #[error("the pupil is withdrawn, or will be from a date on")]
    Withdrawn,
    /// Withdrawn before, from another date.
    #[error("the pupil is already withdrawn, from another date")]
    AlreadyWithdrawn,
    /// No such credential of this pupil.
    #[error("the pupil has no such credential")]
    UnknownCredential,
    /// The credential is revoked; a new card has a new id.
    #[error("the credential is revoked")]
    CredentialRevoked,
    /// The credential was given before as another kind.
    #[error("the credential was issued as another kind")]
    CredentialOfAnotherKind,
    /// Linked before, with other rights.
    #[error("the guardian is already linked with other rights")]
    GuardianAlreadyLinked,
    /// No link to that guardian.
    #[error("the guardian is not linked")]
    GuardianNotLinked,
    /// The personal data is destroyed.
    #[error("the pupil is erased")]
    Erased,
    /// A date that no school can mean.
    #[error("the date is {0}")]
    Date(NotASchoolDate),
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Enrol { course_id, from, given_names, family_names, national_id } => {
            let from = school_date::date(from).map_err(Error::Date)?;
            let enrolled = |p: &Pupil| {
                (p.course_id, p.enrolled_from, &p.given_names, &p.family_names, &p.national_id)
                    == (course_id, from, &given_names, &family_names, &national_id)
            };
            match state {
                State::Enrolled(pupil) if enrolled(pupil) => Ok(vec![]),
                State::Enrolled(_) => Err(Error::AlreadyEnrolled),
                State::Withdrawn { from: left, .. } if from < *left => Err(Error::BeforeWithdrawal),
                State::NotEnrolled | State::Withdrawn { .. } => {
                    Ok(vec![Event::Enrolled { course_id, from, given_names, family_names, national_id }])
                }
                State::Erased => Err(Error::Erased),
            }
        }
        Command::Move { course_id, from } => {
            let pupil = pupil(state)?;
            let from = school_date::date(from).map_err(Error::Date)?;
            // Of a withdrawal ahead, too: a later decision would replace it wherever decisions are read in
            // the order in which they were made.
            if matches!(state, State::Withdrawn { .. }) {
                return Err(Error::Withdrawn);
            }
            if pupil.course_id == course_id {
                return if pupil.course_from == from { Ok(vec![]) } else { Err(Error::AlreadyInCourse) };
            }
            if from < pupil.enrolled_from {
                return Err(Error::BeforeEnrolment);
            }
            Ok(vec![Event::Moved { course_id, from }])
        }
        Command::ChangeDetails { given_names, family_names, national_id } => {
            let p = pupil(state)?;
            let same = (&p.given_names, &p.family_names, &p.national_id) == (&given_names, &family_names, &national_id);
            Ok(if same { vec![] } else { vec![Event::DetailsChanged { given_names, family_names, national_id }] })
        }
        Command::Withdraw { from } => match state {
            State::NotEnrolled => Err(Error::NotEnrolled),
            State::Enrolled(pupil) if from < pupil.enrolled_from => Err(Error::BeforeEnrolment),
            State::Enrolled(_) => Ok(vec![Event::Withdrawn { from: school_date::date(from).map_err(Error::Date)? }]),
            State::Withdrawn { from: left, .. } if *left == from => Ok(vec![]),
            State::Withdrawn { .. } => Err(Error::AlreadyWithdrawn),
            State::Erased => Err(Error::Erased),
        },
        Command::IssueCredential { credential_id, kind } => match pupil(state)?.credentials.get(&credential_id) {
            None => Ok(vec![Event::CredentialIssued { credential_id, kind }]),
            Some(known) if known.revoked.is_some() => Err(Error::CredentialRevoked),
            Some(known) if known.kind != kind => Err(Error::CredentialOfAnotherKind),
            Some(_) => Ok(vec![]),
        },
        Command::RevokeCredential { credential_id, reason } => match pupil(state)?.credentials.get(&credential_id) {
            None => Err(Error::UnknownCredential),
            Some(known) => match known.revoked {
                None => Ok(vec![Event::CredentialRevoked { credential_id, reason }]),
                Some(before) if before == reason => Ok(vec![]),
                Some(_) => Err(Error::CredentialRevoked),
            },
        },
        Command::LinkGuardian { guardian_id, rights } => match pupil(state)?.guardians.get(&guardian_id) {
            None | Some(None) => Ok(vec![Event::GuardianLinked { guardian_id, rights }]),
            Some(Some(now)) if *now == rights => Ok(vec![]),
            Some(Some(_)) => Err(Error::GuardianAlreadyLinked),
        },
        Command::ChangeGuardianLink { guardian_id, rights } => match pupil(state)?.guardians.get(&guardian_id) {
            None | Some(None) => Err(Error::GuardianNotLinked),
            Some(Some(now)) if *now == rights => Ok(vec![]),
            Some(Some(_)) => Ok(vec![Event::GuardianLinkChanged { guardian_id, rights }]),
        },
        Command::UnlinkGuardian { guardian_id } => match pupil(state)?.guardians.get(&guardian_id) {
            None => Err(Error::GuardianNotLinked),
            Some(None) => Ok(vec![]),
            Some(Some(_)) => Ok(vec![Event::GuardianUnlinked { guardian_id }]),
        },
        Command::Erase => match state {
            State::NotEnrolled => Err(Error::NotEnrolled),
            State::Enrolled(_) | State::Withdrawn { .. } => Ok(vec![Event::Erased]),
            State::Erased => Ok(vec![]),
        },
    }
}

fn pupil(state: &State) -> Result<&Pupil, Error> {
    match state {
        State::NotEnrolled => Err(Error::NotEnrolled),
        State::Enrolled(pupil) | State::Withdrawn { pupil, .. } => Ok(pupil),
        State::Erased => Err(Error::Erased),
    }
}
