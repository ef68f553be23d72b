//! A school's settings in time. A change holds from the local date on which it was made, for that whole day: what was
//! before is judged by what was valid then, whoever asks and whenever.

use super::Settings;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Every version of the settings, by the first date on which it is valid.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SettingsHistory(BTreeMap<NaiveDate, Settings>);

impl SettingsHistory {
    /// Takes a version in; a later one of the same date replaces it.
    pub fn hold_from(&mut self, date: NaiveDate, settings: Settings) {
        self.0.insert(date, settings);
    }

    /// The settings of a date; before the first version, the first: a list of pupils is often older than its school
    /// here. None if there is no version.
    pub fn on(&self, date: NaiveDate) -> Option<&Settings> {
        let reached = self.0.range(..=date).next_back().or_else(|| self.0.first_key_value());
        reached.map(|(_, settings)| settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_holds_from_its_date_until_the_next_and_the_first_before() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let late = |minutes| Settings { late_after_minutes: minutes, ..Settings::of(chrono_tz::America::Santiago) };
        let mut history = SettingsHistory::default();
        assert_eq!(history.on(date(9)), None);
        history.hold_from(date(16), late(10));
        history.hold_from(date(9), late(5));
        history.hold_from(date(16), late(12));
        let on = |day| history.on(date(day)).unwrap().late_after_minutes;
        assert_eq!([1, 9, 15, 16, 30].map(on), [5, 5, 5, 12, 12]);
    }
}
