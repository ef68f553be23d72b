//! The live model's rows in memory, folded by the same code as the tables' rows: for the simulation,
//! and for whoever wants to compare.

use super::apply::Live;
use super::rows::{LiveScan, PupilDay, QuarantineState, Quarantined};
use crate::Fact;
use domain::SchoolId;

/// All rows of the model.
#[derive(Debug, Clone, Default)]
pub struct LiveRows(Live);

impl LiveRows {
    /// Applies an event.
    pub fn apply(&mut self, fact: &Fact) {
        self.0.apply(fact);
    }

    /// Every pupil's day.
    pub fn pupil_days(&self) -> Vec<PupilDay> {
        self.0.days.changed().into_iter().cloned().collect()
    }

    /// Every scan, in the order of the log.
    pub fn scans(&self) -> Vec<&LiveScan> {
        let mut scans = self.0.scans.changed();
        scans.sort_by_key(|scan| scan.position);
        scans
    }

    /// How many scans of a school wait for a person.
    pub fn waiting(&self, school: SchoolId) -> usize {
        let waiting = |q: &&Quarantined| q.school_id == school && q.state == QuarantineState::Waiting;
        self.0.quarantined.changed().into_iter().filter(waiting).count()
    }
}
