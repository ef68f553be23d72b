//! The one place where a stored event becomes a typed one.

use crate::envelope::StreamId;
use crate::{
    account, attendance_day, broadcast, course, delivery, guardian, kiosk, no_show, quarantine, roll_call, school,
    student,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use uuid::Uuid;

/// An aggregate's event type.
pub trait DomainEvent: Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The aggregate type in the log, snake_case.
    const AGGREGATE: &'static str;
    /// Every wire name with one sentence about it.
    const CATALOGUE: &'static [(&'static str, &'static str)];
    /// The wire name, snake_case, equal to the payload's `type`.
    fn name(&self) -> &'static str;
    /// The version of the payload's shape that this program writes.
    fn version(&self) -> &'static str {
        "1"
    }
}

/// Writes [`DomainEvent`] from one table, so that no variant can lack a name or a sentence.
macro_rules! domain_event {
    ($event:ident of $aggregate:literal { $($variant:ident = $name:literal: $about:literal;)+ }) => {
        impl $crate::event::DomainEvent for $event {
            const AGGREGATE: &'static str = $aggregate;
            const CATALOGUE: &'static [(&'static str, &'static str)] = &[$(($name, $about)),+];
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }
        }
    };
}
pub(crate) use domain_event;

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
    NoShowCase(no_show::Event),
    RollCall(roll_call::Event),
    Delivery(delivery::Event),
    Broadcast(broadcast::Event),
    Account(account::Event),
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
            AnyEvent::NoShowCase($event) => $body,
            AnyEvent::RollCall($event) => $body,
            AnyEvent::Delivery($event) => $body,
            AnyEvent::Broadcast($event) => $body,
            AnyEvent::Account($event) => $body,
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
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        with_event!(self, e => serde_json::to_string(e))
    }
    /// Every person that the event is about: those it names, and the one whose stream it is.
    pub fn subjects(&self, stream: &StreamId) -> Vec<Uuid> {
        let named = match self {
            Self::School(_) | Self::Course(_) | Self::Kiosk(_) => return vec![],
            Self::Broadcast(event) => {
                return match event {
                    broadcast::Event::Drafted { draft } => match &draft.audience.whom {
                        broadcast::Whom::Pupils { students } => students.iter().map(|student| student.0).collect(),
                        broadcast::Whom::School | broadcast::Whom::Levels { .. } | broadcast::Whom::Courses { .. } => {
                            vec![]
                        }
                    },
                    broadcast::Event::Approved { .. }
                    | broadcast::Event::Started { .. }
                    | broadcast::Event::Cancelled
                    | broadcast::Event::Completed => vec![],
                };
            }
            Self::Guardian(_) | Self::NoShowCase(_) | Self::Account(_) => None,
            Self::AttendanceDay(event) => match event {
                attendance_day::Event::EarlyLeaveAuthorised { leave }
                | attendance_day::Event::EarlyLeaveBlocked { leave } => Some(leave.guardian_id.0),
                attendance_day::Event::JustificationSubmitted { justification } => {
                    justification.guardian_id.map(|guardian| guardian.0)
                }
                attendance_day::Event::ScanRecorded { .. }
                | attendance_day::Event::ScanFlagged { .. }
                | attendance_day::Event::ManualEntryRecorded { .. }
                | attendance_day::Event::ManualEntryWithdrawn { .. }
                | attendance_day::Event::EarlyLeaveRecorded { .. }
                | attendance_day::Event::EarlyLeaveCancelled { .. }
                | attendance_day::Event::JustificationAccepted { .. }
                | attendance_day::Event::JustificationRejected { .. }
                | attendance_day::Event::CorrectionRequested { .. }
                | attendance_day::Event::CorrectionApproved { .. }
                | attendance_day::Event::CorrectionRejected { .. } => None,
            },
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
            Self::RollCall(event) => {
                return match event {
                    roll_call::Event::MarkedSafe { student_id, .. }
                    | roll_call::Event::MarkWithdrawn { student_id, .. } => vec![student_id.0],
                    roll_call::Event::Started { .. }
                    | roll_call::Event::TurnedIntoEvacuation
                    | roll_call::Event::Ended => vec![],
                };
            }
            Self::Delivery(event) => {
                return match event {
                    delivery::Event::Requested { notice } => vec![notice.student_id.0, notice.guardian_id.0],
                    delivery::Event::Accepted { .. }
                    | delivery::Event::Delivered
                    | delivery::Event::Read
                    | delivery::Event::Failed { .. }
                    | delivery::Event::Unknown { .. }
                    | delivery::Event::Suppressed { .. } => vec![],
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
    all.extend(no_show::samples().into_iter().map(AnyEvent::NoShowCase));
    all.extend(roll_call::samples().into_iter().map(AnyEvent::RollCall));
    all.extend(delivery::samples().into_iter().map(AnyEvent::Delivery));
    all.extend(broadcast::samples().into_iter().map(AnyEvent::Broadcast));
    all.extend(account::samples().into_iter().map(AnyEvent::Account));
    all
}

fn tables() -> [(&'static str, &'static [(&'static str, &'static str)]); 12] {
    fn of<E: DomainEvent>() -> (&'static str, &'static [(&'static str, &'static str)]) {
        (E::AGGREGATE, E::CATALOGUE)
    }
    [
        of::<school::Event>(),
        of::<course::Event>(),
        of::<student::Event>(),
        of::<guardian::Event>(),
        of::<kiosk::Event>(),
        of::<attendance_day::Event>(),
        of::<quarantine::Event>(),
        of::<no_show::Event>(),
        of::<roll_call::Event>(),
        of::<delivery::Event>(),
        of::<broadcast::Event>(),
        of::<account::Event>(),
    ]
}

/// Every event of every aggregate as Markdown: the text of `docs/events.md`.
pub fn catalogue() -> String {
    let mut text = String::from(
        "<!-- Generated from the code by `make generate`; do not edit. -->\n\n\
         # Events\n\n\
         Every fact that the log can hold, with an example of its payload. The name on the wire is the\n\
         payload's `type`; what surrounds it (position, school, stream, times, actor) is the envelope, see\n\
         `domain/src/envelope.rs`. Texts that begin with `v1:` are sealed personal data.\n",
    );
    let samples = all_samples();
    for (aggregate, events) in tables() {
        text.push_str(&format!("\n## {aggregate}\n"));
        for (name, about) in events {
            let examples: Vec<_> = samples.iter().filter(|e| e.aggregate() == aggregate && e.name() == *name).collect();
            let version = examples.first().map_or("1", |e| e.version());
            text.push_str(&format!("\n### {aggregate}.{name} (version {version})\n\n{about}\n"));
            for example in examples {
                // Straight from the type: the order of a `Value`'s keys depends on serde_json's features.
                let pretty = with_event!(example, e => serde_json::to_string_pretty(e));
                let pretty = pretty.unwrap_or_else(|error| error.to_string());
                text.push_str(&format!("\n```json\n{pretty}\n```\n"));
            }
        }
    }
    text
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
    let unknown =
        || DecodeError::Unknown { aggregate: E::AGGREGATE.into(), name: name.into(), version: version.into() };
    if !E::CATALOGUE.iter().any(|(known, _)| *known == name) {
        return Err(unknown());
    }
    let event: E = serde_json::from_str(payload).map_err(|e| DecodeError::Malformed {
        aggregate: E::AGGREGATE.into(),
        name: name.into(),
        version: version.into(),
        line: e.line(),
        column: e.column(),
    })?;
    if event.name() == name && event.version() == version { Ok(event) } else { Err(unknown()) }
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
        "no_show_case" => decode_as(name, version, payload).map(AnyEvent::NoShowCase),
        "roll_call" => decode_as(name, version, payload).map(AnyEvent::RollCall),
        "delivery" => decode_as(name, version, payload).map(AnyEvent::Delivery),
        "broadcast" => decode_as(name, version, payload).map(AnyEvent::Broadcast),
        "account" => decode_as(name, version, payload).map(AnyEvent::Account),
        _ => Err(DecodeError::Unknown { aggregate: aggregate.into(), name: name.into(), version: version.into() }),
    }
}

#[cfg(test)]
mod tests;
