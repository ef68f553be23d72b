//! What may be asked of a quarantined scan, and what follows.

use super::{Event, QuarantinedScan, Reason, State};
use crate::ids::StudentId;
use crate::values::school_date::{self, NotASchoolDate};
use chrono::NaiveDate;

/// What may be asked of a quarantined scan.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Keep it until a person decides.
    Receive {
        /// The scan.
        scan: QuarantinedScan,
        /// Why it could not be placed; at least one.
        reasons: Vec<Reason>,
    },
    /// Say whose it was.
    Assign {
        /// The pupil.
        student_id: StudentId,
        /// The day it belongs to.
        local_date: NaiveDate,
    },
    /// Say that it means nothing.
    Dismiss,
}

/// Why a command to a quarantined scan is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It never arrived.
    #[error("no such scan is in quarantine")]
    NotReceived,
    /// Another scan is kept under this id.
    #[error("another scan is kept here")]
    AnotherScan,
    /// Nothing says why.
    #[error("a scan is quarantined for at least one reason")]
    NoReason,
    /// A person said before whose it was.
    #[error("the scan is already assigned")]
    AlreadyAssigned,
    /// A person said before that it means nothing.
    #[error("the scan is already dismissed")]
    AlreadyDismissed,
    /// The day it shall belong to is none that a school can mean.
    #[error("the date is {0}")]
    Date(NotASchoolDate),
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Error> {
    match command {
        Command::Receive { scan, mut reasons } => match state.scan_id() {
            None if reasons.is_empty() => Err(Error::NoReason),
            None => {
                reasons.sort_unstable();
                reasons.dedup();
                Ok(vec![Event::Received { scan, reasons }])
            }
            Some(known) if known == scan.scan_id => Ok(vec![]),
            Some(_) => Err(Error::AnotherScan),
        },
        Command::Assign { student_id, local_date } => match state {
            State::NotReceived => Err(Error::NotReceived),
            State::Waiting { .. } => {
                let local_date = school_date::date(local_date).map_err(Error::Date)?;
                Ok(vec![Event::Assigned { student_id, local_date }])
            }
            State::Assigned { student_id: s, local_date: d, .. } if (*s, *d) == (student_id, local_date) => Ok(vec![]),
            State::Assigned { .. } => Err(Error::AlreadyAssigned),
            State::Dismissed { .. } => Err(Error::AlreadyDismissed),
        },
        Command::Dismiss => match state {
            State::NotReceived => Err(Error::NotReceived),
            State::Waiting { .. } => Ok(vec![Event::Dismissed]),
            State::Assigned { .. } => Err(Error::AlreadyAssigned),
            State::Dismissed { .. } => Ok(vec![]),
        },
    }
}
