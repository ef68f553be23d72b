//! What an import would change: a pure function of the rows and of what exists.
//!
//! Rules: a row with an error is skipped whole; an empty cell says nothing; nobody is ever withdrawn,
//! unlinked or deleted; a link that a person ended is not made again; planning a second time after
//! everything was applied gives nothing.

mod guardians;
mod names;
mod planner;

use super::problem::Problem;
use super::register::Register;
use super::row::{Line, PupilCells};
use crate::use_cases::course_label::CourseLabel;
use domain::student::GuardianRights;
use domain::{CourseId, GuardianId, StudentId};
pub(super) use names::full_name;
use planner::Planner;

/// Everything that would be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Courses to open, in the order of their first row.
    pub courses: Vec<CourseLabel>,
    /// Guardians to register or change; each once, with what all good rows say together.
    pub guardians: Vec<GuardianWork>,
    /// One entry per row, in the order of the file.
    pub rows: Vec<PlannedRow>,
    /// People of the school who were erased before the plan was made.
    pub erased: usize,
}

/// A course that exists, or the place in [`Plan::courses`] of one that does not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourseRef {
    /// It exists.
    Known(CourseId),
    /// To be opened.
    New(usize),
}

/// One guardian's part of the plan.
#[derive(Clone)]
pub struct GuardianWork {
    /// The guardian, if registered already.
    pub known: Option<GuardianId>,
    /// The events of the guardian's stream that the plan was made from.
    pub sequence: i64,
    /// All fields as they should be.
    pub fields: GuardianFields,
    /// The fields as they are, if registered already.
    pub before: Option<GuardianFields>,
}

/// A guardian's fields in clear.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct GuardianFields {
    /// Name.
    pub name: String,
    /// RUN in normal form.
    pub national_id: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Lower case.
    pub mail: Option<String>,
}

impl GuardianWork {
    /// Whether anything has to be done.
    pub fn is_needed(&self) -> bool {
        self.before.as_ref() != Some(&self.fields)
    }
}

impl std::fmt::Debug for GuardianWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardianWork({:?}, needed: {})", self.known, self.is_needed())
    }
}

/// What becomes of one row.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// Row number as the spreadsheet shows it.
    pub number: u32,
    /// What is done.
    pub outcome: Outcome,
}

/// What becomes of a row.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new pupil.
    Create(PupilWork),
    /// A known pupil, of whom or of whose guardians something changes.
    Change(PupilWork),
    /// Everything is as the row says.
    Nothing(PupilWork),
    /// The row is skipped.
    Error(Vec<Problem>),
}

/// One pupil's part of the plan.
#[derive(Clone)]
pub struct PupilWork {
    /// The pupil, if enrolled already.
    pub known: Option<StudentId>,
    /// The events of the pupil's stream that the plan was made from.
    pub sequence: i64,
    /// RUN, given and family names as they should be.
    pub pupil: PupilCells,
    /// The course.
    pub course: CourseRef,
    /// Its name.
    pub course_name: String,
    /// Move the known pupil to `course`.
    pub moves: bool,
    /// Write `pupil` over what is known.
    pub details: bool,
    /// Issue a card: there is none that is valid.
    pub card: bool,
    /// Guardians to link: places in [`Plan::guardians`], and the rights.
    pub links: Vec<(usize, GuardianRights)>,
    /// Every guardian of the row, linked or to be linked.
    pub guardians: Vec<usize>,
    /// What changes, for people and machines.
    pub fields: Vec<Field>,
    /// Links that a person had ended, and that are not made again.
    pub kept_unlinked: usize,
}

impl std::fmt::Debug for PupilWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PupilWork({:?}, {:?})", self.known, self.fields)
    }
}

/// A field that a row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The RUN became known, or was corrected.
    Run,
    /// Given or family names.
    Names,
    /// The course.
    Course,
    /// A card is issued.
    Card,
    /// A guardian is registered.
    Guardian,
    /// A known guardian's RUN became known.
    GuardianRun,
    /// A known guardian's name.
    GuardianName,
    /// A known guardian's phone.
    GuardianPhone,
    /// A known guardian's mail address.
    GuardianMail,
    /// A guardian is linked to the pupil.
    GuardianLink,
}

impl Field {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Names => "names",
            Self::Course => "course",
            Self::Card => "card",
            Self::Guardian => "guardian",
            Self::GuardianRun => "guardian_run",
            Self::GuardianName => "guardian_name",
            Self::GuardianPhone => "guardian_phone",
            Self::GuardianMail => "guardian_mail",
            Self::GuardianLink => "guardian_link",
        }
    }
}

/// What a list that says nothing more than "apoderado" gives: the first guardian is the legal
/// representative, is told and may see; any further one may collect the pupil, and a person at the
/// school gives more. A wrong guess here would tell somebody where a child is.
pub fn rights_of(place: usize) -> GuardianRights {
    GuardianRights { legal: place == 0, notify: place == 0, may_collect: true, may_view: place == 0, restricted: false }
}

/// Compares the rows with what exists. `year` is the school year of the list.
pub fn plan(lines: &[Line], register: &Register, year: i32) -> Plan {
    let mut planner = Planner::new(lines, register, year);
    for line in lines {
        let (number, outcome) = match line {
            Line::Bad { number, problems } => (*number, Outcome::Error(problems.clone())),
            Line::Row(row) => (row.number, planner.row(row).unwrap_or_else(Outcome::Error)),
        };
        planner.plan.rows.push(PlannedRow { number, outcome });
    }
    planner.plan
}
