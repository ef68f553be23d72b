//! A course's weeks: the one that is valid today, those to come, and the form of another.

use super::super::icon::icon;
use super::super::reasons::wall;
use super::super::respond::Nonce;
use super::super::staff::form::{self, Field, Refusal};
use super::super::view::{School, Who};
use super::open::{shift_choice, shift_value};
use super::typed::{ENTRIES, EXITS, ROWS, Row, Typed};
use super::words::{self, capital, weekdays};
use super::{Course, frame, in_force};
use crate::i18n::{Lang, key, times};
use chrono::NaiveDate;
use maud::{Markup, html};

/// The page's values.
pub(super) struct CoursePage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The date on the school's wall.
    pub today: NaiveDate,
    /// Minutes after an entry: the grace, and when it is shown as missing.
    pub limits: (u16, u16),
    /// The course.
    pub course: Course,
    /// The other open courses, lowest grade first.
    pub others: Vec<Course>,
    /// Whether who looks may change it.
    pub manages: bool,
    /// The form.
    pub typed: Typed,
    /// The course whose week the form holds, if it is another's.
    pub copied: Option<String>,
    /// What was wrong.
    pub refused: Option<Refusal>,
    /// What was done.
    pub done: Option<&'static str>,
    /// Whether who looks may say what the course is called.
    pub names: bool,
    /// Why the name that was sent will not do.
    pub wrong_name: Option<&'static str>,
}

impl CoursePage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let title = lang.f("schedule-of", &[("course", (&self.course.name).into())]);
        let main = html! {
            main class="people calendar" {
                a class="back" href={ "/horarios?colegio=" (self.school.id) } { (icon("back")) (lang.t("schedule-back")) }
                header class="page-head" { h1 { (title) } }
                (form::done(self.done.map(|done| lang.t(done))))
                @if let Some(wrong) = self.wrong_name { (form::wrong(&lang.t(wrong), true)) }
                (self.now(lang))
                (self.coming(lang))
                @if self.manages && self.course.closed_from.is_none() { (self.change(lang)) }
                @if self.names && self.course.closed_from.is_none() { (self.details(lang)) }
            }
        };
        frame((&self.who, &self.school), title, &format!("/cursos/{}/horario", self.course.id), lang, nonce, &main)
    }

    fn now(&self, lang: Lang) -> Markup {
        let now = in_force(&self.course.versions, self.today);
        html! {
            section class="answer" aria-labelledby="now" {
                h2 id="now" { (lang.t("schedule-now")) }
                @if let Some(shift) = self.course.shift { p class="hint" { (lang.t("shift")) ": " (words::shift(shift, lang)) } }
                @if let Some(from) = self.course.closed_from {
                    p class="remark" {
                        (icon("warning"))
                        (lang.f("schedule-closed", &[("date", (&times::full_date(from, lang)).into())]))
                    }
                }
                @match now {
                    None => p class="headline" { (lang.t("schedule-none")) },
                    Some((from, slots)) => {
                        p class="hint" { (lang.f("schedule-since", &[("date", (&times::full_date(*from, lang)).into())])) }
                        dl class="health" {
                            @for day in weekdays() {
                                div {
                                    dt { (capital(&times::weekday(day, lang))) }
                                    @let of_day = slots.iter().filter(|slot| slot.weekday == day);
                                    @for slot in of_day.clone() { dd {
                                        (wall(slot.entry)) "–" (wall(slot.exit)) " "
                                        small class="hint" { (words::limits(slot, self.limits, lang)) }
                                    } }
                                    @if of_day.count() == 0 { dd { (lang.t("schedule-day-nobody")) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn coming(&self, lang: Lang) -> Markup {
        let coming = self.course.versions.iter().filter(|(from, _)| *from > self.today);
        html! {
            @if coming.clone().count() > 0 {
                section class="card" aria-labelledby="coming" {
                    h2 id="coming" { (lang.t("schedule-coming")) }
                    ul class="rows" {
                        @for (from, slots) in coming {
                            @let date = times::full_date(*from, lang);
                            li class="row" {
                                div {
                                    b { (lang.f("schedule-from-date", &[("date", (&date).into())])) }
                                    (words::week(slots, lang))
                                }
                                @if self.manages {
                                    a class="button quiet" href={
                                        "/cursos/" (self.course.id) "/horario?colegio=" (self.school.id) "&desde=" (from) "#cambiar"
                                    } { (lang.t("schedule-edit")) span class="unseen" { ": " (date) } }
                                    @if let Some(before) = self.before(*from) {
                                        a class="button quiet" href={
                                            "/cursos/" (self.course.id) "/horario?colegio=" (self.school.id)
                                            "&desde=" (from) "&como=" (before) "#cambiar"
                                        } { (lang.t("schedule-undo")) span class="unseen" { ": " (date) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The day before a week begins, if another one is valid then: what takes its place if it is not to be.
    fn before(&self, from: NaiveDate) -> Option<NaiveDate> {
        from.pred_opt().filter(|before| in_force(&self.course.versions, *before).is_some())
    }

    fn details(&self, lang: Lang) -> Markup {
        let name = Field {
            name: "nombre",
            label: lang.t("open-name"),
            kind: "text",
            autocomplete: "off",
            value: &self.course.called,
            hint: None,
        };
        html! {
            details class="card" open[self.wrong_name.is_some()] {
                summary { (lang.t("open-details")) }
                form class="form" method="post" action={ "/cursos/" (self.course.id) "/datos?colegio=" (self.school.id) } {
                    (form::field(&name, None, lang))
                    (shift_choice(shift_value(self.course.shift), lang))
                    (form::send(&lang.t("open-save")))
                }
            }
        }
    }

    fn change(&self, lang: Lang) -> Markup {
        let (typed, refused) = (&self.typed, self.refused);
        let from = Field {
            name: "desde",
            label: lang.t("schedule-from"),
            kind: "date",
            autocomplete: "off",
            value: &typed.from,
            hint: Some(lang.t("schedule-from-hint")),
        };
        let spare = Row::default();
        let rows = typed.rows.iter().chain([&spare]).take(ROWS).enumerate();
        html! {
            section class="card" id="cambiar" aria-labelledby="change" {
                h2 id="change" { (lang.t("schedule-change")) }
                @if self.others.iter().any(|course| !course.versions.is_empty()) { (self.copy(lang)) }
                (form::refused(refused, lang))
                form class="form" method="post" action={ "/cursos/" (self.course.id) "/horario?colegio=" (self.school.id) } {
                    (form::field(&from, refused, lang))
                    @for (n, row) in rows { (self.row(n, row, n == typed.rows.len(), lang)) }
                    @if !self.others.is_empty() { (self.ticks(lang)) }
                    (form::send(&lang.t("calendar-review")))
                }
            }
        }
    }

    fn copy(&self, lang: Lang) -> Markup {
        let none = std::iter::once((String::new(), lang.t("schedule-copy-choose")));
        let with_week = self.others.iter().filter(|course| !course.versions.is_empty());
        let options: Vec<(String, String)> =
            none.chain(with_week.map(|course| (course.id.to_string(), course.name.clone()))).collect();
        html! {
            details open[self.copied.is_some()] {
                summary { (lang.t("schedule-copy")) }
                @if let Some(name) = &self.copied {
                    p class="hint" role="status" { (lang.f("schedule-copied", &[("course", name.into())])) }
                }
                form class="form" method="get" action={ "/cursos/" (self.course.id) "/horario#cambiar" } {
                    (form::hidden("colegio", &self.school.id.to_string()))
                    (form::hidden("desde", &self.typed.from))
                    (form::choice("de", &lang.t("schedule-copy-of"), &options, "", false, None, lang))
                    button class="button quiet" type="submit" { (lang.t("schedule-copy-do")) }
                }
            }
        }
    }

    /// A stay: its hours, its weekdays, and whether it goes.
    fn row(&self, n: usize, row: &Row, spare: bool, lang: Lang) -> Markup {
        let number = n.saturating_add(1);
        let (Some(entry), Some(exit)) = (ENTRIES.get(n), EXITS.get(n)) else { return html! {} };
        let field = |name: &'static str, label, value| {
            let field = Field { name, label: lang.t(label), kind: "time", autocomplete: "off", value, hint: None };
            form::optional(&field, self.refused, lang)
        };
        html! {
            fieldset class="stay" {
                legend {
                    @if spare { (lang.t("schedule-row-more")) }
                    @else { (lang.f("schedule-row", &[("n", u32::try_from(number).unwrap_or(u32::MAX).into())])) }
                }
                div class="stay-hours" {
                    (field(entry, key("schedule-entry"), &row.entry))
                    (field(exit, key("schedule-exit"), &row.exit))
                }
                div class="stay-days" role="group" aria-label=(lang.t("schedule-row-days")) {
                    @for ((d, day), on) in (1..).zip(weekdays()).zip(row.days) {
                        @let name = times::weekday(day, lang);
                        label {
                            input type="checkbox" name={ "dia-" (number) } value=(d) checked[on] aria-label=(name);
                            span aria-hidden="true" { (name.chars().take(3).collect::<String>()) }
                        }
                    }
                }
                @if !spare {
                    div class="ticks" { label {
                        input type="checkbox" name={ "quitar-" (number) } value="si";
                        span { (lang.t("schedule-row-remove")) }
                    } }
                }
            }
        }
    }

    fn ticks(&self, lang: Lang) -> Markup {
        html! {
            details open[!self.typed.courses.is_empty()] {
                summary { (lang.t("schedule-also")) }
                fieldset class="ticks" {
                    legend class="hint" { (lang.t("schedule-also-hint")) }
                    @for course in &self.others {
                        label {
                            input type="checkbox" name="curso" value=(course.id)
                                checked[self.typed.courses.contains(&course.id.to_string())];
                            span { (course.name) }
                        }
                    }
                }
            }
        }
    }
}
