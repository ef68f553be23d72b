//! One example of every event.

use super::{Event, Settings};
use crate::calendar::{DaySlot, Layer, Reason, RecoveryTimes, Resolution, SchoolDay};
use crate::sample_values::id;
use chrono::{NaiveDate, NaiveTime, Weekday};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    let settings = Settings {
        late_after_minutes: 5,
        missing_after_minutes: 15,
        echo_seconds: 90,
        ..Settings::of(chrono_tz::America::Santiago)
    };
    let date = |m, d| NaiveDate::from_ymd_opt(2026, m, d).unwrap_or_default();
    let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
    let set = |date, day| Event::CalendarDaySet { date, day };
    let saturday = DaySlot { slot_id: id(0x66), entry: time(9, 0), exit: time(13, 0) };
    vec![
        Event::Registered {
            name: "Escuela Los Aromos".into(),
            rbd: Some("12345-6".into()),
            settings: settings.clone(),
        },
        Event::SettingsChanged {
            settings: Settings { zone: chrono_tz::America::Punta_Arenas, missing_after_minutes: 20, ..settings },
        },
        set(date(12, 25), SchoolDay::Holiday { name: "Navidad".into() }),
        set(
            date(6, 23),
            SchoolDay::NoClasses {
                reason: Reason::Weather,
                resolution: Some(Resolution { number: "1234".into(), date: Some(date(6, 22)) }),
            },
        ),
        set(date(7, 4), SchoolDay::Recovery { times: RecoveryTimes::Weekday { weekday: Weekday::Tue } }),
        set(date(7, 11), SchoolDay::Recovery { times: RecoveryTimes::Own { slots: vec![saturday] } }),
        set(date(10, 16), SchoolDay::HalfDay { exit: time(12, 30), reason: Reason::Ceremony }),
        set(date(11, 6), SchoolDay::Outing),
        Event::CalendarDayCleared { date: date(11, 6), layer: Layer::Day },
    ]
}
