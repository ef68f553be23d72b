//! The form of a week as it was typed, and the week that it means.
//!
//! A row is a stay and the weekdays on which it is: one hour changes a whole week. Without scripts there is always one
//! empty row more.

use super::super::staff::form::Refusal;
use crate::api::courses::schedule::MAX_STAYS;
use crate::calendar::{time, weekday};
use crate::i18n::key;
use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use commands::use_cases::week_slots;
use domain::CourseId;
use domain::course::{Error, Slot, checked_week};
use domain::values::school_date;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many rows a form has at most.
pub(super) const ROWS: usize = 12;
/// How far ahead a week may begin: whoever means more has typed the year wrong.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// The names of a row's fields.
pub(super) const ENTRIES: [&str; ROWS] = [
    "entrada-1",
    "entrada-2",
    "entrada-3",
    "entrada-4",
    "entrada-5",
    "entrada-6",
    "entrada-7",
    "entrada-8",
    "entrada-9",
    "entrada-10",
    "entrada-11",
    "entrada-12",
];
/// The same of its end.
pub(super) const EXITS: [&str; ROWS] = [
    "salida-1",
    "salida-2",
    "salida-3",
    "salida-4",
    "salida-5",
    "salida-6",
    "salida-7",
    "salida-8",
    "salida-9",
    "salida-10",
    "salida-11",
    "salida-12",
];

/// Something is wrong with a row's beginning, or its end.
fn at(names: &'static [&'static str; ROWS], row: usize, why: &'static str) -> Refusal {
    names.get(row..=row).map_or(Refusal::whole(why), |fields| Refusal::of(fields, why))
}

/// A stay with its weekdays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Row {
    /// When it begins.
    pub entry: String,
    /// When it ends.
    pub exit: String,
    /// On which weekdays, Monday first.
    pub days: [bool; 7],
}

impl Row {
    fn is_blank(&self) -> bool {
        self.entry.is_empty() && self.exit.is_empty() && !self.days.contains(&true)
    }

    fn weekdays(&self) -> impl Iterator<Item = Weekday> {
        (1..=7).zip(self.days).filter(|(_, on)| *on).filter_map(|(n, _)| weekday(n))
    }
}

/// The form as it was typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Typed {
    /// From when on it is valid.
    pub from: String,
    /// The stays, without those that were left empty or taken away.
    pub rows: Vec<Row>,
    /// Ids of the other courses that it is also for.
    pub courses: Vec<String>,
    /// What will happen was shown.
    pub sure: bool,
    /// The form is asked for again.
    pub edit: bool,
}

/// What is to be done.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Wanted {
    /// From when on.
    pub from: NaiveDate,
    /// The stays of the week.
    pub stays: Vec<(Weekday, NaiveTime, NaiveTime)>,
    /// Of which courses.
    pub courses: Vec<CourseId>,
}

impl Typed {
    /// As a form sent it.
    pub(super) fn of(sent: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut typed, mut rows, mut gone) = (Self::default(), BTreeMap::<usize, Row>::new(), Vec::new());
        for (name, value) in sent {
            let value = value.trim().to_owned();
            let row = name.split_once('-').and_then(|(field, n)| Some((field, n.parse::<usize>().ok()?)));
            match (name.as_str(), row) {
                ("desde", _) => typed.from = value,
                ("curso", _) => typed.courses.push(value),
                ("seguro", _) => typed.sure = value == "si",
                ("editar", _) => typed.edit = true,
                (_, Some((field, n))) if (1..=ROWS).contains(&n) => {
                    let row = rows.entry(n).or_default();
                    match field {
                        "entrada" => row.entry = value,
                        "salida" => row.exit = value,
                        "quitar" => gone.push(n),
                        "dia" => {
                            let day = value.parse::<usize>().ok().and_then(|day| row.days.get_mut(day.checked_sub(1)?));
                            day.into_iter().for_each(|day| *day = true);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let kept = rows.into_iter().filter(|(n, row)| !gone.contains(n) && !row.is_blank());
        typed.rows = kept.map(|(_, row)| row).collect();
        typed
    }

    /// As things are.
    pub(super) fn as_is(week: &[Slot], from: NaiveDate) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for slot in week {
            let (entry, exit) = (slot.entry.format("%H:%M").to_string(), slot.exit.format("%H:%M").to_string());
            let n = rows.iter().position(|row| (&row.entry, &row.exit) == (&entry, &exit)).unwrap_or(rows.len());
            if n == rows.len() {
                rows.push(Row { entry, exit, days: [false; 7] });
            }
            let day = slot.weekday.num_days_from_monday() as usize;
            rows.get_mut(n).and_then(|row| row.days.get_mut(day)).into_iter().for_each(|day| *day = true);
        }
        if rows.is_empty() {
            // Most schools' week.
            rows.push(Row { days: [true, true, true, true, true, false, false], ..Row::default() });
        }
        Self { from: from.to_string(), rows, ..Self::default() }
    }

    /// What the form means for this course and those that are ticked, checked as the log will.
    pub(super) fn wanted(&self, course: Uuid, today: NaiveDate) -> Result<Wanted, Refusal> {
        let wrong = Refusal::of(&["desde"], key("schedule-from-wrong"));
        let from = self.from.parse().ok().and_then(|date| school_date::date(date).ok()).ok_or(wrong)?;
        if from < today {
            return Err(Refusal::of(&["desde"], key("schedule-from-past")));
        }
        if from.signed_duration_since(today) > AHEAD {
            return Err(Refusal::of(&["desde"], key("schedule-from-far")));
        }
        let mut stays = Vec::new();
        for (n, row) in self.rows.iter().enumerate() {
            let entry = time(&row.entry).ok_or(at(&ENTRIES, n, key("schedule-time-wrong")))?;
            let exit = time(&row.exit).ok_or(at(&EXITS, n, key("schedule-time-wrong")))?;
            if !row.days.contains(&true) {
                return Err(at(&ENTRIES, n, key("schedule-no-day")));
            }
            stays.extend(row.weekdays().map(|day| (n, (day, entry, exit))));
        }
        if stays.len() > MAX_STAYS {
            return Err(Refusal::whole(key("schedule-too-many")));
        }
        let week: Vec<_> = stays.iter().map(|(_, stay)| *stay).collect();
        checked_week(week_slots(CourseId(course), &week)).map_err(|error| refused(error, &stays))?;
        let others: Option<Vec<CourseId>> = self.courses.iter().map(|id| id.parse().ok()).collect();
        let mut courses = others.ok_or(Refusal::whole(key("schedule-course-unknown")))?;
        courses.push(CourseId(course));
        courses.sort_unstable();
        courses.dedup();
        Ok(Wanted { from, stays: week, courses })
    }
}

/// A stay with the row that it is of.
type OfRow = (usize, (Weekday, NaiveTime, NaiveTime));

/// What the log would refuse, at the row that it means.
fn refused(error: Error, stays: &[OfRow]) -> Refusal {
    match error {
        Error::SlotEndsBeforeItBegins(_) => {
            let turned = stays.iter().find(|(_, (_, entry, exit))| exit <= entry).map_or(0, |(n, _)| *n);
            at(&EXITS, turned, key("schedule-turned"))
        }
        Error::SlotsOverlap(day) => {
            let mut of_day: Vec<&OfRow> = stays.iter().filter(|(_, stay)| stay.0 == day).collect();
            of_day.sort_by_key(|(n, (_, entry, _))| (*entry, *n));
            let second = of_day.windows(2).find_map(|pair| match pair {
                [(_, (_, _, exit)), (n, (_, entry, _))] if entry < exit => Some(*n),
                _ => None,
            });
            at(&ENTRIES, second.unwrap_or_default(), key("schedule-overlap"))
        }
        Error::Date(_) => Refusal::of(&["desde"], key("schedule-from-wrong")),
        Error::NotOpened
        | Error::AlreadyOpened
        | Error::Closed
        | Error::Name(_)
        | Error::Level
        | Error::Letter
        | Error::Year
        | Error::SlotIdTwice
        | Error::Day(_)
        | Error::OtherYear => Refusal::whole(key("schedule-course-unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(form: &str) -> Typed {
        Typed::of(form_urlencoded::parse(form.as_bytes()).into_owned())
    }

    fn wanted(form: &str) -> Result<Wanted, Refusal> {
        let today = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        typed(&format!("desde=2026-03-16&{form}")).wanted(Uuid::from_u128(1), today)
    }

    #[test]
    fn what_is_wrong_is_said_at_the_field_of_its_row() {
        let of = |fields: &'static [&'static str], why| Err(Refusal::of(fields, why));
        let whole = "entrada-1=08:00&salida-1=13:00&dia-1=1&dia-1=2";
        assert_eq!(wanted(&format!("{whole}&desde=x")), of(&["desde"], "schedule-from-wrong"));
        assert_eq!(wanted(&format!("{whole}&desde=2026-03-08")), of(&["desde"], "schedule-from-past"));
        assert_eq!(wanted(&format!("{whole}&desde=2027-03-11")), of(&["desde"], "schedule-from-far"));
        assert!(wanted(&format!("{whole}&desde=2026-03-09")).is_ok(), "today");
        let second = |row: &str| wanted(&format!("{whole}&{row}"));
        assert_eq!(second("entrada-2=8&salida-2=15:00&dia-2=1"), of(&["entrada-2"], "schedule-time-wrong"));
        assert_eq!(second("entrada-2=14:00&dia-2=1"), of(&["salida-2"], "schedule-time-wrong"));
        assert_eq!(second("entrada-2=14:00&salida-2=15:00"), of(&["entrada-2"], "schedule-no-day"));
        assert_eq!(second("entrada-2=14:00&salida-2=14:00&dia-2=3"), of(&["salida-2"], "schedule-turned"));
        assert_eq!(second("entrada-2=12:59&salida-2=15:00&dia-2=2"), of(&["entrada-2"], "schedule-overlap"));
        assert_eq!(second("entrada-2=07:00&salida-2=09:00&dia-2=2"), of(&["entrada-1"], "schedule-overlap"));
        assert_eq!(second("curso=1"), Err(Refusal::whole("schedule-course-unknown")));
        let all: String = (1..=7).map(|day| format!("&dia-N={day}")).collect();
        let many: Vec<String> = (1..=6)
            .map(|n| format!("entrada-{n}=0{n}:00&salida-{n}=0{n}:30{}", all.replace('N', &n.to_string())))
            .collect();
        assert_eq!(wanted(&many.join("&")), Err(Refusal::whole("schedule-too-many")));
    }

    #[test]
    fn rows_that_are_empty_or_taken_away_are_none_and_a_week_without_any_expects_nobody() {
        let form = "entrada-1=08:00&salida-1=13:00&dia-1=1&quitar-1=si&entrada-2=&salida-2=\
                    &entrada-9=14:00&salida-9=18:00&dia-9=7&dia-9=8&dia-9=x&entrada-13=1&entrada-0=1";
        let week = wanted(form).unwrap();
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        assert_eq!(week.stays, [(Weekday::Sun, at(14), at(18))]);
        assert_eq!(typed(form).rows.len(), 1);
        assert_eq!(wanted("quitar-1=si&entrada-1=x").unwrap().stays, []);
    }

    #[test]
    fn a_week_is_shown_as_one_row_for_all_days_of_the_same_hours_and_means_itself() {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let two = |day| [(day, at(8), at(12)), (day, at(14), at(18))];
        let mut stays: Vec<_> = [Weekday::Mon, Weekday::Wed].into_iter().flat_map(two).collect();
        stays.push((Weekday::Fri, at(8), at(12)));
        let date = NaiveDate::from_ymd_opt(2026, 3, 16).unwrap();
        let typed = Typed::as_is(&week_slots(CourseId(Uuid::from_u128(1)), &stays), date);
        assert_eq!(typed.rows.len(), 2);
        assert_eq!(typed.rows[0].days, [true, false, true, false, true, false, false]);
        let wanted = typed.wanted(Uuid::from_u128(1), date).unwrap();
        let same = |stays: &[_]| week_slots(CourseId(Uuid::from_u128(1)), stays);
        assert_eq!(same(&wanted.stays), same(&stays));
    }
}
