//! The one place where a stored event becomes a typed one.

use crate::{attendance_day, course, guardian, kiosk, quarantine, school, student};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// An aggregate's event type.
pub trait DomainEvent: Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The aggregate type in the log, snake_case.
    const AGGREGATE: &'static str;
    /// The wire name, snake_case, equal to the payload's `type`.
    fn name(&self) -> &'static str;
    /// The version of the payload's shape that this program writes.
    fn version(&self) -> &'static str {
        "1"
    }
}

/// Any event of any aggregate.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "one variant per aggregate, named after it")]
pub enum AnyEvent {
    School(school::Event),
    Course(course::Event),
    Student(student::Event),
    Guardian(guardian::Event),
    Kiosk(kiosk::Event),
    AttendanceDay(attendance_day::Event),
    Quarantine(quarantine::Event),
}

/// Why a stored event cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// No such aggregate, event or version is known to this program (an older binary, perhaps).
    #[error("unknown event {aggregate}.{name} version {version}")]
    Unknown {
        /// Aggregate type as stored.
        aggregate: String,
        /// Event name as stored.
        name: String,
        /// Version as stored.
        version: String,
    },
    /// The payload does not have the shape that its name and version promise. The payload itself is
    /// never quoted.
    #[error("malformed payload of {aggregate}.{name} version {version} at line {line} column {column}")]
    Malformed {
        /// Aggregate type as stored.
        aggregate: String,
        /// Event name as stored.
        name: String,
        /// Version as stored.
        version: String,
        /// Line in the payload.
        line: usize,
        /// Column in the payload.
        column: usize,
    },
}

/// Reads a stored event. Older versions are upcast here, before the typed read.
pub fn decode(aggregate: &str, name: &str, version: &str, payload: &str) -> Result<AnyEvent, DecodeError> {
    fn typed<E: DomainEvent>(name: &str, version: &str, payload: &str) -> Result<E, DecodeError> {
        let event: E = serde_json::from_str(payload).map_err(|e| DecodeError::Malformed {
            aggregate: E::AGGREGATE.into(),
            name: name.into(),
            version: version.into(),
            line: e.line(),
            column: e.column(),
        })?;
        if event.name() == name && event.version() == version {
            Ok(event)
        } else {
            Err(DecodeError::Unknown { aggregate: E::AGGREGATE.into(), name: name.into(), version: version.into() })
        }
    }
    match aggregate {
        "school" => typed(name, version, payload).map(AnyEvent::School),
        "course" => typed(name, version, payload).map(AnyEvent::Course),
        "student" => typed(name, version, payload).map(AnyEvent::Student),
        "guardian" => typed(name, version, payload).map(AnyEvent::Guardian),
        "kiosk" => typed(name, version, payload).map(AnyEvent::Kiosk),
        "attendance_day" => typed(name, version, payload).map(AnyEvent::AttendanceDay),
        "quarantine" => typed(name, version, payload).map(AnyEvent::Quarantine),
        _ => Err(DecodeError::Unknown { aggregate: aggregate.into(), name: name.into(), version: version.into() }),
    }
}
