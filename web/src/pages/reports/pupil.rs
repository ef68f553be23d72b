//! `/informes/alumnos/{student_id}`: a pupil's year, day by day, newest first.

use super::super::respond::Nonce;
use super::super::status::outcome_tag;
use super::super::stream::full_name;
use super::super::view::PersonName;
use super::parts::{Base, answer, band};
use crate::i18n::{Lang, key, times};
use chrono::Datelike;
use domain::StudentId;
use domain::entry_rate::{Bound, CURRICULUM_NACIONAL, Outcome, PROMOTION};
use maud::{Markup, html};
use projections::live::reports::{PupilDate, Report};

pub(super) fn page(
    base: &Base,
    report: &Report,
    (student, name): (StudentId, &PersonName),
    days: &[PupilDate],
    lang: Lang,
    nonce: &Nonce,
) -> Markup {
    let expected: Vec<(&PupilDate, Outcome)> =
        days.iter().rev().filter_map(|day| Some((day, Outcome::of(&day.status)?))).collect();
    let main = html! {
        p class="headline pupil-head" { (full_name(name, lang)) }
        (answer(&report.total, lang))
        (bands(report, lang))
        section class="card" aria-labelledby="pupil-days" {
            h2 id="pupil-days" { (lang.t("reports-days")) }
            @if expected.is_empty() { p class="hint" { (lang.t("reports-nothing")) } }
            @else { ul class="rows" { @for (day, outcome) in &expected { (row(base, day, *outcome, lang)) } } }
        }
    };
    let year = report.from.year().to_string();
    let what = html! { (lang.f("reports-year", &[("year", (&year).into())])) };
    let (path, own) = (format!("/alumnos/{student}"), format!("&anio={year}"));
    base.page((None, lang.t("reports-pupil-title"), &what), (&path, &own), true, &main, (lang, nonce))
}

/// What the share is called, and by whom; and what promotion asks for.
fn bands(report: &Report, lang: Lang) -> Markup {
    let rate = report.total.rate();
    let promoted = |bound: Bound| rate.reaches(bound);
    html! {
        @if let (Some(found), Some(promoted)) = (CURRICULUM_NACIONAL.band(rate), promoted(PROMOTION)) {
            section class="card" aria-labelledby="pupil-band" {
                h2 id="pupil-band" { (band(found, lang)) }
                p class="hint" { (lang.f("reports-scale", &[("source", CURRICULUM_NACIONAL.source.into())])) }
                p {
                    (lang.t(if promoted { key("reports-promotion-reached") } else { key("reports-promotion-below") }))
                }
            }
        }
    }
}

fn row(base: &Base, day: &PupilDate, outcome: Outcome, lang: Lang) -> Markup {
    let zone = base.school.zone;
    html! {
        li class="row" {
            div {
                b { (times::long_date(day.date, lang)) }
                p class="hint" {
                    @if let Some(at) = day.first_entry { (lang.f("reports-entered-at", &[("time", (&times::clock(at, zone)).into())])) }
                    @if let Some(at) = day.left_at { " " (lang.f("reports-left-at-time", &[("time", (&times::clock(at, zone)).into())])) }
                    @if day.late_synced { " " (lang.t("reports-one-synced-late")) }
                }
            }
            (outcome_tag(outcome, &day.status, lang))
        }
    }
}
