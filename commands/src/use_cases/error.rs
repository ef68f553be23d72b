//! Why a use case did nothing. One enum, since callers treat all use cases alike: a stable code for
//! machines, and whether it may be tried again.

use crate::batcher::SubmitError;
use crate::batcher::by_hand::ByHandError;
use crate::error::{StoreError, WriteError};
use crate::vault::VaultError;
use crate::write::UnitError;
use domain::{attendance_day, broadcast, course, guardian, kiosk, no_show, roll_call, school, student};

/// Why a use case failed. Holds no personal data.
#[derive(Debug, thiserror::Error)]
pub enum UseCaseError {
    /// A value is not what it should be.
    #[error("invalid value: {0}")]
    Invalid(Invalid),
    /// The value (a RUN, a card, a course's name) is another's already.
    #[error("already taken: {0}")]
    Taken(Taken),
    /// The person's keys are destroyed.
    #[error("erased")]
    Erased,
    /// No such kiosk.
    #[error("unknown kiosk")]
    UnknownKiosk,
    /// The school has no such pupil.
    #[error("unknown student")]
    UnknownStudent,
    /// The school refused.
    #[error(transparent)]
    School(school::Error),
    /// The course refused.
    #[error(transparent)]
    Course(course::Error),
    /// The pupil's stream refused.
    #[error(transparent)]
    Student(student::Error),
    /// The guardian's stream refused.
    #[error(transparent)]
    Guardian(guardian::Error),
    /// The kiosk's stream refused.
    #[error(transparent)]
    Kiosk(kiosk::Error),
    /// The pupil's day refused.
    #[error(transparent)]
    Day(attendance_day::Error),
    /// The roll call refused.
    #[error(transparent)]
    RollCall(roll_call::Error),
    /// The broadcast refused.
    #[error(transparent)]
    Broadcast(broadcast::Error),
    /// The case of who did not come refused.
    #[error(transparent)]
    NoShow(no_show::Error),
    /// More is waiting to be stored than can be.
    #[error("too much is waiting; try again in {retry_after_s} s")]
    Overloaded {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// Others kept writing; it may be tried again.
    #[error("conflict: the stream kept changing")]
    Conflict,
    /// Keys.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which value is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A name that is empty, too long or holds control characters.
    #[error("name")]
    Name,
    /// A course's name that is another course's by its grade, letter or specialty.
    #[error("course name")]
    CourseName,
    /// Not a mail address.
    #[error("mail")]
    Mail,
    /// Not the text of a card.
    #[error("card")]
    Card,
    /// A note that is too long or holds control characters.
    #[error("note")]
    Note,
    /// A message's subject or text that is empty, too long or holds control characters.
    #[error("message")]
    Message,
    /// The document that was shown is not the adult's, or was not looked at.
    #[error("identity")]
    Identity,
}

/// Which value is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// A RUN.
    #[error("national id")]
    NationalId,
    /// A card's text.
    #[error("card")]
    Card,
    /// A course of this year, level and letter.
    #[error("course")]
    Course,
    /// A guardian of this RUN, or of this name and contact.
    #[error("guardian")]
    Guardian,
}

impl UseCaseError {
    /// The stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(Invalid::Name) => "invalid_name",
            Self::Invalid(Invalid::CourseName) => "invalid_course_name",
            Self::Invalid(Invalid::Mail) => "invalid_mail",
            Self::Invalid(Invalid::Card) => "invalid_card",
            Self::Invalid(Invalid::Note) => "invalid_note",
            Self::Invalid(Invalid::Message) => "invalid_message",
            Self::Invalid(Invalid::Identity) => "invalid_identity",
            Self::Taken(Taken::NationalId) => "national_id_taken",
            Self::Taken(Taken::Card) => "card_taken",
            Self::Taken(Taken::Course) => "course_taken",
            Self::Taken(Taken::Guardian) => "guardian_taken",
            Self::Erased => "erased",
            Self::UnknownKiosk => "unknown_kiosk",
            Self::UnknownStudent => "unknown_student",
            Self::School(_) => "school_refused",
            Self::Course(_) => "course_refused",
            Self::Student(_) => "student_refused",
            Self::Guardian(_) => "guardian_refused",
            Self::Kiosk(_) => "kiosk_refused",
            Self::Day(_) => "day_refused",
            Self::RollCall(_) => "roll_call_refused",
            Self::NoShow(_) => "no_show_refused",
            Self::Broadcast(error) => match error {
                broadcast::Error::NeedsAnother => "broadcast_needs_another",
                broadcast::Error::Changed => "broadcast_changed",
                _ => "broadcast_refused",
            },
            Self::Overloaded { .. } => "overloaded",
            Self::Conflict => "conflict",
            Self::Vault(_) | Self::Store(_) => "unavailable",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Conflict | Self::Overloaded { .. } => true,
            Self::Store(error) | Self::Vault(VaultError::Store(error)) => error.is_temporary(),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for UseCaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

macro_rules! from_write {
    ($($module:ident $variant:ident),+) => {$(
        impl From<WriteError<$module::Error>> for UseCaseError {
            fn from(error: WriteError<$module::Error>) -> Self {
                match error {
                    WriteError::Rejected(error) => Self::$variant(error),
                    WriteError::Conflict => Self::Conflict,
                    WriteError::Store(error) => Self::Store(error),
                }
            }
        }
    )+};
}
from_write!(school School, course Course, student Student, guardian Guardian, kiosk Kiosk, no_show NoShow);

impl From<ByHandError> for UseCaseError {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::Rejected(error) => Self::Day(error),
            ByHandError::Submit(SubmitError::Overloaded { retry_after_s }) => Self::Overloaded { retry_after_s },
            // Whether it was stored may be unknown: asked again under the same id, the day knows.
            ByHandError::Submit(SubmitError::Unavailable(_)) => Self::Store(StoreError::Interrupted),
        }
    }
}

impl From<UnitError> for UseCaseError {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Rejected(error) => rejected(error),
            UnitError::Claimed | UnitError::Conflict => Self::Conflict,
            UnitError::Store(error) => Self::Store(error),
        }
    }
}

/// An aggregate's own error out of a unit of several aggregates.
fn rejected(error: Box<dyn std::error::Error + Send + Sync>) -> UseCaseError {
    let error = match error.downcast::<student::Error>() {
        Ok(error) => return UseCaseError::Student(*error),
        Err(other) => other,
    };
    let error = match error.downcast::<guardian::Error>() {
        Ok(error) => return UseCaseError::Guardian(*error),
        Err(other) => other,
    };
    let error = match error.downcast::<course::Error>() {
        Ok(error) => return UseCaseError::Course(*error),
        Err(other) => other,
    };
    let error = match error.downcast::<kiosk::Error>() {
        Ok(error) => return UseCaseError::Kiosk(*error),
        Err(other) => other,
    };
    match error.downcast::<school::Error>() {
        Ok(error) => UseCaseError::School(*error),
        Err(other) => UseCaseError::Store(StoreError::Library(other)),
    }
}
