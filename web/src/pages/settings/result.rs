//! What other rules would have made of the month, and the button that saves them.

use super::super::icon::icon;
use super::super::read_models;
use super::super::respond::Nonce;
use super::super::staff::form;
use super::super::stream::full_name;
use super::super::view::{PersonName, School, Who};
use super::form::frame;
use super::typed::Typed;
use crate::api::simulations::create::counted;
use crate::i18n::{Lang, key, times};
use crate::names::SchoolNames;
use crate::simulation::{Found, Plan};
use chrono::Datelike;
use domain::StudentId;
use domain::entry_rate::Outcome;
use domain::school::SettingsChange;
use domain::simulation::{DayEffect, Flip, Notices};
use maud::{Markup, html};
use std::collections::HashMap;
use std::sync::Arc;

/// Pupils of one day, and of all days together, by name: a page stays under 100 kB.
const OF_A_DAY: usize = 20;
const OF_ALL: usize = 240;

/// The names of those whom the page shows.
pub(super) struct Names(HashMap<StudentId, PersonName>);

impl Names {
    pub(super) fn of(names: &SchoolNames, found: &Found) -> Self {
        let flips = found.simulated.days.iter().flat_map(|day| day.flips.iter().take(OF_A_DAY)).take(OF_ALL);
        Self(flips.map(|flip| (flip.student_id, read_models::name(names, flip.student_id))).collect())
    }

    #[cfg(test)]
    pub(super) fn sample(names: impl IntoIterator<Item = (StudentId, PersonName)>) -> Self {
        Self(names.into_iter().collect())
    }
}

/// The page of a simulation.
pub(super) struct TrialPage {
    pub(super) who: Who,
    pub(super) school: School,
    pub(super) typed: Typed,
    pub(super) plan: Arc<Plan>,
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl TrialPage {
    /// The page around what is said while it goes on and at its end.
    pub(super) fn page(&self, [steps, result]: &[Markup; 2], lang: Lang, nonce: &Nonce) -> Markup {
        let month = self.plan.dates.0;
        let (name, year) = (times::month(month.month(), lang), month.year().to_string());
        let title = lang.f("simulation-title", &[("month", (&name).into()), ("year", (&year).into())]);
        let main = html! {
            main class="reports-page settings" {
                a class="back" href=(self.back()) { (icon("back")) (lang.t("simulation-back")) }
                header class="page-head" { h1 { (title) } }
                ul class="steps" { @for changed in self.changed(lang) { li { (changed) } } }
                div class="trying card" {
                    div role="status" { p { (lang.t("simulation-reading")) } (steps) }
                    a class="button quiet" href=(self.back()) { (lang.t("simulation-cancel")) }
                }
                (result)
            }
        };
        frame((&self.who, &self.school), title, lang, nonce, &main)
    }

    fn back(&self) -> String {
        format!("/ajustes?colegio={}", self.school.id)
    }

    /// What is tried, in words.
    fn changed(&self, lang: Lang) -> Vec<String> {
        let (now, trial) = (&self.plan.settings, &self.plan.trial);
        let next = trial.settings.over(now);
        let from_to = |words: &str, before: u16, after: u16| {
            let (from, to) = (u32::from(before), u32::from(after));
            (before != after).then(|| lang.f(words, &[("before", from.into()), ("after", to.into())]))
        };
        let entry = trial.entry.map(|(course, time)| {
            let time = time.format("%H:%M").to_string();
            match course.and_then(|course| self.plan.courses.get(&course)) {
                Some(course) => {
                    lang.f("simulation-tried-entry-of", &[("time", (&time).into()), ("course", course.into())])
                }
                None => lang.f("simulation-tried-entry", &[("time", (&time).into())]),
            }
        });
        let off = trial.days_off.iter().map(|date| {
            let date = times::long_date(*date, lang);
            lang.f("simulation-tried-off", &[("date", (&date).into())])
        });
        let all = [
            from_to(key("simulation-tried-late"), now.late_after_minutes, next.late_after_minutes),
            from_to(key("simulation-tried-missing"), now.missing_after_minutes, next.missing_after_minutes),
            from_to(key("simulation-tried-mass"), now.mass_alarm_percent.into(), next.mass_alarm_percent.into()),
            from_to(key("simulation-tried-stale"), now.stale_after_minutes, next.stale_after_minutes),
            entry,
        ];
        let all: Vec<String> = all.into_iter().flatten().chain(off).collect();
        if all.is_empty() { vec![lang.t("simulation-tried-nothing")] } else { all }
    }

    /// What came of it.
    pub(super) fn result(&self, found: &Found, names: Option<&Names>, lang: Lang) -> Markup {
        let simulated = &found.simulated;
        let (days, flips, pupils) = (simulated.school_days(), simulated.flips(), simulated.pupils().len());
        html! {
            section class="card answer" aria-label=(lang.t("simulation-result")) {
                @if days == 0 {
                    p class="headline" { (lang.t("simulation-no-days")) }
                } @else {
                    p class="headline" {
                        strong class="figure" { (lang.number(number(pupils))) } " "
                        span class="of" { (lang.f("simulation-pupils", &[("n", number(pupils).into())])) }
                    }
                    p { (lang.f("simulation-flips", &[("n", number(flips).into()), ("days", number(days).into())])) }
                }
            }
            @if days > 0 {
                (notices(simulated.notices(), lang))
                (self.days(&simulated.days, names, lang))
            }
            (self.save(lang))
        }
    }

    fn days(&self, days: &[DayEffect], names: Option<&Names>, lang: Lang) -> Markup {
        let differ: Vec<&DayEffect> =
            days.iter().filter(|day| !day.flips.is_empty() || day.before != day.after).collect();
        let mut left = OF_ALL;
        html! {
            section class="card" aria-labelledby="simulation-days" {
                h2 id="simulation-days" { (lang.t("simulation-by-day")) }
                @if differ.is_empty() { p class="hint" { (lang.t("simulation-same")) } }
                @for day in differ {
                    details class="simulated-day" {
                        summary { b { (times::long_date(day.date, lang)) } " " span class="hint" { (day_words(day, lang)) } }
                        ul class="steps" {
                            @for count in counted(&day.flips) {
                                li { b { (lang.number(count.pupils)) } ": " (from_to(count.before, count.after, lang)) }
                            }
                            @if day.before != day.after {
                                li { (lang.f("simulation-day-notices", &[("before", day.before.told.into()), ("after", day.after.told.into())])) }
                            }
                        }
                        @if let Some(names) = names { (self.pupils(&day.flips, names, &mut left, lang)) }
                    }
                }
            }
        }
    }

    fn pupils(&self, flips: &[Flip], names: &Names, left: &mut usize, lang: Lang) -> Markup {
        let shown = flips.len().min(OF_A_DAY).min(*left);
        *left -= shown;
        html! {
            ul class="rows" {
                @for flip in flips.iter().take(shown) {
                    li class="row" {
                        span {
                            b { (full_name(names.0.get(&flip.student_id).unwrap_or(&PersonName::Unknown), lang)) }
                            @if let Some(course) = flip.course_id.and_then(|course| self.plan.courses.get(&course)) {
                                " " span class="hint" { (course) }
                            }
                        }
                        span { (from_to(flip.before, flip.after, lang)) }
                    }
                }
            }
            @if flips.len() > shown {
                p class="hint" { (lang.f("simulation-more-pupils", &[("n", number(flips.len() - shown).into())])) }
            }
        }
    }

    /// How each thing that was tried is saved.
    fn save(&self, lang: Lang) -> Markup {
        let (now, trial) = (&self.plan.settings, &self.plan.trial);
        let school = self.school.id;
        html! {
            section class="card" aria-labelledby="simulation-save" {
                h2 id="simulation-save" { (lang.t("simulation-then")) }
                @if trial.settings.over(now) != SettingsChange::default().over(now) {
                    form class="form" method="post" action={ "/ajustes?colegio=" (school) } {
                        @for (name, value) in self.typed.fields() { (form::hidden(name, value)) }
                        p { (lang.t("settings-from-today")) }
                        (form::send(&lang.t("settings-save")))
                    }
                }
                @for date in &trial.days_off {
                    p { a href={ "/calendario/dia?colegio=" (school) "&tipo=no_classes&fecha=" (date) } { (lang.t("simulation-set-day")) } }
                }
                @if trial.entry.is_some() { p { (lang.t("simulation-set-schedule")) } }
                p { a href=(self.back()) { (lang.t("simulation-back")) } }
            }
        }
    }
}

fn notices([before, after]: [Notices; 2], lang: Lang) -> Markup {
    let rows = [
        (key("simulation-told"), before.told, after.told),
        (key("simulation-held-mass"), before.mass_alarm, after.mass_alarm),
        (key("simulation-held-gate"), before.gate_silent, after.gate_silent),
        (key("simulation-held-stale"), before.stale, after.stale),
    ];
    let heads = [lang.t("simulation-before"), lang.t("simulation-after")];
    html! {
        section class="card" aria-labelledby="simulation-notices" {
            h2 id="simulation-notices" { (lang.t("simulation-notices")) }
            table class="figures" aria-labelledby="simulation-notices" {
                thead { tr { th scope="col" { (lang.t("simulation-what")) } @for head in &heads { th scope="col" { (head) } } } }
                tbody {
                    @for (words, before, after) in rows {
                        tr {
                            th scope="row" { (lang.t(words)) }
                            td data-head=(heads[0]) { span { (lang.number(before)) } }
                            td data-head=(heads[1]) { span { b { (lang.number(after)) } } }
                        }
                    }
                }
            }
            p class="hint" { (lang.t("simulation-notices-hint")) }
        }
    }
}

fn day_words(day: &DayEffect, lang: Lang) -> String {
    match number(day.flips.len()) {
        0 => lang.f("simulation-day-notices", &[("before", day.before.told.into()), ("after", day.after.told.into())]),
        n => lang.f("simulation-day-flips", &[("n", n.into())]),
    }
}

fn from_to(before: Option<Outcome>, after: Option<Outcome>, lang: Lang) -> String {
    let (before, after) = (outcome(before, lang), outcome(after, lang));
    lang.f("simulation-from-to", &[("before", (&before).into()), ("after", (&after).into())])
}

fn outcome(of: Option<Outcome>, lang: Lang) -> String {
    lang.t(match of {
        None => key("simulation-o-not-expected"),
        Some(Outcome::InTime) => key("simulation-o-in-time"),
        Some(Outcome::Late) => key("simulation-o-late"),
        Some(Outcome::Absent) => key("simulation-o-absent"),
        Some(Outcome::Missing) => key("simulation-o-missing"),
        Some(Outcome::Pending) => key("simulation-o-pending"),
        Some(Outcome::Justified) => key("simulation-o-justified"),
        Some(Outcome::Unknown) => key("simulation-o-unknown"),
    })
}
