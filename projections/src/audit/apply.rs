//! Turns an event into its audit entry. Pure.

use super::rows::Entry;
use crate::Fact;
use domain::{AnyEvent, KioskId};
use domain::{attendance_day, kiosk, quarantine, student};
use std::collections::BTreeSet;

/// What a kiosk's name as an actor begins with.
pub(super) const KIOSK: &str = "kiosk:";

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
        subjects: event.payload.subjects(&event.stream).into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
        correlation_id: event.correlation_id,
        causation_id: event.causation_id,
        command_id: event.command_id,
        reason: match &event.payload {
            AnyEvent::AttendanceDay(attendance_day::Event::ManualEntryRecorded { entry, .. }) => Some(entry.reason),
            _ => None,
        },
    }
}

/// What a replay folds of an event, as the log writes it; none of one that no day rests on.
pub(super) fn payload(fact: &Fact) -> Option<String> {
    let event = &fact.event.payload;
    takes_part(event).then(|| event.to_json().ok()).flatten()
}

/// Whether a replay folds the event: it says who is expected when, how far a gate is drained, or who passed it.
fn takes_part(event: &AnyEvent) -> bool {
    match event {
        AnyEvent::School(_) | AnyEvent::Course(_) | AnyEvent::AttendanceDay(_) => true,
        AnyEvent::Student(event) => match event {
            student::Event::Enrolled { .. }
            | student::Event::Moved { .. }
            | student::Event::Withdrawn { .. }
            | student::Event::Erased => true,
            student::Event::DetailsChanged { .. }
            | student::Event::CredentialIssued { .. }
            | student::Event::CredentialRevoked { .. }
            | student::Event::GuardianLinked { .. }
            | student::Event::GuardianLinkChanged { .. }
            | student::Event::GuardianUnlinked { .. } => false,
        },
        AnyEvent::Kiosk(event) => match event {
            kiosk::Event::Enrolled { .. }
            | kiosk::Event::ModeChanged { .. }
            | kiosk::Event::Revoked
            | kiosk::Event::DrainedThrough { .. }
            | kiosk::Event::Silent { .. }
            | kiosk::Event::Returned => true,
            kiosk::Event::GapDetected { .. } | kiosk::Event::ForkDetected { .. } => false,
        },
        AnyEvent::Guardian(_)
        | AnyEvent::Quarantine(_)
        | AnyEvent::NoShowCase(_)
        | AnyEvent::RollCall(_)
        | AnyEvent::Delivery(_)
        | AnyEvent::Broadcast(_)
        | AnyEvent::Account(_) => false,
    }
}

/// The kiosk that sent the event, else the one that it is about: whoever looks for a kiosk as the actor
/// finds it here.
fn kiosk(fact: &Fact) -> Option<KioskId> {
    sender(&fact.event.actor.0).or_else(|| about(fact))
}

/// The kiosk that an actor is, if it is one.
pub(super) fn sender(actor: &str) -> Option<KioskId> {
    actor.strip_prefix(KIOSK).and_then(|id| id.parse().ok())
}

fn about(fact: &Fact) -> Option<KioskId> {
    match &fact.event.payload {
        AnyEvent::Kiosk(_) => Some(KioskId(fact.own_id)),
        AnyEvent::AttendanceDay(attendance_day::Event::ScanRecorded { scan }) => Some(scan.kiosk_id),
        AnyEvent::Quarantine(quarantine::Event::Received { scan, .. }) => Some(scan.kiosk_id),
        AnyEvent::AttendanceDay(
            attendance_day::Event::ScanFlagged { .. }
            | attendance_day::Event::ManualEntryRecorded { .. }
            | attendance_day::Event::ManualEntryWithdrawn { .. }
            | attendance_day::Event::EarlyLeaveAuthorised { .. }
            | attendance_day::Event::EarlyLeaveBlocked { .. }
            | attendance_day::Event::EarlyLeaveRecorded { .. }
            | attendance_day::Event::EarlyLeaveCancelled { .. }
            | attendance_day::Event::JustificationSubmitted { .. }
            | attendance_day::Event::JustificationAccepted { .. }
            | attendance_day::Event::JustificationRejected { .. }
            | attendance_day::Event::CorrectionRequested { .. }
            | attendance_day::Event::CorrectionApproved { .. }
            | attendance_day::Event::CorrectionRejected { .. },
        )
        | AnyEvent::Quarantine(quarantine::Event::Assigned { .. } | quarantine::Event::Dismissed)
        | AnyEvent::School(_)
        | AnyEvent::Course(_)
        | AnyEvent::Student(_)
        | AnyEvent::Guardian(_)
        | AnyEvent::NoShowCase(_)
        | AnyEvent::RollCall(_)
        | AnyEvent::Delivery(_)
        | AnyEvent::Broadcast(_)
        | AnyEvent::Account(_) => None,
    }
}
