use super::*;
use crate::aggregate::spec;
use crate::calendar::{DayError, DaySlot, EARLIEST_HALF_DAY, Reason, RecoveryTimes, Resolution};
use crate::sample_values::id;
use crate::values::name::NameError;
use crate::values::school_date::NotASchoolDate;
use chrono::{NaiveTime, Weekday};

fn given(history: &[Event]) -> spec::Given<School> {
    spec::given(history)
}
fn settings() -> Settings {
    Settings {
        late_after_minutes: 5,
        missing_after_minutes: 15,
        echo_seconds: 90,
        ..Settings::of(chrono_tz::America::Santiago)
    }
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
fn some_settings_are_adjusted_and_the_others_stay_as_they_are_by_then() {
    let southern = Settings { zone: chrono_tz::America::Punta_Arenas, ..settings() };
    let changed = [registered(), Event::SettingsChanged { settings: southern.clone() }];
    let adjust = |late| Command::AdjustSettings {
        change: SettingsChange { late_after_minutes: Some(late), ..SettingsChange::default() },
    };
    let adjusted = Settings { late_after_minutes: 10, ..southern };
    given(&changed).when(adjust(10)).then(&[Event::SettingsChanged { settings: adjusted }]);
    given(&changed).when(adjust(5)).then_nothing();
    given(&changed).when(adjust(500)).then_error(Error::Settings(SettingsError::LateAfter));
    given(&[]).when(adjust(10)).then_error(Error::NotRegistered);
}

#[test]
fn a_setting_beyond_its_limit_is_refused_by_its_name() {
    let cases = [
        (Settings { late_after_minutes: 241, ..settings() }, SettingsError::LateAfter),
        (Settings { missing_after_minutes: 241, ..settings() }, SettingsError::MissingAfter),
        (Settings { echo_seconds: 601, ..settings() }, SettingsError::Echo),
        (Settings { mass_alarm_percent: 0, ..settings() }, SettingsError::MassAlarm),
        (Settings { mass_alarm_percent: 101, ..settings() }, SettingsError::MassAlarm),
        (Settings { stale_after_minutes: 0, ..settings() }, SettingsError::StaleAfter),
        (Settings { stale_after_minutes: 601, ..settings() }, SettingsError::StaleAfter),
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

fn date(m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, m, d).unwrap()
}
fn time(h: u32, m: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(h, m, 0).unwrap()
}
fn holiday(name: &str) -> SchoolDay {
    SchoolDay::Holiday { name: name.into() }
}
fn suspended(resolution: Option<&str>) -> SchoolDay {
    let resolution = resolution.map(|number| Resolution { number: number.into(), date: None });
    SchoolDay::NoClasses { reason: Reason::Weather, resolution }
}
fn set(day: SchoolDay) -> Command {
    Command::SetDay { date: date(12, 8), day }
}
fn was_set(day: SchoolDay) -> Event {
    Event::CalendarDaySet { date: date(12, 8), day }
}
fn clear(layer: Layer) -> Command {
    Command::ClearDay { date: date(12, 8), layer }
}
fn was_cleared(layer: Layer) -> Event {
    Event::CalendarDayCleared { date: date(12, 8), layer }
}

#[test]
fn a_holiday_entered_twice_is_one_holiday() {
    given(&[registered()])
        .when(set(holiday(" Inmaculada  Concepción")))
        .then(&[was_set(holiday("Inmaculada Concepción"))]);
    let entered = [registered(), was_set(holiday("Inmaculada Concepción"))];
    given(&entered).when(set(holiday("Inmaculada Concepción "))).then_nothing();
    given(&entered).when(set(holiday("La Inmaculada"))).then(&[was_set(holiday("La Inmaculada"))]);
    given(&[]).when(set(holiday("Navidad"))).then_error(Error::NotRegistered);
}

#[test]
fn a_day_that_the_school_sets_lies_over_the_holiday_and_goes_without_it() {
    let both = [registered(), was_set(holiday("Navidad")), was_set(suspended(None))];
    given(&both).when(set(suspended(None))).then_nothing();
    given(&both).when(set(holiday("Navidad"))).then_nothing();
    given(&both).when(clear(Layer::Day)).then(&[was_cleared(Layer::Day)]);
    given(&both).when(clear(Layer::Holiday)).then(&[was_cleared(Layer::Holiday)]);
    let uncovered = [&both[..], &[was_cleared(Layer::Day)]].concat();
    given(&uncovered).when(clear(Layer::Day)).then_nothing();
    given(&uncovered).when(set(holiday("Navidad"))).then_nothing();
    given(&uncovered).when(set(suspended(None))).then(&[was_set(suspended(None))]);
}

#[test]
fn clearing_what_is_not_set_is_nothing() {
    given(&[registered()]).when(clear(Layer::Holiday)).then_nothing();
    given(&[registered(), was_set(holiday("Navidad"))]).when(clear(Layer::Day)).then_nothing();
    given(&[]).when(clear(Layer::Day)).then_error(Error::NotRegistered);
}

#[test]
fn a_resolution_comes_after_the_day_was_set_and_changes_it() {
    let known = [registered(), was_set(suspended(None))];
    given(&known).when(set(suspended(Some(" 1234/2026 ")))).then(&[was_set(suspended(Some("1234/2026")))]);
    for wrong in ["", "sin número", "12;34", "123456789012345678901", "¿?", "12\u{0}"] {
        given(&known).when(set(suspended(Some(wrong)))).then_error(Error::Day(DayError::Resolution));
    }
}

#[test]
fn a_day_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it() {
    let stay = |n, from, to| DaySlot { slot_id: id(n), entry: time(from, 0), exit: time(to, 0) };
    let own = |slots| SchoolDay::Recovery { times: RecoveryTimes::Own { slots } };
    let half = |exit| SchoolDay::HalfDay { exit, reason: Reason::Ceremony };
    for (day, error) in [
        (holiday(" "), DayError::HolidayName(NameError::Empty)),
        (holiday(&"x".repeat(81)), DayError::HolidayName(NameError::TooLong)),
        (own(vec![]), DayError::NoSlots),
        (own((0..9).map(|n| stay(n.into(), n, n + 1)).collect()), DayError::TooManySlots),
        (own(vec![stay(1, 13, 9)]), DayError::SlotEndsBeforeItBegins),
        (own(vec![stay(1, 9, 9)]), DayError::SlotEndsBeforeItBegins),
        (own(vec![stay(1, 9, 12), stay(2, 11, 13)]), DayError::SlotsOverlap),
        (own(vec![stay(1, 9, 12), stay(1, 12, 13)]), DayError::SlotIdTwice),
        (half(time(5, 59)), DayError::HalfDayTooEarly),
    ] {
        given(&[registered()]).when(set(day)).then_error(Error::Day(error));
    }
    given(&[registered()]).when(set(half(EARLIEST_HALF_DAY))).then(&[was_set(half(EARLIEST_HALF_DAY))]);
    let sorted = own(vec![stay(2, 8, 12), stay(1, 12, 16)]);
    given(&[registered()]).when(set(own(vec![stay(1, 12, 16), stay(2, 8, 12)]))).then(&[was_set(sorted)]);
}

#[test]
fn a_date_that_no_school_can_mean_is_refused() {
    let far = NaiveDate::from_ymd_opt(2201, 1, 1).unwrap();
    let day = || suspended(None);
    given(&[registered()])
        .when(Command::SetDay { date: far, day: day() })
        .then_error(Error::Day(DayError::Date(NotASchoolDate)));
    let dated = SchoolDay::NoClasses {
        reason: Reason::Weather,
        resolution: Some(Resolution { number: "1".into(), date: Some(far) }),
    };
    given(&[registered()]).when(set(dated)).then_error(Error::Day(DayError::ResolutionDate(NotASchoolDate)));
}

#[test]
fn settings_and_the_calendar_do_not_disturb_each_other() {
    let southern = Settings { zone: chrono_tz::America::Punta_Arenas, ..settings() };
    let changed = [registered(), was_set(suspended(None)), Event::SettingsChanged { settings: southern.clone() }];
    given(&changed).when(set(suspended(None))).then_nothing();
    given(&changed).when(Command::ChangeSettings { settings: southern }).then_nothing();
    given(&changed).when(register("Liceo Uno", Some("9999-K"))).then_error(Error::AlreadyRegistered);
}

#[test]
fn a_recovery_day_follows_a_weekday_or_has_times_of_its_own() {
    let like = |weekday| SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday } };
    given(&[registered()]).when(set(like(Weekday::Mon))).then(&[was_set(like(Weekday::Mon))]);
    given(&[registered(), was_set(like(Weekday::Mon))])
        .when(set(like(Weekday::Fri)))
        .then(&[was_set(like(Weekday::Fri))]);
}

#[test]
fn settings_of_before_hold_an_alarm_back_as_a_new_school_does() {
    let stored = r#"{"type":"settings_changed","settings":{"zone":"America/Santiago","late_after_minutes":5,"missing_after_minutes":15,"echo_seconds":90}}"#;
    let event = crate::event::decode_as::<Event>("settings_changed", "1", stored).unwrap();
    assert_eq!(event, Event::SettingsChanged { settings: settings() });
    assert_eq!((settings().mass_alarm_percent, settings().stale_after_minutes), (25, 90));
}

#[test]
fn every_event_has_this_json() {
    let samples = samples();
    assert_eq!(samples.len(), 9);
    insta::assert_json_snapshot!(samples[0], @r#"
    {
      "type": "registered",
      "name": "Escuela Los Aromos",
      "rbd": "12345-6",
      "settings": {
        "zone": "America/Santiago",
        "late_after_minutes": 5,
        "missing_after_minutes": 15,
        "echo_seconds": 90,
        "mass_alarm_percent": 25,
        "stale_after_minutes": 90
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
        "echo_seconds": 90,
        "mass_alarm_percent": 25,
        "stale_after_minutes": 90
      }
    }
    "#);
    insta::assert_json_snapshot!(samples[2..], @r#"
    [
      {
        "type": "calendar_day_set",
        "date": "2026-12-25",
        "day": {
          "kind": "holiday",
          "name": "Navidad"
        }
      },
      {
        "type": "calendar_day_set",
        "date": "2026-06-23",
        "day": {
          "kind": "no_classes",
          "reason": "weather",
          "resolution": {
            "number": "1234",
            "date": "2026-06-22"
          }
        }
      },
      {
        "type": "calendar_day_set",
        "date": "2026-07-04",
        "day": {
          "kind": "recovery",
          "times": {
            "as": "weekday",
            "weekday": "Tue"
          }
        }
      },
      {
        "type": "calendar_day_set",
        "date": "2026-07-11",
        "day": {
          "kind": "recovery",
          "times": {
            "as": "own",
            "slots": [
              {
                "slot_id": "018f0000-0000-7000-8000-000000000066",
                "entry": "09:00:00",
                "exit": "13:00:00"
              }
            ]
          }
        }
      },
      {
        "type": "calendar_day_set",
        "date": "2026-10-16",
        "day": {
          "kind": "half_day",
          "exit": "12:30:00",
          "reason": "ceremony"
        }
      },
      {
        "type": "calendar_day_set",
        "date": "2026-11-06",
        "day": {
          "kind": "outing"
        }
      },
      {
        "type": "calendar_day_cleared",
        "date": "2026-11-06",
        "layer": "day"
      }
    ]
    "#);
}
