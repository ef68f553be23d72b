//! `/informes/cursos/{id}`: a course's month, pupil by pupil.

use super::super::respond::Nonce;
use super::parts::{Base, Names, Row, answer, month_words, of_month, table};
use super::{chart, month};
use crate::i18n::Lang;
use domain::CourseId;
use maud::{Markup, html};
use projections::live::reports::Report;

pub(super) fn page(
    base: &Base,
    report: &Report,
    (course, name): (CourseId, &str),
    names: &Names,
    lang: Lang,
    nonce: &Nonce,
) -> Markup {
    let path = format!("/cursos/{course}");
    let mut pupils: Vec<_> = report.pupils.iter().collect();
    pupils.sort_by(|a, b| (names.get(a.student_id), a.student_id).cmp(&(names.get(b.student_id), b.student_id)));
    let rows: Vec<Row<'_>> = pupils
        .into_iter()
        .map(|line| Row { head: names.link(base, line.student_id, lang), tally: &line.tally })
        .collect();
    let main = html! {
        (base.months(&path, report.from, lang))
        (answer(&report.total, lang))
        (chart::days(&report.days, "course-chart", lang))
        (table("report-pupils", &lang.t("reports-pupils"), &lang.t("reports-pupil"), &rows, lang))
        (month::days(base, report, lang))
    };
    let what = html! { (month_words(report.from, lang)) };
    base.page((None, name.to_owned(), &what), (&path, &of_month(report.from)), true, &main, (lang, nonce))
}
