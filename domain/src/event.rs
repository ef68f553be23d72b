//! The one place where a stored event becomes a typed one.

use crate::envelope::StreamId;
use crate::{attendance_day, course, guardian, kiosk, quarantine, school, student};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use uuid::Uuid;

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

/// Runs the same expression on the event of whichever aggregate.
macro_rules! with_event {
    ($any:expr, $event:ident => $body:expr) => {
        match $any {
            AnyEvent::School($event) => $body,
            AnyEvent::Course($event) => $body,
            AnyEvent::Student($event) => $body,
            AnyEvent::Guardian($event) => $body,
            AnyEvent::Kiosk($event) => $body,
            AnyEvent::AttendanceDay($event) => $body,
            AnyEvent::Quarantine($event) => $body,
        }
    };
}

impl AnyEvent {
    /// The aggregate type in the log.
    pub fn aggregate(&self) -> &'static str {
        fn of<E: DomainEvent>(_: &E) -> &'static str {
            E::AGGREGATE
        }
        with_event!(self, e => of(e))
    }
    /// The wire name.
    pub fn name(&self) -> &'static str {
        with_event!(self, e => e.name())
    }
    /// The version of the payload's shape.
    pub fn version(&self) -> &'static str {
        with_event!(self, e => e.version())
    }
    /// The payload as the log stores it.
    pub fn to_json(&self) -> String {
        with_event!(self, e => serde_json::to_string(e)).expect("events hold nothing that JSON cannot")
    }
    /// Every pupil and guardian that the event is about: those it names, and the one whose stream it is.
    pub fn subjects(&self, stream: &StreamId) -> Vec<Uuid> {
        let named = match self {
            Self::School(_) | Self::Course(_) | Self::Kiosk(_) => return vec![],
            Self::Guardian(_) | Self::AttendanceDay(_) => None,
            Self::Student(event) => match event {
                student::Event::GuardianLinked { guardian_id, .. }
                | student::Event::GuardianLinkChanged { guardian_id, .. }
                | student::Event::GuardianUnlinked { guardian_id } => Some(guardian_id.0),
                student::Event::Enrolled { .. }
                | student::Event::Moved { .. }
                | student::Event::DetailsChanged { .. }
                | student::Event::Withdrawn { .. }
                | student::Event::CredentialIssued { .. }
                | student::Event::CredentialRevoked { .. }
                | student::Event::Erased => None,
            },
            Self::Quarantine(event) => {
                return match event {
                    quarantine::Event::Assigned { student_id, .. } => vec![student_id.0],
                    quarantine::Event::Received { .. } | quarantine::Event::Dismissed => vec![],
                };
            }
        };
        stream.own_id().into_iter().chain(named).collect()
    }
}

/// At least one example of every event of every aggregate.
pub fn all_samples() -> Vec<AnyEvent> {
    let mut all = Vec::new();
    all.extend(school::samples().into_iter().map(AnyEvent::School));
    all.extend(course::samples().into_iter().map(AnyEvent::Course));
    all.extend(student::samples().into_iter().map(AnyEvent::Student));
    all.extend(guardian::samples().into_iter().map(AnyEvent::Guardian));
    all.extend(kiosk::samples().into_iter().map(AnyEvent::Kiosk));
    all.extend(attendance_day::samples().into_iter().map(AnyEvent::AttendanceDay));
    all.extend(quarantine::samples().into_iter().map(AnyEvent::Quarantine));
    all
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

/// Reads a stored event of one aggregate. Older versions are upcast here, before the typed read.
pub fn decode_as<E: DomainEvent>(name: &str, version: &str, payload: &str) -> Result<E, DecodeError> {
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

/// Reads a stored event of any aggregate.
pub fn decode(aggregate: &str, name: &str, version: &str, payload: &str) -> Result<AnyEvent, DecodeError> {
    match aggregate {
        "school" => decode_as(name, version, payload).map(AnyEvent::School),
        "course" => decode_as(name, version, payload).map(AnyEvent::Course),
        "student" => decode_as(name, version, payload).map(AnyEvent::Student),
        "guardian" => decode_as(name, version, payload).map(AnyEvent::Guardian),
        "kiosk" => decode_as(name, version, payload).map(AnyEvent::Kiosk),
        "attendance_day" => decode_as(name, version, payload).map(AnyEvent::AttendanceDay),
        "quarantine" => decode_as(name, version, payload).map(AnyEvent::Quarantine),
        _ => Err(DecodeError::Unknown { aggregate: aggregate.into(), name: name.into(), version: version.into() }),
    }
}
