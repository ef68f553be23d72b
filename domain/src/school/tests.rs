use super::*;
use crate::aggregate::spec;
use crate::values::name::NameError;

fn given(history: &[Event]) -> spec::Given<School> {
    spec::given(history)
}
fn settings() -> Settings {
    Settings { zone: chrono_tz::America::Santiago, late_after_minutes: 5, missing_after_minutes: 15, echo_seconds: 90 }
}
fn register(name: &str, rbd: Option<&str>) -> Command {
    Command::Register { name: name.into(), rbd: rbd.map(Into::into), settings: settings() }
}
fn registered() -> Event {
    Event::Registered { name: "Liceo Uno".into(), rbd: Some("9999-K".into()), settings: settings() }
}

#[test]
fn a_school_is_registered_once_with_clean_values() {
    given(&[]).when(register(" Liceo  Uno ", Some(" 9999-k"))).then(&[registered()]);
    given(&[registered()]).when(register("Liceo Uno", Some("9999-K"))).then_nothing();
    given(&[registered()]).when(register("Liceo Dos", Some("9999-K"))).then_error(Error::AlreadyRegistered);
    given(&[registered()]).when(register("Liceo Uno", None)).then_error(Error::AlreadyRegistered);
    given(&[]).when(register("", None)).then_error(Error::Name(NameError::Empty));
    given(&[]).when(register(&"x".repeat(101), None)).then_error(Error::Name(NameError::TooLong));
}

#[test]
fn a_rbd_is_digits_a_hyphen_and_a_check_digit() {
    for wrong in ["", "9999", "-1", "9999-", "9999-10", "99 99-1", "1234567-1", "9999-Z", "ñ-1"] {
        given(&[]).when(register("Liceo", Some(wrong))).then_error(Error::Rbd);
    }
}

#[test]
fn settings_change_only_to_others() {
    let southern = Settings { zone: chrono_tz::America::Punta_Arenas, ..settings() };
    let change = |settings: &Settings| Command::ChangeSettings { settings: settings.clone() };
    given(&[registered()]).when(change(&southern)).then(&[Event::SettingsChanged { settings: southern.clone() }]);
    given(&[registered()]).when(change(&settings())).then_nothing();
    let changed = [registered(), Event::SettingsChanged { settings: southern.clone() }];
    given(&changed).when(change(&southern)).then_nothing();
    given(&changed).when(change(&settings())).then(&[Event::SettingsChanged { settings: settings() }]);
    given(&[]).when(change(&settings())).then_error(Error::NotRegistered);
}

#[test]
fn a_setting_beyond_its_limit_is_refused_by_its_name() {
    let cases = [
        (Settings { late_after_minutes: 241, ..settings() }, SettingsError::LateAfter),
        (Settings { missing_after_minutes: 241, ..settings() }, SettingsError::MissingAfter),
        (Settings { echo_seconds: 601, ..settings() }, SettingsError::Echo),
    ];
    for (settings, error) in cases {
        given(&[registered()])
            .when(Command::ChangeSettings { settings: settings.clone() })
            .then_error(Error::Settings(error));
        given(&[])
            .when(Command::Register { name: "Liceo".into(), rbd: None, settings })
            .then_error(Error::Settings(error));
    }
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 2);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "registered",
      "name": "Escuela Los Aromos",
      "rbd": "12345-6",
      "settings": {
        "zone": "America/Santiago",
        "late_after_minutes": 5,
        "missing_after_minutes": 15,
        "echo_seconds": 90
      }
    }
    "#);
    insta::assert_json_snapshot!(samples[1], @r#"
    {
      "type": "settings_changed",
      "settings": {
        "zone": "America/Punta_Arenas",
        "late_after_minutes": 5,
        "missing_after_minutes": 20,
        "echo_seconds": 90
      }
    }
    "#);
}
