use super::*;
use crate::aggregate::{fold, spec};
use crate::sample_values::{at, id};

fn given(history: &[Event]) -> spec::Given<Delivery> {
    spec::given(history)
}
fn notice() -> Notice {
    Notice {
        cause_id: id(0x91),
        kind: Kind::NoEntry,
        says: Says::NoEntry,
        channel: Channel::Whatsapp,
        guardian_id: id(0x51),
        student_id: id(0x31),
        expires_at: at(12, 45, 0),
    }
}
fn requested() -> Event {
    Event::Requested { notice: notice() }
}
fn accept() -> Command {
    Command::Accept { attempt: 1, mode: Mode::Live }
}
fn accepted() -> Event {
    Event::Accepted { attempt: 1, mode: Mode::Live }
}
fn fail() -> Command {
    Command::Fail { reason: Failure::Recipient, code: Some(131_026) }
}
fn failed() -> Event {
    Event::Failed { reason: Failure::Recipient, code: Some(131_026) }
}
fn doubt() -> Event {
    Event::Unknown { reason: Doubt::NoAnswer }
}

#[test]
fn a_delivery_is_asked_for_once() {
    given(&[]).when(Command::Request(notice())).then(&[requested()]);
    given(&[requested()]).when(Command::Request(notice())).then_nothing();
    given(&[requested(), failed()]).when(Command::Request(notice())).then_nothing();
    let other = Notice { channel: Channel::Email, ..notice() };
    given(&[requested()]).when(Command::Request(other)).then_error(Error::Another);
    for command in [accept(), Command::Deliver, Command::Read, fail(), Command::Doubt(Doubt::Crash)] {
        given(&[]).when(command).then_error(Error::NotRequested);
    }
}

#[test]
fn its_id_follows_from_cause_guardian_kind_and_channel_alone() {
    let ids: std::collections::BTreeSet<_> = [(1, 1), (1, 2), (2, 1), (2, 2)]
        .into_iter()
        .flat_map(|(cause, guardian)| {
            [Kind::NoEntry, Kind::Correction].into_iter().flat_map(move |kind| {
                Channel::ALL.iter().map(move |channel| DeliveryId::of(id(cause), id(guardian), kind, *channel))
            })
        })
        .collect();
    assert_eq!(ids.len(), 16);
    let of = |cause| DeliveryId::of(id(cause), id(2), Kind::NoEntry, Channel::Email);
    assert_eq!(of(1), of(1));
}

#[test]
fn what_is_heard_twice_or_out_of_order_changes_nothing_that_is_better_known() {
    let said = [requested(), accepted(), Event::Delivered];
    for late in [accept(), Command::Deliver, fail(), Command::Doubt(Doubt::Crash)] {
        given(&said).when(late).then_nothing();
    }
    given(&said).when(Command::Read).then(&[Event::Read]);
    let read = [requested(), accepted(), Event::Read];
    for late in [accept(), Command::Deliver, Command::Read, fail()] {
        given(&read).when(late).then_nothing();
    }
}

#[test]
fn delivered_may_be_skipped_and_may_come_after_a_failure() {
    given(&[requested(), accepted()]).when(Command::Read).then(&[Event::Read]);
    given(&[requested(), accepted(), failed()]).when(Command::Deliver).then(&[Event::Delivered]);
    given(&[requested(), failed()]).when(accept()).then_nothing();
    given(&[requested(), failed()]).when(fail()).then_nothing();
    // The channel's word comes before its answer.
    given(&[requested()]).when(Command::Deliver).then(&[Event::Delivered]);
}

#[test]
fn what_may_have_arrived_is_never_said_to_have_been_suppressed() {
    let suppress = Command::Suppress(Suppression::NotTrue);
    given(&[requested()]).when(suppress).then(&[Event::Suppressed { reason: Suppression::NotTrue }]);
    for known in [doubt(), accepted(), Event::Delivered, failed()] {
        given(&[requested(), known]).when(suppress).then_nothing();
    }
    given(&[requested(), doubt()]).when(Command::Doubt(Doubt::Crash)).then_nothing();
    given(&[requested(), doubt()]).when(accept()).then(&[accepted()]);
    given(&[requested(), doubt()]).when(fail()).then(&[failed()]);
}

#[test]
fn codes_are_those_of_the_wire() {
    fn wire(value: impl serde::Serialize) -> String {
        serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
    }
    assert!(Kind::ALL.iter().all(|kind| kind.as_str() == wire(kind) && Kind::of_code(&wire(kind)) == Some(*kind)));
    assert!(Channel::ALL.iter().all(|channel| channel.as_str() == wire(channel)));
    assert!(Says::ALL.iter().all(|says| says.as_str() == wire(says)));
    assert_eq!(Kind::of_code("gossip"), None);
}

#[test]
fn every_event_has_this_json() {
    let json: Vec<String> = samples().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    assert_eq!(fold::<Delivery>(&samples()[..1]), State::Known { notice: notice(), status: Status::Requested });
    insta::assert_snapshot!(json.join("\n"), @r#"
    {"type":"requested","cause_id":"018f0000-0000-7000-8000-000000000091","kind":"no_entry","says":"no_entry","channel":"whatsapp","guardian_id":"018f0000-0000-7000-8000-000000000051","student_id":"018f0000-0000-7000-8000-000000000031","expires_at":"2026-11-23T12:45:00Z"}
    {"type":"requested","cause_id":"018f0000-0000-7000-8000-000000000092","kind":"entry","says":"entered","channel":"email","guardian_id":"018f0000-0000-7000-8000-000000000051","student_id":"018f0000-0000-7000-8000-000000000031","expires_at":"2026-11-23T23:41:00Z"}
    {"type":"requested","cause_id":"018f0000-0000-7000-8000-000000000092","kind":"correction","says":"arrived","channel":"email","guardian_id":"018f0000-0000-7000-8000-000000000051","student_id":"018f0000-0000-7000-8000-000000000031","expires_at":"2026-11-23T23:41:00Z"}
    {"type":"accepted","attempt":1,"mode":"live"}
    {"type":"delivered"}
    {"type":"read"}
    {"type":"failed","reason":"recipient","code":131026}
    {"type":"unknown","reason":"no_answer"}
    {"type":"suppressed","reason":"no_right"}
    "#);
}

#[test]
fn d20_an_event_holds_ids_codes_and_instants_and_nothing_else() {
    for event in samples() {
        let serde_json::Value::Object(fields) = serde_json::to_value(event).unwrap() else { panic!() };
        for (name, value) in fields {
            let text = value.as_str().unwrap_or_default();
            let is_code = text.len() < 20 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let is_id = name.ends_with("_id") && Uuid::parse_str(text).is_ok();
            let is_instant = name.ends_with("_at") && text.parse::<DateTime<Utc>>().is_ok();
            assert!(is_code || is_id || is_instant || value.is_number() || value.is_null(), "{name}: {value}");
        }
    }
}
