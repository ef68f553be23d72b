//! What can be wrong with a row, as stable codes; the words for people are `web`'s.

/// Where in a row a person should look. Guardians are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The row as a whole.
    Row,
    /// The pupil's RUN.
    Run,
    /// The pupil's given or whole name.
    Names,
    /// The pupil's family names.
    Family,
    /// The course.
    Course,
    /// A guardian's name.
    GuardianName(usize),
    /// A guardian's RUN.
    GuardianRun(usize),
    /// A guardian's phone.
    GuardianPhone(usize),
    /// A guardian's mail address.
    GuardianMail(usize),
}

/// One thing wrong with one row. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ProblemKind,
}

impl Problem {
    /// A problem at a place.
    pub fn at(place: Place, kind: ProblemKind) -> Self {
        Self { place, kind }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// `1,2E+07`: the spreadsheet rounded the number; the digits are lost.
    RunScientific,
    /// The check digit does not belong to the number: a typing error.
    RunCheckDigit,
    /// Looks like a RUN without its check digit.
    RunWithoutCheckDigit,
    /// The check digit in its own column is another one than in the RUN's cell.
    RunTwoCheckDigits,
    /// No RUN at all.
    RunUnreadable,
    /// No name.
    NameMissing,
    /// One word only: given or family names are missing.
    NameIncomplete,
    /// Digits or control characters in a name.
    NameUnreadable,
    /// Accents were destroyed by an earlier conversion (`PeÃ±a`, `Mu?oz`).
    TextMangled,
    /// Longer than any real value.
    TextTooLong,
    /// No course.
    CourseMissing,
    /// Not understood as a course.
    CourseUnreadable,
    /// Not understood as a phone number.
    PhoneUnreadable,
    /// Eight digits: the old mobile format, or a landline without area code.
    PhoneEightDigits,
    /// Not understood as a mail address.
    MailUnreadable,
    /// A guardian's RUN, phone or mail without a name.
    GuardianNameMissing,
    /// More cells than the header has: an unquoted separator inside a cell has moved the columns.
    TooManyCells,
    /// The RUN stands in an earlier row already.
    DuplicateRun {
        /// The earlier row.
        first_row: u32,
    },
    /// Two pupils without RUN, of one name and course: nobody can tell them apart.
    AmbiguousPupil {
        /// The earlier row.
        first_row: u32,
    },
    /// Without RUN, and several pupils of this name and course are registered.
    AmbiguousRegistered,
    /// Without RUN, and a pupil of this name is registered in another course: the same or another?
    AmbiguousMove,
    /// One guardian with two different phones, mails or names in one file.
    GuardianContradiction {
        /// The earlier row.
        first_row: u32,
    },
    /// The pupil is in a course of a later school year already: this list is of a year that is over for them.
    LaterYear,
    /// The pupil was withdrawn; only a person can take them back.
    PupilWithdrawn,
    /// The first day is before the pupil's enrolment or last move.
    BeforeEnrolment,
    /// Somebody changed the same pupil while the file was applied: run it again.
    ChangedMeanwhile,
    /// The database failed while the row was applied: run it again.
    NotApplied,
}

impl ProblemKind {
    /// The stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::RunScientific => "run_scientific",
            Self::RunCheckDigit => "run_check_digit",
            Self::RunWithoutCheckDigit => "run_without_check_digit",
            Self::RunTwoCheckDigits => "run_two_check_digits",
            Self::RunUnreadable => "run_unreadable",
            Self::NameMissing => "name_missing",
            Self::NameIncomplete => "name_incomplete",
            Self::NameUnreadable => "name_unreadable",
            Self::TextMangled => "text_mangled",
            Self::TextTooLong => "text_too_long",
            Self::CourseMissing => "course_missing",
            Self::CourseUnreadable => "course_unreadable",
            Self::PhoneUnreadable => "phone_unreadable",
            Self::PhoneEightDigits => "phone_eight_digits",
            Self::MailUnreadable => "mail_unreadable",
            Self::GuardianNameMissing => "guardian_name_missing",
            Self::TooManyCells => "too_many_cells",
            Self::DuplicateRun { .. } => "duplicate_run",
            Self::AmbiguousPupil { .. } => "ambiguous_pupil",
            Self::AmbiguousRegistered => "ambiguous_registered",
            Self::AmbiguousMove => "ambiguous_move",
            Self::GuardianContradiction { .. } => "guardian_contradiction",
            Self::LaterYear => "later_year",
            Self::PupilWithdrawn => "pupil_withdrawn",
            Self::BeforeEnrolment => "before_enrolment",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::NotApplied => "not_applied",
        }
    }

    /// The earlier row that this one contradicts.
    pub fn first_row(self) -> Option<u32> {
        match self {
            Self::DuplicateRun { first_row }
            | Self::AmbiguousPupil { first_row }
            | Self::GuardianContradiction { first_row } => Some(first_row),
            _ => None,
        }
    }
}
