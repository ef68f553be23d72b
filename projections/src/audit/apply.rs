//! Turns an event into its audit entry. Pure.

use super::rows::Entry;
use crate::Fact;
use domain::{AnyEvent, KioskId};
use domain::{attendance_day, quarantine, student};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The entry of an event.
pub(crate) fn entry(fact: &Fact) -> Entry {
    let event = &fact.event;
    Entry {
        school_id: event.school_id,
        position: event.position,
        local_date: event.local_date,
        aggregate_type: event.aggregate_type.clone(),
        stream: event.stream.to_string(),
        sequence: event.sequence,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        event_id: event.event_id,
        actor: event.actor.0.clone(),
        kiosk_id: kiosk(fact),
        subjects: subjects(fact).into_iter().collect(),
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
        correlation_id: event.correlation_id,
        causation_id: event.causation_id,
        command_id: event.command_id,
    }
}

/// Every pupil and guardian that the event is about.
fn subjects(fact: &Fact) -> BTreeSet<Uuid> {
    let mut subjects = BTreeSet::new();
    match &fact.event.payload {
        AnyEvent::School(_) | AnyEvent::Course(_) | AnyEvent::Kiosk(_) => {}
        AnyEvent::AttendanceDay(_) | AnyEvent::Guardian(_) => {
            subjects.insert(fact.own_id);
        }
        AnyEvent::Student(event) => {
            subjects.insert(fact.own_id);
            match event {
                student::Event::GuardianLinked { guardian_id, .. }
                | student::Event::GuardianLinkChanged { guardian_id, .. }
                | student::Event::GuardianUnlinked { guardian_id } => {
                    subjects.insert(guardian_id.0);
                }
                student::Event::Enrolled { .. }
                | student::Event::Moved { .. }
                | student::Event::DetailsChanged { .. }
                | student::Event::Withdrawn { .. }
                | student::Event::CredentialIssued { .. }
                | student::Event::CredentialRevoked { .. }
                | student::Event::Erased => {}
            }
        }
        AnyEvent::Quarantine(event) => match event {
            quarantine::Event::Assigned { student_id, .. } => {
                subjects.insert(student_id.0);
            }
            quarantine::Event::Received { .. } | quarantine::Event::Dismissed => {}
        },
    }
    subjects
}

/// The kiosk that the event is about, else the one that sent it.
fn kiosk(fact: &Fact) -> Option<KioskId> {
    let about = match &fact.event.payload {
        AnyEvent::Kiosk(_) => Some(KioskId(fact.own_id)),
        AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => Some(scan.kiosk_id),
        AnyEvent::Quarantine(quarantine::Event::Received { scan, .. }) => Some(scan.kiosk_id),
        AnyEvent::AttendanceDay(attendance_day::Event::ScanFlagged { .. })
        | AnyEvent::Quarantine(quarantine::Event::Assigned { .. } | quarantine::Event::Dismissed)
        | AnyEvent::School(_)
        | AnyEvent::Course(_)
        | AnyEvent::Student(_)
        | AnyEvent::Guardian(_) => None,
    };
    about.or_else(|| fact.event.actor.0.strip_prefix("kiosk:").and_then(|id| id.parse().ok()))
}
