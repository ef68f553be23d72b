//! Names of the domain's enums in text columns: the same as on the wire, taken from serde.

use domain::school::Settings;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

/// The stored name of a unit variant.
pub(crate) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(s)) => s,
        _ => unreachable!("only enums of unit variants are stored by name"),
    }
}

/// Reads a stored name. An unknown one is the schema's and the program's disagreement, not a user's.
pub(crate) fn parse<'de, T: Deserialize<'de>>(s: &'de str) -> Result<T, sqlx::Error> {
    let s: serde::de::value::StrDeserializer<'de, serde::de::value::Error> = s.into_deserializer();
    T::deserialize(s).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}

/// Several names as one text that `string_to_array(…, ',')` splits: `unnest` has no ragged arrays.
pub(crate) fn joined<'a, T: Serialize + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    values.into_iter().map(name).collect::<Vec<_>>().join(",")
}

/// Reads a stored array of names.
pub(crate) fn parse_all<'de, T: Deserialize<'de>>(names: &'de [String]) -> Result<Vec<T>, sqlx::Error> {
    names.iter().map(|n| parse(n)).collect()
}

/// A school's settings as `schools` holds them.
pub(crate) struct SettingsRecord<'a> {
    pub(crate) zone: &'a str,
    pub(crate) late_after_minutes: i16,
    pub(crate) missing_after_minutes: i16,
    pub(crate) echo_seconds: i16,
    pub(crate) mass_alarm_percent: i16,
    pub(crate) stale_after_minutes: i16,
}

/// Reads them.
pub(crate) fn settings(r: &SettingsRecord<'_>) -> Result<Settings, sqlx::Error> {
    Ok(Settings {
        zone: zone(r.zone)?,
        late_after_minutes: r.late_after_minutes.unsigned_abs(),
        missing_after_minutes: r.missing_after_minutes.unsigned_abs(),
        echo_seconds: r.echo_seconds.unsigned_abs(),
        mass_alarm_percent: u8::try_from(r.mass_alarm_percent).unwrap_or(u8::MAX),
        stale_after_minutes: r.stale_after_minutes.unsigned_abs(),
    })
}

/// A stored zone name.
pub(crate) fn zone(s: &str) -> Result<chrono_tz::Tz, sqlx::Error> {
    s.parse().map_err(|e: chrono_tz::ParseError| sqlx::Error::Decode(Box::new(e)))
}
