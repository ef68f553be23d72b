//! What the pages of the reports are made of.

use super::super::icon::icon;
use super::super::read_models;
use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place};
use super::super::stream::full_name;
use super::super::view::{PersonName, School, Who};
use crate::i18n::{Lang, key, times};
use crate::names::SchoolNames;
use chrono::{Datelike, Months, NaiveDate};
use domain::StudentId;
use domain::entry_rate::{Band, Tally};
use maud::{Markup, html};
use projections::live::reports::PupilLine;
use std::collections::HashMap;

/// What every page says.
pub(super) struct Base {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Today in the school's zone.
    pub today: NaiveDate,
    /// Whether the person may see pupils by name.
    pub names: bool,
}

/// The names that a page needs.
pub(super) struct Names(HashMap<StudentId, PersonName>);

impl Names {
    pub(super) fn of(names: &SchoolNames, lines: &[PupilLine]) -> Self {
        Self::of_these(names, lines.iter().map(|line| line.student_id))
    }

    pub(super) fn of_these(names: &SchoolNames, students: impl IntoIterator<Item = StudentId>) -> Self {
        Self(students.into_iter().map(|student| (student, read_models::name(names, student))).collect())
    }

    #[cfg(test)]
    pub(super) fn sample(names: impl IntoIterator<Item = (StudentId, PersonName)>) -> Self {
        Self(names.into_iter().collect())
    }

    pub(super) fn get(&self, student: StudentId) -> &PersonName {
        self.0.get(&student).unwrap_or(&PersonName::Unknown)
    }

    /// A pupil's name, leading to the pupil's days.
    pub(super) fn link(&self, base: &Base, student: StudentId, lang: Lang) -> Markup {
        html! {
            a href={ "/informes/alumnos/" (student) "?colegio=" (base.school.id) } {
                (full_name(self.get(student), lang))
            }
        }
    }
}

/// The reports, in the order in which they are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Month,
    Day,
    Absence,
    Gates,
    List,
}

impl Base {
    /// An address of these pages in this school.
    pub(super) fn href(&self, path: &str, more: &str) -> String {
        format!("/informes{path}?colegio={}{more}", self.school.id)
    }

    fn tabs(&self, tab: Option<Tab>, lang: Lang) -> Markup {
        let all = [
            (Tab::Month, "", key("reports-tab-month"), false),
            (Tab::Day, "/dia", key("reports-tab-day"), false),
            (Tab::Absence, "/ausencias", key("reports-tab-absence"), true),
            (Tab::Gates, "/accesos", key("reports-tab-gates"), false),
            (Tab::List, "/nomina", key("reports-tab-list"), true),
        ];
        html! {
            nav class="report-tabs" aria-label=(lang.t("reports-tabs")) { ul {
                @for (of, path, words, needs_names) in all {
                    @if self.names || !needs_names {
                        li { a href=(self.href(path, "")) aria-current=[(tab == Some(of)).then_some("page")] { (lang.t(words)) } }
                    }
                }
            } }
        }
    }

    /// The whole page: `path` and `more` are its own address, `csv` whether it is a sheet as well.
    pub(super) fn page(
        &self,
        (tab, title, what): (Option<Tab>, String, &Markup),
        (path, more): (&str, &str),
        csv: bool,
        main: &Markup,
        (lang, nonce): (Lang, &Nonce),
    ) -> Markup {
        let main = html! {
            main class="reports-page" {
                (self.tabs(tab, lang))
                header class="page-head" { h1 { (title) } p class="date" { (what) } }
                (main)
                footer class="report-foot" {
                    @if csv {
                        a class="button quiet" href=(self.href(path, &format!("{more}&formato=csv"))) { (lang.t("reports-csv")) }
                    }
                    p class="hint" { (lang.t("reports-legal")) }
                }
            }
        };
        let page = Page {
            lang,
            nonce,
            title,
            place: Place::Reports,
            here: self.href(path, more),
            school: Some(&self.school.name),
            who: Some(&self.who),
            ages: false,
        };
        shell::page(&page, &main)
    }

    /// The month, and the ways to the one before and the one after.
    pub(super) fn months(&self, path: &str, month: NaiveDate, lang: Lang) -> Markup {
        let before = month.checked_sub_months(Months::new(1));
        let after = month.checked_add_months(Months::new(1)).filter(|after| *after <= self.today);
        let link = |to: NaiveDate| {
            html! { a class="button quiet" href=(self.href(path, &of_month(to))) { (month_words(to, lang)) } }
        };
        html! {
            nav class="months" aria-label=(lang.t("reports-months")) {
                @if let Some(before) = before { (link(before)) }
                @if let Some(after) = after { (link(after)) }
            }
        }
    }
}

/// `&mes=2026-11`
pub(super) fn of_month(date: NaiveDate) -> String {
    format!("&mes={}", date.format("%Y-%m"))
}

/// `noviembre de 2026`
pub(super) fn month_words(date: NaiveDate, lang: Lang) -> String {
    let (month, year) = (times::month(date.month(), lang), date.year().to_string());
    lang.f("reports-month", &[("month", (&month).into()), ("year", (&year).into())])
}

/// `84,9 %`, never rounded up; of no days a dash.
pub(super) fn percent(tally: &Tally, lang: Lang) -> String {
    let mark = if lang == Lang::Es { ',' } else { '.' };
    tally.rate().tenths().map_or_else(|| "–".to_owned(), |tenths| format!("{}{mark}{} %", tenths / 10, tenths % 10))
}

/// The *porcentaje de ingresos* as the page's answer, with both its numbers and what is not in them.
pub(super) fn answer(tally: &Tally, lang: Lang) -> Markup {
    let rate = tally.rate();
    let open = tally.missing.saturating_add(tally.pending);
    html! {
        section class="card answer" aria-label=(lang.t("reports-rate")) {
            p class="headline" {
                strong class="figure" { (percent(tally, lang)) } " "
                span class="of" { (lang.t("reports-rate-long")) }
            }
            @if rate.known > 0 {
                p { (lang.f("reports-rate-of", &[("entered", rate.entered.into()), ("known", rate.known.into())])) }
            } @else {
                p { (lang.t("reports-rate-none")) }
            }
            ul class="stats" {
                (stat("late", "late", tally.late, key("reports-n-late"), lang))
                (stat("missing", "missing", tally.absent, key("reports-n-absent"), lang))
                @if tally.justified > 0 { (stat("justified", "justified", tally.justified, key("reports-n-justified"), lang)) }
                @if tally.unknown > 0 { (stat("unknown", "unknown", tally.unknown, key("reports-n-unknown"), lang)) }
                @if open > 0 { (stat("pending", "pending", open, key("reports-n-open"), lang)) }
            }
            @if tally.unknown > 0 { p class="remark" { (icon("unknown")) (lang.t("reports-unknown-why")) } }
        }
    }
}

fn stat(class: &str, icon_name: &str, n: u32, words: &'static str, lang: Lang) -> Markup {
    html! {
        li class={ "stat " (if n == 0 { "none" } else { class }) } {
            (icon(icon_name)) b { (lang.number(n)) } span { (lang.f(words, &[("n", n.into())])) }
        }
    }
}

/// A line of a table of figures.
pub(super) struct Row<'a> {
    /// What it is of.
    pub head: Markup,
    /// Its figures.
    pub tally: &'a Tally,
}

/// A table of figures; on a phone each line is a card.
pub(super) fn table(id: &str, title: &str, first: &str, rows: &[Row<'_>], lang: Lang) -> Markup {
    let heads = [
        key("reports-expected"),
        key("reports-in-time"),
        key("reports-late"),
        key("reports-absent"),
        key("reports-justified"),
        key("reports-open"),
        key("reports-unknown"),
        key("reports-rate"),
    ]
    .map(|head| lang.t(head));
    html! {
        section class="card" aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if rows.is_empty() { p class="hint" { (lang.t("reports-nothing")) } }
            @else {
                table class="figures" aria-labelledby=(id) {
                    thead { tr { th scope="col" { (first) } @for head in &heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { (row.head) }
                                @for (head, cell) in heads.iter().zip(cells(row.tally, lang)) { td data-head=(head) { span { (cell) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cells(tally: &Tally, lang: Lang) -> [Markup; 8] {
    let n = |n: u32| html! { (lang.number(n)) };
    let t = tally;
    let rate = t.rate();
    let share = html! {
        b { (percent(tally, lang)) }
        @if rate.known > 0 {
            " " small { (lang.f("reports-share", &[("entered", rate.entered.into()), ("known", rate.known.into())])) }
        }
    };
    let open = t.missing.saturating_add(t.pending);
    [n(t.expected), n(t.in_time), n(t.late), n(t.absent), n(t.justified), n(open), n(t.unknown), share]
}

/// A band in words.
pub(super) fn band(band: Band, lang: Lang) -> String {
    lang.t(match band {
        Band::Severe => key("reports-band-severe"),
        Band::Repeated => key("reports-band-repeated"),
        Band::Normal => key("reports-band-normal"),
        Band::Outstanding => key("reports-band-outstanding"),
    })
}
