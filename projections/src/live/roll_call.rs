//! Roll calls: each of a school's day, and what was said last of each pupil.

mod apply;
pub mod queries;
pub(super) mod store;

use chrono::{DateTime, NaiveDate, Utc};
use domain::roll_call::{Key, Reason};
use domain::{Actor, RollCallId, SchoolId, StudentId};

/// A roll call.
#[derive(Debug, Clone, PartialEq)]
pub struct RollCall {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// Which of the day's.
    pub roll_call_id: RollCallId,
    /// Why, as said last.
    pub reason: Reason,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Who began it.
    pub started_by: Actor,
    /// When it ended, if it is over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Who ended it.
    pub ended_by: Option<Actor>,
    /// Last event that changed the row.
    pub position: i64,
}

impl RollCall {
    /// Which it is.
    pub fn key(&self) -> Key {
        Key { date: self.local_date, id: self.roll_call_id }
    }
}

/// What was said last of a pupil.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// The roll call.
    pub roll_call_id: RollCallId,
    /// The pupil.
    pub student_id: StudentId,
    /// Safe; false if it was taken back.
    pub safe: bool,
    /// When it was said.
    pub said_at: DateTime<Utc>,
    /// By whom.
    pub said_by: Actor,
    /// Last event that changed the row.
    pub position: i64,
}

crate::rows::positioned!(RollCall, Mark);
