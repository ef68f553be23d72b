//! `/informes`: a school's month.

use super::super::respond::Nonce;
use super::parts::{Base, Row, Tab, answer, month_words, of_month, table};
use super::{chart, day};
use crate::i18n::{Lang, times};
use maud::{Markup, html};
use projections::live::reports::{CourseLine, Report};

pub(super) fn page(base: &Base, report: &Report, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        (base.months("", report.from, lang))
        (answer(&report.total, lang))
        (chart::days(&report.days, "month-chart", lang))
        (days(base, report, lang))
        (courses(base, report, lang))
    };
    let title = lang.t("reports-title");
    let what = html! { (month_words(report.from, lang)) };
    let own = ("", of_month(report.from));
    base.page((Some(Tab::Month), title, &what), (own.0, &own.1), true, &main, (lang, nonce))
}

/// The days on which anybody was expected, each leading to its own report.
pub(super) fn days(base: &Base, report: &Report, lang: Lang) -> Markup {
    let expected = report.days.iter().filter(|line| line.tally.expected > 0);
    let rows: Vec<Row<'_>> = expected
        .map(|line| Row {
            head: html! {
                a href=(base.href("/dia", &format!("&fecha={}", line.date))) { (times::long_date(line.date, lang)) }
                (day::notes(line, lang))
            },
            tally: &line.tally,
        })
        .collect();
    table("report-days", &lang.t("reports-days"), &lang.t("reports-day"), &rows, lang)
}

/// The courses, each leading to its own month where the person may see pupils by name.
pub(super) fn courses(base: &Base, report: &Report, lang: Lang) -> Markup {
    let named = |line: &CourseLine| {
        html! {
            @if base.names {
                a href=(base.href(&format!("/cursos/{}", line.course_id), &of_month(report.from))) { (line.name) }
            } @else { (line.name) }
        }
    };
    let rows: Vec<Row<'_>> = report.courses.iter().map(|line| Row { head: named(line), tally: &line.tally }).collect();
    table("report-courses", &lang.t("reports-courses"), &lang.t("reports-course"), &rows, lang)
}
