//! Rows of the audit model.

use chrono::{DateTime, NaiveDate, Utc};
use domain::attendance_day::ManualReason;
use domain::{CommandId, EventId, KioskId, SchoolId};
use uuid::Uuid;

/// One event of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The tenant.
    pub school_id: SchoolId,
    /// Place in the log.
    pub position: i64,
    /// The school day it belongs to.
    pub local_date: NaiveDate,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream.
    pub stream: String,
    /// Place in the stream.
    pub sequence: i64,
    /// Wire name.
    pub event_type: String,
    /// Version of its shape.
    pub event_version: String,
    /// Its own id.
    pub event_id: EventId,
    /// Who did it.
    pub actor: String,
    /// The kiosk that sent it, else the one that it is about.
    pub kiosk_id: Option<KioskId>,
    /// Every pupil and guardian that it is about, sorted.
    pub subjects: Vec<Uuid>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// Shared by all that follows from one request.
    pub correlation_id: Uuid,
    /// The event or command that caused it.
    pub causation_id: Option<Uuid>,
    /// The command that appended it.
    pub command_id: Option<CommandId>,
    /// The coded reason of what a person did by hand to a pupil's day.
    pub reason: Option<ManualReason>,
}
