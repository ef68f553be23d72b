//! Rows of the live model.

use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::{self, Direction, Flag, LeaveReason, ManualReason, Method, TimeConfidence};
use domain::day_status::{Completeness, DayFacts};
use domain::no_show::Justification;
use domain::quarantine::Reason;
use domain::{Actor, KioskId, QueueId, ScanId, SchoolId, Sealed, StudentId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A pupil's day, summed up from its scans and from what was recorded by hand and not taken back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PupilDay {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// The pupil.
    pub student_id: StudentId,
    /// Earliest entry whose time can be trusted.
    pub first_entry_at: Option<DateTime<Utc>>,
    /// Earliest entry of all.
    pub first_entry_any_at: Option<DateTime<Utc>>,
    /// Direction of the latest scan by corrected time.
    pub last_direction: Option<Direction>,
    /// When that was.
    pub last_at: Option<DateTime<Utc>>,
    /// Which scan that was, or entry by hand.
    pub last_scan_id: Option<ScanId>,
    /// All scans, echoes included.
    pub scans: i32,
    /// Echoes among them.
    pub echoes: i32,
    /// What stands by hand, beside the scans.
    pub by_hand: i32,
    /// Why `first_entry_at` is by hand, if it is. Of a card and a person at the same instant the card counts.
    pub first_by_hand: Option<ManualReason>,
    /// Why the latest passage is by hand, if it is.
    pub last_by_hand: Option<ManualReason>,
    /// Doubts about any scan that is not an echo, sorted.
    pub flags: Vec<Flag>,
    /// Why the pupil is justified, if the staff accepted that.
    pub justified: Option<Justification>,
    /// Since when the pupil may leave early with an adult who may collect, if so.
    pub leave_from: Option<DateTime<Utc>>,
    /// Why.
    pub leave_reason: Option<LeaveReason>,
    /// Last event that touched the day.
    pub position: i64,
}

impl PupilDay {
    /// As the rules of the day take it.
    pub fn facts(&self, completeness: Completeness) -> DayFacts {
        DayFacts {
            first_entry: self.first_entry_at,
            first_entry_any: self.first_entry_any_at,
            last: self.last_direction.zip(self.last_at),
            first_by_hand: self.first_by_hand,
            last_by_hand: self.last_by_hand,
            justified: self.justified,
            may_leave: self.leave_from.zip(self.leave_reason),
            completeness,
        }
    }
}

/// A scan that could be placed, or what a person recorded in place of one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LiveScan {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// Position of the event that recorded it.
    pub position: i64,
    /// Minted by the kiosk; of an entry by hand its own id.
    pub scan_id: ScanId,
    /// The pupil.
    pub student_id: StudentId,
    /// The kiosk; none by hand.
    pub kiosk_id: Option<KioskId>,
    /// Which way.
    pub direction: Direction,
    /// How it was read; none by hand.
    pub method: Option<Method>,
    /// Why a person recorded it, if it is by hand.
    pub by_hand: Option<ManualReason>,
    /// Who recorded it by hand.
    pub actor: Option<Actor>,
    /// What that person wrote beside.
    pub note: Option<Sealed>,
    /// That person took it back: it counts no more.
    pub withdrawn: bool,
    /// When, corrected.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// How far `occurred_at` can be trusted.
    pub time_confidence: TimeConfidence,
    /// Doubts, sorted.
    pub flags: Vec<Flag>,
    /// Last event that changed the row.
    pub last_position: i64,
}

impl LiveScan {
    /// A second tap within the echo window: it tells nobody.
    pub fn is_echo(&self) -> bool {
        self.flags.contains(&Flag::Echo)
    }

    /// Whether boards and families are told of it.
    pub fn is_told(&self) -> bool {
        !self.is_echo() && !self.withdrawn
    }
}

/// What kind of act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// A pupil leaves before the end with an adult.
    EarlyLeave,
    /// Why a pupil does not come, or came late.
    Justification,
    /// A day is to be set right.
    Correction,
}

/// Where an act stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActState {
    /// The adult may take the pupil.
    Authorised,
    /// The pupil went.
    Recorded,
    /// The pupil stays.
    Cancelled,
    /// The adult is barred.
    Blocked,
    /// A justification waits for an answer.
    Submitted,
    /// A correction does.
    Requested,
    /// A justification was accepted.
    Accepted,
    /// A correction was approved.
    Approved,
    /// It was rejected.
    Rejected,
}

/// What a person does to a pupil's day beside its scans and the entries by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// The tenant.
    pub school_id: SchoolId,
    /// The school day.
    pub local_date: NaiveDate,
    /// The pupil.
    pub student_id: StudentId,
    /// Minted by the client.
    pub act_id: Uuid,
    /// What kind.
    pub kind: ActKind,
    /// Where it stands.
    pub state: ActState,
    /// What was said at its beginning.
    pub said: attendance_day::Event,
    /// Who said it.
    pub actor: Actor,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// What was said at its end.
    pub ending: Option<attendance_day::Event>,
    /// Who said that.
    pub ended_by: Option<Actor>,
    /// When the log learned that.
    pub ended_at: Option<DateTime<Utc>>,
    /// Last event that touched the row.
    pub position: i64,
}

/// A kiosk at its gate, as its events tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The tenant.
    pub school_id: SchoolId,
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Queue of the newest drain.
    pub drained_queue_id: Option<QueueId>,
    /// Last number of that queue known to be in the log.
    pub drained_seq: Option<i64>,
    /// No scan taken before this instant is still waiting on the device.
    pub drained_through: Option<DateTime<Utc>>,
    /// Silent since then, if it is.
    pub silent_since: Option<DateTime<Utc>>,
    /// Latest corrected time of a scan that could be placed.
    pub last_scan_at: Option<DateTime<Utc>>,
    /// Gaps found in its queues.
    pub gaps: i32,
    /// Numbers used twice.
    pub forks: i32,
    /// Last event that touched the row.
    pub position: i64,
}

/// What became of a scan that could not be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineState {
    /// It waits for a person.
    Waiting,
    /// A person said whose it was.
    Assigned,
    /// A person said that it means nothing.
    Dismissed,
}

/// A scan that could not be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// The tenant.
    pub school_id: SchoolId,
    /// Id of its stream.
    pub quarantine_id: Uuid,
    /// The day it seems to belong to, or belongs to since it was assigned.
    pub local_date: NaiveDate,
    /// Minted by the kiosk.
    pub scan_id: ScanId,
    /// The kiosk.
    pub kiosk_id: KioskId,
    /// Why it could not be placed, sorted.
    pub reasons: Vec<Reason>,
    /// What became of it.
    pub state: QuarantineState,
    /// Whose it is, once assigned.
    pub student_id: Option<StudentId>,
    /// Best guess of when it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// Last event that touched the row.
    pub position: i64,
}

crate::rows::positioned!(PupilDay, Act, Gate, Quarantined);

impl crate::rows::Positioned for LiveScan {
    #[expect(clippy::misnamed_getters, reason = "its `position` is where it was recorded")]
    fn position(&self) -> i64 {
        self.last_position
    }
    fn set_position(&mut self, position: i64) {
        self.last_position = position;
    }
}
