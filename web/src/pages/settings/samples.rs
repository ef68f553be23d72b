//! Every page of the settings with made-up values, names that look like markup among them.

use super::form::SettingsPage;
use super::result::{Names, TrialPage};
use super::typed::{Typed, beyond};
use super::{failed, progress};
use crate::i18n::{Lang, key};
use crate::pages::Nonce;
use crate::pages::sample::{self, HOSTILE};
use crate::pages::view::{PersonName, School, Who};
use crate::permissions::Permission;
use crate::simulation::{Found, Plan};
use chrono::{NaiveDate, NaiveTime};
use domain::entry_rate::Outcome;
use domain::school::{Settings, SettingsChange, SettingsError};
use domain::simulation::{DayEffect, Flip, Notices, Simulated};
use domain::{CourseId, SchoolId, StudentId};
use maud::{Markup, html};
use projections::audit::replay::Trial;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 10, day).unwrap()
}

fn student(n: u128) -> StudentId {
    StudentId(Uuid::from_u128(n))
}

fn course() -> CourseId {
    CourseId(Uuid::from_u128(1))
}

fn who() -> Who {
    Who { name: None, several_schools: true, may: Permission::ALL.to_vec() }
}

fn school() -> School {
    School { name: HOSTILE.to_owned(), ..sample::school() }
}

fn settings(mass_alarm_percent: u8) -> Settings {
    Settings { mass_alarm_percent, ..Settings::of(chrono_tz::America::Santiago) }
}

fn simulated(of: u32) -> Simulated {
    let all = [
        None,
        Some(Outcome::InTime),
        Some(Outcome::Late),
        Some(Outcome::Absent),
        Some(Outcome::Missing),
        Some(Outcome::Pending),
        Some(Outcome::Unknown),
    ];
    let flips = |n: usize| {
        let pairs = all.into_iter().flat_map(|before| all.map(|after| (before, after)));
        let flip = |(n, (before, after))| Flip { student_id: student(n), course_id: Some(course()), before, after };
        (1..).zip(pairs.filter(|(before, after)| before != after)).map(flip).take(n).collect()
    };
    let notices = |told| Notices { told, gate_silent: 3, mass_alarm: 40, stale: 1 };
    let day = |n: u32| DayEffect {
        date: date(n),
        expected: true,
        flips: flips(usize::try_from(n % 3).unwrap() * 21),
        before: notices(n),
        after: notices(n % 2),
    };
    Simulated { days: (1..=of).map(day).collect() }
}

fn trial(trial: Trial) -> TrialPage {
    let plan = Plan::sample(
        SchoolId(sample::school().id),
        (date(1), date(31)),
        settings(25),
        trial,
        HashMap::from([(course(), HOSTILE.to_owned())]),
    );
    let typed = Typed::as_is(&settings(25), date(1));
    TrialPage { who: who(), school: school(), typed, plan: Arc::new(plan) }
}

/// (what it is, its markup).
pub(in crate::pages) fn sample_pages(lang: Lang, nonce: &Nonce) -> Vec<(String, Markup)> {
    let form = |settings: Settings, typed: Option<Typed>, refused, done| {
        let typed = typed.unwrap_or_else(|| Typed::as_is(&settings, date(1)));
        let courses = vec![(course().0, HOSTILE.to_owned())];
        SettingsPage { who: who(), school: school(), settings, courses, typed, refused, done }.page(lang, nonce)
    };
    let hostile = ["atraso", "limite", "masivo", "viejo", "mes", "curso", "entrada", "sin_clases"];
    let hostile = Typed::of(hostile.map(|field| (field.to_owned(), HOSTILE.to_owned())).into());
    let mut pages = vec![
        ("settings".to_owned(), form(settings(25), None, None, Some(key("settings-done")))),
        ("settings never held".to_owned(), form(settings(100), None, None, Some(key("settings-done-same")))),
        (
            "settings hostile".to_owned(),
            form(settings(25), Some(hostile), Some(beyond(SettingsError::LateAfter)), None),
        ),
    ];
    let change = SettingsChange {
        late_after_minutes: Some(10),
        missing_after_minutes: Some(1),
        mass_alarm_percent: Some(40),
        stale_after_minutes: Some(60),
    };
    let entry = NaiveTime::from_hms_opt(8, 15, 0).unwrap();
    let all = Trial { settings: change, entry: Some((Some(course()), entry)), days_off: BTreeSet::from([date(12)]) };
    let of_all = Trial { entry: Some((None, entry)), ..Trial::default() };
    let hostile = PersonName::Known { given: HOSTILE.to_owned(), family: HOSTILE.to_owned() };
    let names = Names::sample([(student(1), hostile), (student(2), PersonName::Erased)]);
    for (what, tried, days) in [("hostile", all, 31), ("entry", of_all, 2), ("nothing", Trial::default(), 0)] {
        let page = trial(tried);
        for names in [Some(&names), None] {
            let found = Found { simulated: simulated(days), position: 1 };
            let steps = html! { p { (progress(0, 31, lang)) } };
            let shown = page.page(&[steps, page.result(&found, names, lang)], lang, nonce);
            pages.push((format!("simulation {what}, names {}", names.is_some()), shown));
        }
        let shown = page.page(&[html! {}, failed(key("simulation-failed"), lang)], lang, nonce);
        pages.push((format!("simulation {what} failed"), shown));
    }
    pages
}
