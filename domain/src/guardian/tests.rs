use super::*;
use crate::aggregate::{fold, spec};

fn given(history: &[Event]) -> spec::Given<Guardian> {
    spec::given(history)
}
fn s(text: &str) -> Sealed {
    Sealed(text.into())
}
fn registered() -> Event {
    Event::Registered { name: s("n"), national_id: Some(s("i")), phone: Some(s("p")), mail: None }
}
fn register(name: &str) -> Command {
    Command::Register { name: s(name), national_id: Some(s("i")), phone: Some(s("p")), mail: None }
}
fn change(phone: Option<&str>) -> Command {
    Command::ChangeContact { name: s("n"), national_id: Some(s("i")), phone: phone.map(s), mail: None }
}

#[test]
fn a_guardian_is_registered_once() {
    given(&[]).when(register("n")).then(&[registered()]);
    given(&[registered()]).when(register("n")).then_nothing();
    given(&[registered()]).when(register("m")).then_error(Error::AlreadyRegistered);
    given(&[registered(), Event::Erased]).when(register("n")).then_error(Error::Erased);
}

#[test]
fn contacts_change_only_to_others() {
    let changed = Event::ContactChanged { name: s("n"), national_id: Some(s("i")), phone: None, mail: None };
    given(&[registered()]).when(change(None)).then(std::slice::from_ref(&changed));
    given(&[registered()]).when(change(Some("p"))).then_nothing();
    given(&[registered(), changed]).when(change(None)).then_nothing();
    given(&[]).when(change(None)).then_error(Error::NotRegistered);
    given(&[registered(), Event::Erased]).when(change(None)).then_error(Error::Erased);
}

#[test]
fn a_guardian_is_erased_once() {
    given(&[registered()]).when(Command::Erase).then(&[Event::Erased]);
    given(&[registered(), Event::Erased]).when(Command::Erase).then_nothing();
    given(&[]).when(Command::Erase).then_error(Error::NotRegistered);
}

#[test]
fn an_identifier_that_becomes_known_later_is_the_guardians_from_then_on() {
    let unknown = Event::Registered { name: s("n"), national_id: None, phone: Some(s("p")), mail: None };
    let learned = Event::ContactChanged { name: s("n"), national_id: Some(s("i")), phone: Some(s("p")), mail: None };
    given(std::slice::from_ref(&unknown)).when(change(Some("p"))).then(std::slice::from_ref(&learned));
    let expected = State::Registered {
        name: s("n"),
        national_id: Some(s("i")),
        phone: Some(s("p")),
        mail: None,
        notices: notices::Notices::default(),
    };
    assert_eq!(fold::<Guardian>(&[unknown, learned]), expected);
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 6);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "registered",
      "name": "v1:registered:name:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "national_id": "v1:registered:national_id:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "phone": "v1:registered:phone:contact:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "mail": null
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "contact_changed",
      "name": "v1:contact_changed:name:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "national_id": "v1:contact_changed:national_id:identity:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "phone": "v1:contact_changed:phone:contact:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA",
      "mail": "v1:contact_changed:mail:contact:018f0000-0000-7000-8000-0000000000ee:c2FtcGxlLW5vLXJlYWwtY2lwaGVydGV4dA"
    }
    "#);
    insta::assert_json_snapshot!(samples[2], @r#"
    {
      "type": "preferences_set",
      "student_id": "018f0000-0000-7000-8000-000000000031",
      "language": "es",
      "wanted": [
        {
          "kind": "no_entry",
          "channels": [
            "whatsapp",
            "email"
          ]
        },
        {
          "kind": "late",
          "channels": []
        }
      ]
    }
    "#);
    insta::assert_json_snapshot!(samples[3], @r#"
    {
      "type": "opted_out",
      "channel": "whatsapp",
      "kind": null,
      "method": "reply",
      "said_at": "2026-11-23T12:00:00Z"
    }
    "#);
    insta::assert_json_snapshot!(samples[4], @r#"
    {
      "type": "opted_in",
      "channel": "whatsapp",
      "kind": null,
      "method": "reply",
      "said_at": "2026-11-23T13:00:00Z"
    }
    "#);
    insta::assert_json_snapshot!(samples[5], @r#"
    {
      "type": "erased"
    }
    "#);
}

fn opt(in_: bool, minute: u32) -> Command {
    let said_at = crate::sample_values::at(12, minute, 0);
    Command::Opt { channel: Channel::Whatsapp, kind: None, in_, method: Method::Reply, said_at }
}
fn opted(in_: bool, minute: u32) -> Event {
    let (channel, kind, method) = (Channel::Whatsapp, None, Method::Reply);
    let said_at = crate::sample_values::at(12, minute, 0);
    match in_ {
        true => Event::OptedIn { channel, kind, method, said_at },
        false => Event::OptedOut { channel, kind, method, said_at },
    }
}

#[test]
fn d13_what_was_said_last_counts_and_a_repeat_that_comes_late_takes_nothing_back() {
    given(&[registered()]).when(opt(true, 1)).then(&[opted(true, 1)]);
    given(&[registered(), opted(true, 1)]).when(opt(true, 2)).then_nothing();
    given(&[registered(), opted(true, 1)]).when(opt(false, 2)).then(&[opted(false, 2)]);
    let back = [registered(), opted(false, 2), opted(true, 3)];
    given(&back).when(opt(false, 2)).then_nothing();
    given(&back).when(opt(false, 4)).then(&[opted(false, 4)]);
    given(&[]).when(opt(false, 4)).then_error(Error::NotRegistered);
    given(&[registered(), Event::Erased]).when(opt(false, 4)).then_error(Error::Erased);
}

#[test]
fn preferences_are_set_once_and_survive_a_new_address() {
    let wanted = vec![Want { kind: Kind::NoEntry, channels: vec![] }];
    let set = Command::SetPreferences { student_id: None, language: None, wanted: wanted.clone() };
    let said = Event::PreferencesSet { student_id: None, language: None, wanted };
    given(&[registered()]).when(set.clone()).then(std::slice::from_ref(&said));
    let changed = Event::ContactChanged { name: s("n"), national_id: Some(s("i")), phone: None, mail: None };
    given(&[registered(), said, changed]).when(set).then_nothing();
}
