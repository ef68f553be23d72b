//! What surrounds every event in the log.

use crate::ids::*;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The id of a stream: `<school>/<id>`, or `<date>/<school>/<student>` for a day's streams, so that
/// a morning's inserts land on neighbouring index pages and the school is always part of the id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(String);

impl StreamId {
    /// The stream of an aggregate that lives as long as the school.
    pub fn of(school: SchoolId, id: impl Into<Uuid>) -> Self {
        Self(format!("{school}/{}", id.into()))
    }
    /// The stream of a pupil's day.
    pub fn of_day(date: NaiveDate, school: SchoolId, student: StudentId) -> Self {
        Self(format!("{date}/{school}/{student}"))
    }
    /// The stored text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Reads a stored stream id; the caller trusts the log.
    pub fn from_stored(s: impl Into<String>) -> Self {
        Self(s.into())
    }
    /// The last segment: the aggregate's own id (a student for a day's stream).
    pub fn own_id(&self) -> Option<Uuid> {
        self.0.rsplit('/').next().and_then(|s| Uuid::parse_str(s).ok())
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who did it. Stored as `kiosk:<id>`, `user:<id>`, `guardian:<id>`, `cli:<name>` or `system:<part>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(pub String);

impl Actor {
    /// A kiosk at a gate.
    pub fn kiosk(id: KioskId) -> Self {
        Self(format!("kiosk:{id}"))
    }
    /// A person of the staff.
    pub fn user(id: AccountId) -> Self {
        Self(format!("user:{id}"))
    }
    /// The person of the staff that it is, if it is one.
    pub fn as_user(&self) -> Option<AccountId> {
        self.0.strip_prefix("user:")?.parse().ok().map(AccountId)
    }
    /// A guardian who came in by a link.
    pub fn guardian(id: GuardianId) -> Self {
        Self(format!("guardian:{id}"))
    }
    /// The guardian that it is, if it is one.
    pub fn as_guardian(&self) -> Option<GuardianId> {
        self.0.strip_prefix("guardian:")?.parse().ok().map(GuardianId)
    }
    /// A part of this program acting by itself.
    pub fn system(part: &str) -> Self {
        Self(format!("system:{part}"))
    }
    /// A person at the command line of the server.
    pub fn cli(command: &str) -> Self {
        Self(format!("cli:{command}"))
    }
}

/// An event as the log holds it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Recorded<E> {
    /// Place in the log: dense from 1, in commit order, within one epoch.
    pub position: i64,
    /// Unique id of this event.
    pub event_id: EventId,
    /// The tenant.
    pub school_id: SchoolId,
    /// The stream's aggregate type, snake_case.
    pub aggregate_type: String,
    /// The stream.
    pub stream: StreamId,
    /// Place in the stream: dense from 1.
    pub sequence: i64,
    /// Wire name, snake_case.
    pub event_type: String,
    /// Version of the event's shape.
    pub event_version: String,
    /// When it happened, by the best clock known.
    pub occurred_at: DateTime<Utc>,
    /// When the log learned it; never decreases along positions.
    pub recorded_at: DateTime<Utc>,
    /// The school day it belongs to, computed once in the school's zone.
    pub local_date: NaiveDate,
    /// IANA zone that `local_date` was computed in.
    pub zone: String,
    /// Offset of that zone at `occurred_at`, in seconds east of UTC.
    pub utc_offset: i32,
    /// Who did it.
    pub actor: Actor,
    /// Shared by all that follows from one request.
    pub correlation_id: Uuid,
    /// The event or command that caused it.
    pub causation_id: Option<Uuid>,
    /// The command that appended it, if it had an id.
    pub command_id: Option<CommandId>,
    /// The event itself.
    pub payload: E,
}
