//! Brings a school's one-sheet list of pupils and guardians into the log.
//!
//! Reading the file is `web`'s part ([`row`] is where it hands over); here is what it means:
//! [`register`] folds what exists, [`plan`] compares (a pure function), [`apply`] writes. Everything
//! is checked before the first event; an import that was interrupted is finished by running it again,
//! and one that was finished changes nothing when it is run again. Nobody is ever withdrawn,
//! unlinked or deleted by an import.

pub mod apply;
pub mod plan;
pub mod problem;
pub mod register;
pub mod row;

pub use apply::{Applied, apply};
pub use plan::{Field, Outcome, Plan, PlannedRow, PupilWork, plan};
pub use problem::{Place, Problem, ProblemKind};
pub use register::Register;
pub use row::{GuardianCells, Line, PupilCells, Row};
