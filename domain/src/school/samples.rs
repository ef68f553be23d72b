//! One example of every event.

use super::{Event, Settings};

/// One example of every event, in the order of a life.
pub fn samples() -> Vec<Event> {
    let settings = Settings {
        zone: chrono_tz::America::Santiago,
        late_after_minutes: 5,
        missing_after_minutes: 15,
        echo_seconds: 90,
    };
    vec![
        Event::Registered {
            name: "Escuela Los Aromos".into(),
            rbd: Some("12345-6".into()),
            settings: settings.clone(),
        },
        Event::SettingsChanged {
            settings: Settings { zone: chrono_tz::America::Punta_Arenas, missing_after_minutes: 20, ..settings },
        },
    ]
}
