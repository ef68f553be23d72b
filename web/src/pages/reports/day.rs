//! `/informes/dia`: a school's day, course by course.

use super::super::icon::icon;
use super::super::reasons;
use super::super::respond::Nonce;
use super::month;
use super::parts::{Base, Tab, answer};
use crate::i18n::{Lang, times};
use maud::{Markup, html};
use projections::live::reports::{DayLine, Report};

pub(super) fn page(base: &Base, report: &Report, lang: Lang, nonce: &Nonce) -> Markup {
    let date = report.from;
    let line = report.days.first();
    let step = |to: Option<chrono::NaiveDate>| {
        let to = to.filter(|to| *to <= base.today);
        html! {
            @if let Some(to) = to {
                a class="button quiet" href=(base.href("/dia", &format!("&fecha={to}"))) { (times::long_date(to, lang)) }
            }
        }
    };
    let main = html! {
        nav class="months" aria-label=(lang.t("reports-other-days")) { (step(date.pred_opt())) (step(date.succ_opt())) }
        @if report.total.expected == 0 {
            div class="nothing" {
                p class="headline" { (lang.t("reports-nobody")) }
                @if let Some(why) = line.and_then(|line| line.nobody) { p { (reasons::why(why, lang)) } }
                @if date > base.today { p { (lang.t("reports-not-yet")) } }
            }
        } @else {
            (answer(&report.total, lang))
            @if let Some(line) = line { (notes(line, lang)) }
            @if date == base.today { p class="remark" { (icon("note")) (lang.t("reports-today")) } }
            (month::courses(base, report, lang))
        }
    };
    let what = html! { (times::full_date(date, lang)) };
    let own = format!("&fecha={date}");
    base.page((Some(Tab::Day), lang.t("reports-day-title"), &what), ("/dia", &own), true, &main, (lang, nonce))
}

/// What must be known of a day before its figures are believed.
pub(super) fn notes(line: &DayLine, lang: Lang) -> Markup {
    html! {
        @if line.nobody_read && line.tally.unknown > 0 {
            p class="hint note" { (icon("unknown")) (lang.t("reports-nobody-read")) }
        }
        @if line.late_synced > 0 {
            p class="hint note" { (icon("note")) (lang.f("reports-synced-late", &[("n", line.late_synced.into())])) }
        }
    }
}
