//! The form as it was typed.

use super::super::staff::form::Refusal;
use crate::i18n::key;
use crate::simulation::{Asked, Wanted};
use chrono::{NaiveDate, NaiveTime};
use domain::CourseId;
use domain::school::{Settings, SettingsError};
use domain::values::school_date;
use std::collections::BTreeSet;

/// The fields, whatever is in them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Typed {
    pub(super) late: String,
    pub(super) missing: String,
    pub(super) mass: String,
    pub(super) stale: String,
    /// `2026-10`
    pub(super) month: String,
    /// Whose hour of entry; nothing: of all.
    pub(super) course: String,
    /// Another hour of entry; nothing: none.
    pub(super) entry: String,
    /// A date without classes; nothing: none.
    pub(super) day_off: String,
}

/// What is wrong with a setting, at its field.
pub(super) fn beyond(error: SettingsError) -> Refusal {
    match error {
        SettingsError::LateAfter => Refusal::of(&["atraso"], key("settings-minutes-wrong")),
        SettingsError::MissingAfter => Refusal::of(&["limite"], key("settings-minutes-wrong")),
        SettingsError::MassAlarm => Refusal::of(&["masivo"], key("settings-percent-wrong")),
        SettingsError::StaleAfter => Refusal::of(&["viejo"], key("settings-stale-wrong")),
        SettingsError::Echo => Refusal::whole(key("settings-minutes-wrong")),
    }
}

impl Typed {
    /// As a form sent it.
    pub(super) fn of(sent: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in sent {
            let field = match name.as_str() {
                "atraso" => &mut typed.late,
                "limite" => &mut typed.missing,
                "masivo" => &mut typed.mass,
                "viejo" => &mut typed.stale,
                "mes" => &mut typed.month,
                "curso" => &mut typed.course,
                "entrada" => &mut typed.entry,
                "sin_clases" => &mut typed.day_off,
                _ => continue,
            };
            value.trim().clone_into(field);
        }
        typed
    }

    /// As things are.
    pub(super) fn as_is(settings: &Settings, month: NaiveDate) -> Self {
        Self {
            late: settings.late_after_minutes.to_string(),
            missing: settings.missing_after_minutes.to_string(),
            mass: settings.mass_alarm_percent.to_string(),
            stale: settings.stale_after_minutes.to_string(),
            month: month.format("%Y-%m").to_string(),
            ..Self::default()
        }
    }

    /// Name and value of every field, for a form that sends them again.
    pub(super) fn fields(&self) -> [(&'static str, &str); 4] {
        [("atraso", &self.late), ("limite", &self.missing), ("masivo", &self.mass), ("viejo", &self.stale)]
    }

    /// The settings.
    pub(super) fn settings(&self) -> Result<Wanted, Refusal> {
        let number = |text: &str, error| text.parse::<i64>().map(Some).map_err(|_| beyond(error));
        Ok(Wanted {
            late_after_minutes: number(&self.late, SettingsError::LateAfter)?,
            missing_after_minutes: number(&self.missing, SettingsError::MissingAfter)?,
            mass_alarm_percent: number(&self.mass, SettingsError::MassAlarm)?,
            stale_after_minutes: number(&self.stale, SettingsError::StaleAfter)?,
        })
    }

    /// The one date without classes, if there is one.
    pub(super) fn day_off(&self) -> Option<NaiveDate> {
        school_date::date(self.day_off.parse().ok()?).ok()
    }

    /// The hour of entry, with a course or for all.
    pub(super) fn entry(&self) -> Option<NaiveTime> {
        NaiveTime::parse_from_str(&self.entry, "%H:%M").ok()
    }

    /// What is to be simulated.
    pub(super) fn asked(&self) -> Result<Asked, Refusal> {
        let month = school_date::date(format!("{}-01", self.month).parse().unwrap_or(NaiveDate::MIN));
        let month = month.map_err(|_| Refusal::of(&["mes"], key("simulation-month-wrong")))?;
        let entry = match (self.entry.is_empty(), self.entry()) {
            (true, _) => None,
            (false, None) => return Err(Refusal::of(&["entrada"], key("simulation-entry-wrong"))),
            (false, Some(entry)) => {
                let unknown = Refusal::of(&["curso"], key("simulation-course-unknown"));
                let course = Some(&self.course).filter(|course| !course.is_empty());
                Some((course.map(|id| id.parse().map(CourseId).map_err(|_| unknown)).transpose()?, entry))
            }
        };
        let days_off = match (self.day_off.is_empty(), self.day_off()) {
            (true, _) => BTreeSet::new(),
            (false, None) => return Err(Refusal::of(&["sin_clases"], key("simulation-another-month"))),
            (false, Some(date)) => BTreeSet::from([date]),
        };
        Ok(Asked { month: Some(month), settings: self.settings()?, entry, days_off })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(form: &str) -> Typed {
        Typed::of(form_urlencoded::parse(form.as_bytes()).into_owned().collect())
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let refused = |more: &str| {
            typed(&format!("atraso=5&limite=15&masivo=25&viejo=90&mes=2026-10&{more}")).asked().unwrap_err()
        };
        let of = |fields: &'static [&'static str], why| Refusal::of(fields, why);
        assert_eq!(refused("atraso=cinco"), of(&["atraso"], "settings-minutes-wrong"));
        assert_eq!(refused("limite="), of(&["limite"], "settings-minutes-wrong"));
        assert_eq!(refused("masivo=1e9"), of(&["masivo"], "settings-percent-wrong"));
        assert_eq!(refused("viejo=99999999999999999999"), of(&["viejo"], "settings-stale-wrong"));
        for month in ["", "2026", "2026-13", "octubre", "0001-01"] {
            assert_eq!(refused(&format!("mes={month}")), of(&["mes"], "simulation-month-wrong"), "{month}");
        }
        assert_eq!(refused("entrada=25:00"), of(&["entrada"], "simulation-entry-wrong"));
        assert_eq!(refused("entrada=08:15&curso=1"), of(&["curso"], "simulation-course-unknown"));
        assert_eq!(refused("sin_clases=ayer"), of(&["sin_clases"], "simulation-another-month"));
        assert!(typed("atraso=-1&limite=15&masivo=25&viejo=90&mes=2026-10").asked().is_ok(), "its limit says so");
    }
}
