use super::*;
use crate::sample_values::{date, id};
use std::collections::BTreeSet;

#[test]
fn every_sample_reads_back_as_it_was_written() {
    for event in all_samples() {
        let read = decode(event.aggregate(), event.name(), event.version(), &event.to_json().unwrap());
        assert_eq!(read, Ok(event));
    }
}

#[test]
fn every_event_of_every_aggregate_has_a_sample() {
    let sampled: BTreeSet<_> = all_samples().iter().map(|e| (e.aggregate(), e.name())).collect();
    let known: BTreeSet<_> =
        tables().into_iter().flat_map(|(a, events)| events.iter().map(move |(name, _)| (a, *name))).collect();
    assert_eq!(sampled, known);
}

#[test]
fn the_wire_name_is_the_type_in_the_payload() {
    for event in all_samples() {
        let payload: serde_json::Value = serde_json::from_str(&event.to_json().unwrap()).unwrap();
        assert_eq!(payload["type"], event.name());
    }
}

#[test]
fn every_event_is_described_in_one_sentence() {
    for (aggregate, events) in tables() {
        for (name, about) in events {
            assert!(about.ends_with('.') && about.len() > 20, "{aggregate}.{name}");
        }
    }
}

#[test]
fn the_catalogue_names_every_event_and_is_the_same_each_time() {
    let text = catalogue();
    for (aggregate, events) in tables() {
        for (name, about) in events {
            assert!(text.contains(&format!("### {aggregate}.{name} (version 1)\n\n{about}\n\n```json\n{{\n")));
        }
    }
    assert_eq!(text, catalogue());
}

#[test]
fn a_newer_programs_events_are_unknown_and_not_malformed() {
    let unknown = |aggregate: &str, name: &str, version: &str| {
        Err(DecodeError::Unknown { aggregate: aggregate.into(), name: name.into(), version: version.into() })
    };
    assert_eq!(decode("kiosk", "painted", "1", r#"{"type":"painted"}"#), unknown("kiosk", "painted", "1"));
    assert_eq!(decode("kiosk", "revoked", "2", r#"{"type":"revoked"}"#), unknown("kiosk", "revoked", "2"));
    assert_eq!(decode("locker", "revoked", "1", r#"{"type":"revoked"}"#), unknown("locker", "revoked", "1"));
    assert_eq!(decode("kiosk", "revoked", "1", r#"{"type":"returned"}"#), unknown("kiosk", "revoked", "1"));
}

#[test]
fn a_malformed_payload_is_told_by_its_place_and_never_quoted() {
    let error = decode("school", "registered", "1", r#"{"type":"registered","name":"Secreto""#).unwrap_err();
    assert!(matches!(error, DecodeError::Malformed { line: 1, column: 37, .. }), "{error:?}");
    assert!(!error.to_string().contains("Secreto"));
    assert!(!format!("{error:?}").contains("Secreto"));
}

#[test]
fn an_event_is_about_its_streams_person_and_those_it_names() {
    let (school, pupil, guardian) = (id(1), id::<Uuid>(0x31), id::<Uuid>(0x51));
    let own = StreamId::of(school, pupil);
    let day = StreamId::of_day(date(), school, id(0x31));
    for event in all_samples() {
        let subjects = event.subjects(if event.aggregate() == "attendance_day" { &day } else { &own });
        let expected = match (event.aggregate(), event.name()) {
            ("school" | "course" | "kiosk", _) | ("quarantine", "received" | "dismissed") => vec![],
            ("roll_call", "started" | "turned_into_evacuation" | "ended") => vec![],
            ("delivery", "requested") => vec![pupil, guardian],
            ("delivery", _) => vec![],
            ("broadcast", "drafted") if !subjects.is_empty() => vec![pupil],
            ("broadcast", _) => vec![],
            ("quarantine", "assigned") | ("roll_call", _) => vec![pupil],
            ("student", "guardian_linked" | "guardian_link_changed" | "guardian_unlinked") => vec![pupil, guardian],
            ("attendance_day", "early_leave_authorised" | "early_leave_blocked") => vec![pupil, guardian],
            // Those of the staff name no guardian.
            ("attendance_day", "justification_submitted") if subjects.len() == 2 => vec![pupil, guardian],
            _ => vec![pupil],
        };
        assert_eq!(subjects, expected, "{}.{}", event.aggregate(), event.name());
    }
}
