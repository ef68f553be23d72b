//! Rows of the no-show model.

use chrono::{DateTime, NaiveDate, Utc};
use domain::no_show::{CaseId, Event, Hold, Resolution, Retraction};
use domain::{Actor, CourseId, SchoolId, SlotId, StudentId};
use serde::{Deserialize, Serialize};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// Just opened.
    Open,
    /// The inspector alone is told.
    Held,
    /// The families are to be told.
    Told,
    /// A person looks after it.
    Acknowledged,
    /// It was true, and is over.
    Resolved,
    /// It should not have been.
    Retracted,
}

impl CaseState {
    /// Whether somebody has to look after it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Open | Self::Held | Self::Told | Self::Acknowledged => true,
            Self::Resolved | Self::Retracted => false,
        }
    }
}

/// How a case came to its end, as its event says it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ending {
    /// It was true.
    Resolved(Resolution),
    /// It should not have been.
    Retracted(Retraction),
}

/// A pupil's slot of a day without an entry on record. All that is told of it is of its newest opening.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// The slot of the schedule.
    pub slot_id: SlotId,
    /// The pupil.
    pub student_id: StudentId,
    /// The pupil's course on that day.
    pub course_id: CourseId,
    /// When the entry was due.
    pub due_at: DateTime<Utc>,
    /// Where it stands.
    pub state: CaseState,
    /// Why the families are not told by themselves; none unless it is held.
    pub held_reason: Option<Hold>,
    /// When the log learned that it was opened.
    pub opened_at: DateTime<Utc>,
    /// When the log first learned that the families are to be told.
    pub told_at: Option<DateTime<Utc>>,
    /// When the log learned that a person looks after it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<Actor>,
    /// When the log learned its end.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its end.
    pub ending: Option<Ending>,
    /// How often it was opened.
    pub openings: i32,
    /// Last event of its stream.
    pub sequence: i64,
    /// Last event that touched the row.
    pub position: i64,
}

impl Case {
    /// Which case.
    pub fn id(&self) -> CaseId {
        CaseId { date: self.local_date, slot_id: self.slot_id, student_id: self.student_id }
    }
}

/// Something that was said of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// Place in the log.
    pub position: i64,
    /// What.
    pub said: Event,
    /// Who said it.
    pub actor: Actor,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
}

crate::rows::positioned!(Case);
