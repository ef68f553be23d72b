//! A row of the list as typed values, whatever file it came from.

use super::problem::Problem;
use crate::use_cases::course_label::CourseLabel;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use std::fmt;

/// A row as it was read.
#[derive(Clone)]
pub enum Line {
    /// Every cell was understood.
    Row(Row),
    /// Something was not; the row is skipped whole.
    Bad {
        /// Row number as the spreadsheet shows it.
        number: u32,
        /// Everything wrong with it.
        problems: Vec<Problem>,
    },
}

/// One pupil with the guardians of the same row.
#[derive(Clone)]
pub struct Row {
    /// Row number as the spreadsheet shows it.
    pub number: u32,
    /// The pupil.
    pub pupil: PupilCells,
    /// The course.
    pub course: CourseLabel,
    /// The guardians that have a name in this row.
    pub guardians: Vec<GuardianCells>,
}

/// A pupil's cells.
#[derive(Clone)]
pub struct PupilCells {
    /// RUN or IPE, if the row has one.
    pub national_id: Option<NationalId>,
    /// Given names, not empty.
    pub given_names: String,
    /// Family names, not empty.
    pub family_names: String,
}

/// A guardian's cells. An empty cell says nothing: what is known stays.
#[derive(Clone)]
pub struct GuardianCells {
    /// Which of the sheet's guardians, from 0; the first is the titular one.
    pub place: usize,
    /// Name, not empty.
    pub name: String,
    /// RUN.
    pub national_id: Option<NationalId>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Mail address.
    pub mail: Option<Mail>,
}

// Personal data never reaches a log by way of `{:?}`.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => row.fmt(f),
            Self::Bad { number, problems } => write!(f, "Bad({number}, {problems:?})"),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({})", self.number)
    }
}

impl fmt::Debug for PupilCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PupilCells(…)")
    }
}

impl fmt::Debug for GuardianCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuardianCells({})", self.place)
    }
}
