//! `/informes/ausencias`: who is away or late again and again.

use super::super::respond::Nonce;
use super::parts::{Base, Names, Row, Tab, band, month_words, of_month, table};
use crate::i18n::Lang;
use crate::reports::sheets::course_name;
use domain::entry_rate::{CURRICULUM_NACIONAL, REPEATED_LATENESS};
use maud::{Markup, html};
use projections::live::reports::{PupilLine, Report};

pub(super) fn page(base: &Base, report: &Report, names: &Names, lang: Lang, nonce: &Nonce) -> Markup {
    let mut away: Vec<&PupilLine> = report.pupils.iter().filter(|line| line.is_chronic()).collect();
    // The lowest share first; whole numbers compare it.
    away.sort_by_key(|line| (line.tally.rate().tenths(), names.get(line.student_id).clone()));
    let mut late: Vec<&PupilLine> = report.pupils.iter().filter(|line| line.is_late_again()).collect();
    late.sort_by_key(|line| (std::cmp::Reverse(line.tally.late), names.get(line.student_id).clone()));
    let head = |line: &PupilLine, with_band: bool| {
        html! {
            (names.link(base, line.student_id, lang))
            p class="hint" {
                (course_name(&report.courses, line.course_id))
                @if let Some(found) = line.band().filter(|_| with_band) { " · " (band(found, lang)) }
            }
        }
    };
    let rows = |lines: &[&'_ PupilLine], with_band| -> Vec<(Markup, domain::entry_rate::Tally)> {
        lines.iter().map(|line| (head(line, with_band), line.tally)).collect()
    };
    let (away_rows, late_rows) = (rows(&away, true), rows(&late, false));
    fn of(rows: &[(Markup, domain::entry_rate::Tally)]) -> Vec<Row<'_>> {
        rows.iter().map(|(head, tally)| Row { head: head.clone(), tally }).collect()
    }
    let n = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let main = html! {
        (base.months("/ausencias", report.from, lang))
        section class="card answer" aria-label=(lang.t("reports-absence-title")) {
            p class="headline" {
                strong class="figure" { (lang.number(n(away.len()))) } " "
                span class="of" { (lang.f("reports-away", &[("n", n(away.len()).into())])) }
            }
            p { (lang.f("reports-late-again", &[("n", n(late.len()).into()), ("times", REPEATED_LATENESS.into())])) }
            p class="hint" { (lang.f("reports-scale", &[("source", CURRICULUM_NACIONAL.source.into())])) }
        }
        (table("report-away", &lang.t("reports-away-title"), &lang.t("reports-pupil"), &of(&away_rows), lang))
        (table("report-late", &lang.t("reports-late-title"), &lang.t("reports-pupil"), &of(&late_rows), lang))
    };
    let what = html! { (month_words(report.from, lang)) };
    let title = lang.t("reports-absence-title");
    base.page((Some(Tab::Absence), title, &what), ("/ausencias", &of_month(report.from)), true, &main, (lang, nonce))
}
