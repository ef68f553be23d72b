//! The settings as they are, and the form to try others.

use super::super::respond::Nonce;
use super::super::shell::{self, Place};
use super::super::staff::form::{self, Field, Refusal};
use super::super::view::{School, Who};
use super::typed::Typed;
use crate::i18n::{Lang, key};
use domain::school::Settings;
use maud::{Markup, html};
use uuid::Uuid;

/// The page's values.
pub(super) struct SettingsPage {
    pub(super) who: Who,
    pub(super) school: School,
    /// As they are.
    pub(super) settings: Settings,
    pub(super) courses: Vec<(Uuid, String)>,
    pub(super) typed: Typed,
    pub(super) refused: Option<Refusal>,
    /// What was done.
    pub(super) done: Option<&'static str>,
}

impl SettingsPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="people settings" {
                header class="page-head" { h1 { (lang.t("settings-title")) } }
                (form::done(self.done.map(|done| lang.t(done))))
                (self.now(lang))
                (form::refused(self.refused, lang))
                form class="form card" method="post" action={ "/ajustes/probar?colegio=" (self.school.id) } {
                    h2 { (lang.t("settings-change")) }
                    p class="hint" { (lang.t("settings-from-today")) }
                    (self.rules(lang))
                    (self.trial(lang))
                    (form::send(&lang.t("settings-try")))
                }
            }
        };
        frame((&self.who, &self.school), lang.t("settings-title"), lang, nonce, &main)
    }

    fn now(&self, lang: Lang) -> Markup {
        let Settings { late_after_minutes, missing_after_minutes, mass_alarm_percent, stale_after_minutes, .. } =
            self.settings;
        let said = |words: &str, n: u16| html! { li { (lang.f(words, &[("n", u32::from(n).into())])) } };
        let mass = if mass_alarm_percent == 100 { key("settings-now-mass-never") } else { key("settings-now-mass") };
        html! {
            section class="card answer" aria-labelledby="settings-now" {
                h2 id="settings-now" { (lang.t("settings-now")) }
                ul class="steps" {
                    (said(key("settings-now-late"), late_after_minutes))
                    (said(key("settings-now-missing"), missing_after_minutes))
                    (said(mass, mass_alarm_percent.into()))
                    (said(key("settings-now-stale"), stale_after_minutes))
                }
            }
        }
    }

    fn field(&self, field: &Field<'_>, needed: bool, lang: Lang) -> Markup {
        if needed { form::field(field, self.refused, lang) } else { form::optional(field, self.refused, lang) }
    }

    fn rules(&self, lang: Lang) -> Markup {
        let typed = &self.typed;
        let number = |name, label: &'static str, value, hint: &'static str| {
            let (label, hint) = (lang.t(label), Some(lang.t(hint)));
            self.field(&Field { name, label, kind: "number", autocomplete: "off", value, hint }, true, lang)
        };
        html! {
            (number("atraso", key("settings-late"), &typed.late, key("settings-late-hint")))
            (number("limite", key("settings-missing"), &typed.missing, key("settings-missing-hint")))
            (number("masivo", key("settings-mass"), &typed.mass, key("settings-mass-hint")))
            (number("viejo", key("settings-stale"), &typed.stale, key("settings-stale-hint")))
        }
    }

    /// What is tried here and saved elsewhere, and the month.
    fn trial(&self, lang: Lang) -> Markup {
        let typed = &self.typed;
        let of_all = std::iter::once((String::new(), lang.t("simulation-all-courses")));
        let courses: Vec<(String, String)> =
            of_all.chain(self.courses.iter().map(|(id, name)| (id.to_string(), name.clone()))).collect();
        let input = |name, label: &'static str, kind, value, hint: Option<&'static str>, needed| {
            let (label, hint) = (lang.t(label), hint.map(|hint| lang.t(hint)));
            self.field(&Field { name, label, kind, autocomplete: "off", value, hint }, needed, lang)
        };
        let open = [&typed.course, &typed.entry, &typed.day_off].into_iter().any(|field| !field.is_empty());
        html! {
            (input("mes", key("simulation-month"), "month", &typed.month, Some(key("simulation-month-hint")), true))
            details open[open] {
                summary { (lang.t("simulation-more")) }
                div class="form" {
                    p class="hint" { (lang.t("simulation-more-hint")) }
                    (input("entrada", key("simulation-entry"), "time", &typed.entry, Some(key("simulation-entry-hint")), false))
                    (form::choice("curso", &lang.t("simulation-course"), &courses, &typed.course, false, self.refused, lang))
                    (input("sin_clases", key("simulation-day-off"), "date", &typed.day_off, Some(key("simulation-day-off-hint")), false))
                }
            }
        }
    }
}

/// A page of the settings.
pub(super) fn frame((who, school): (&Who, &School), title: String, lang: Lang, nonce: &Nonce, main: &Markup) -> Markup {
    shell::of_school(
        (who, school),
        Place::Settings,
        title,
        format!("/ajustes?colegio={}", school.id),
        (lang, nonce),
        main,
    )
}
