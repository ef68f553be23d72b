use super::*;
use crate::aggregate::spec;
use crate::calendar::Reason;
use crate::sample_values::{at, date, id};
use Hold::{GateSilent, MassAlarm, Stale};

fn given(history: &[Event]) -> spec::Given<NoShowCase> {
    spec::given(history)
}
fn due_at() -> DateTime<Utc> {
    at(11, 15, 0)
}
fn missing(hold: Option<Hold>) -> Command {
    Command::Observe(Finding::Missing { course_id: id(0x21), due_at: due_at(), hold })
}
fn entered(at: DateTime<Utc>) -> Command {
    Command::Observe(Finding::Entered { at })
}
fn opened() -> Event {
    Event::Opened { course_id: id(0x21), due_at: due_at() }
}
fn held(reason: Hold) -> Event {
    Event::Held { reason }
}
const TOLD: Event = Event::NoticeRequested { step: 1 };

#[test]
fn a_case_says_in_its_stream_whose_it_is() {
    let case = CaseId { date: date(), slot_id: id(0x61), student_id: id(0x31) };
    let stream = case.stream(id(1));
    assert_eq!(CaseId::of_stream(&stream), Some(case));
    assert_eq!(stream.own_id(), Some(case.student_id.0));
    for other in [StreamId::of(id(1), id::<StudentId>(2)), StreamId::of_day(date(), id(1), id(2))] {
        assert_eq!(CaseId::of_stream(&other), None);
    }
}

#[test]
fn who_is_missing_gets_one_case_and_the_families_are_to_be_told_once() {
    given(&[]).when(missing(None)).then(&[opened(), TOLD]);
    given(&[opened(), TOLD]).when(missing(None)).then_nothing();
    // What was said is not unsaid by what is found later.
    given(&[opened(), TOLD]).when(missing(Some(MassAlarm))).then_nothing();
}

#[test]
fn what_holds_a_case_back_is_told_as_it_changes_and_let_go_when_it_ends() {
    given(&[]).when(missing(Some(GateSilent))).then(&[opened(), held(GateSilent)]);
    given(&[opened(), held(GateSilent)]).when(missing(Some(GateSilent))).then_nothing();
    given(&[opened(), held(GateSilent)]).when(missing(Some(Stale))).then(&[held(Stale)]);
    given(&[opened(), held(GateSilent), held(MassAlarm)]).when(missing(None)).then(&[TOLD]);
}

#[test]
fn who_came_after_it_was_due_arrived_and_who_had_been_there_should_have_had_no_case() {
    for history in [vec![opened(), TOLD], vec![opened(), held(GateSilent)], vec![opened(), TOLD, Event::Acknowledged]] {
        let arrived = Event::Resolved { resolution: Resolution::Arrived { at: due_at() } };
        given(&history).when(entered(due_at())).then(&[arrived]);
        let before = Event::Retracted { retraction: Retraction::EnteredBefore { at: at(11, 14, 59) } };
        given(&history).when(entered(at(11, 14, 59))).then(&[before]);
    }
    given(&[]).when(entered(at(11, 0, 0))).then_nothing();
}

#[test]
fn whom_nobody_expects_any_more_should_have_had_no_case() {
    let why = Why::NoClasses { reason: Reason::Weather };
    let observe = Command::Observe(Finding::NotExpected { why });
    given(&[opened(), TOLD]).when(observe).then(&[Event::Retracted { retraction: Retraction::NotExpected { why } }]);
    given(&[]).when(observe).then_nothing();
    let later = Command::Observe(Finding::NotDue);
    given(&[opened(), TOLD]).when(later).then(&[Event::Retracted { retraction: Retraction::NotDue }]);
    given(&[opened(), TOLD, Event::Retracted { retraction: Retraction::NotDue }]).when(later).then_nothing();
}

#[test]
fn a_case_that_ended_begins_again_if_the_facts_say_so_but_not_against_a_persons_word() {
    for end in samples() {
        let history = [opened(), TOLD, end.clone()];
        match end {
            Event::Resolved { resolution: Resolution::Justified { .. } } => {
                given(&history).when(missing(None)).then_nothing();
                given(&history).when(entered(at(12, 0, 0))).then_nothing();
            }
            Event::Resolved { .. } | Event::Retracted { .. } => {
                given(&history).when(missing(None)).then(&[opened(), TOLD]);
            }
            Event::Opened { .. } | Event::Held { .. } | Event::NoticeRequested { .. } | Event::Acknowledged => {}
        }
    }
}

#[test]
fn whom_a_person_looks_after_nobody_else_is_told_of() {
    for history in [vec![opened(), held(MassAlarm)], vec![opened(), TOLD]] {
        given(&history).when(Command::Acknowledge).then(&[Event::Acknowledged]);
        let acknowledged = [history, vec![Event::Acknowledged]].concat();
        given(&acknowledged).when(Command::Acknowledge).then_nothing();
        given(&acknowledged).when(missing(None)).then_nothing();
        given(&acknowledged).when(Command::Release).then_error(Error::Acknowledged);
    }
}

#[test]
fn a_person_may_tell_the_families_what_was_held_back() {
    given(&[opened(), held(MassAlarm)]).when(Command::Release).then(&[TOLD]);
    given(&[opened(), held(MassAlarm), TOLD]).when(Command::Release).then_nothing();
}

#[test]
fn a_person_may_say_why_a_pupil_does_not_come_once() {
    let justify = |reason| Command::Justify { reason };
    let justified = |reason| Event::Resolved { resolution: Resolution::Justified { reason } };
    let ill = justified(Justification::Illness);
    given(&[opened(), TOLD]).when(justify(Justification::Illness)).then(std::slice::from_ref(&ill));
    given(&[opened(), TOLD, Event::Acknowledged])
        .when(justify(Justification::Other))
        .then(&[justified(Justification::Other)]);
    given(&[opened(), TOLD, ill]).when(justify(Justification::Family)).then_nothing();
}

#[test]
fn what_is_not_there_or_over_is_refused() {
    let arrived = Event::Resolved { resolution: Resolution::Arrived { at: at(11, 40, 0) } };
    for command in [Command::Acknowledge, Command::Release, Command::Justify { reason: Justification::Illness }] {
        given(&[]).when(command).then_error(Error::NotOpened);
        given(&[opened(), TOLD, arrived.clone()]).when(command).then_error(Error::Closed);
    }
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    let json: Vec<String> = samples.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    assert_eq!(
        json,
        [
            r#"{"type":"opened","course_id":"018f0000-0000-7000-8000-000000000021","due_at":"2026-11-23T11:15:00Z"}"#,
            r#"{"type":"held","reason":"gate_silent"}"#,
            r#"{"type":"notice_requested","step":1}"#,
            r#"{"type":"acknowledged"}"#,
            r#"{"type":"resolved","how":"arrived","at":"2026-11-23T11:41:10Z"}"#,
            r#"{"type":"resolved","how":"justified","reason":"illness"}"#,
            r#"{"type":"retracted","cause":"entered_before","at":"2026-11-23T10:58:30Z"}"#,
            r#"{"type":"retracted","cause":"not_expected","why":{"rule":"no_classes","reason":"weather"}}"#,
            r#"{"type":"retracted","cause":"not_due"}"#,
            r#"{"type":"retracted","cause":"left_early","at":"2026-11-23T14:16:00Z"}"#,
        ]
    );
    for event in samples {
        let read = crate::event::decode_as::<Event>(
            crate::DomainEvent::name(&event),
            "1",
            &serde_json::to_string(&event).unwrap(),
        );
        assert_eq!(read, Ok(event));
    }
}
