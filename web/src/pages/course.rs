//! One course's day, pupil by pupil, who is missing first; each with the reasons of the status.

use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{CourseDay, PersonName, Pupil, Status, Who};
use super::{alerts, bar, board, courses, fresh, reasons, status};
use crate::i18n::{Lang, times};
use chrono_tz::Tz;
use domain::day_status::Step;
use maud::{Markup, html};

/// In the order in which somebody must act.
const GROUPS: [Status; 7] = [
    Status::Missing,
    Status::Unknown,
    Status::Late,
    Status::Pending,
    Status::Left,
    Status::Inside,
    Status::NotExpected,
];

/// The whole page. The list fetches itself again every ten seconds.
pub(super) fn page(day: &CourseDay, who: &Who, lang: Lang, nonce: &Nonce) -> Markup {
    let here = format!("/hoy/cursos/{}", day.course.id);
    let main = html! {
        main class="course-page" {
            a class="back" href="/hoy" { (icon("back")) (lang.t("back-to-today")) }
            header class="page-head" {
                h1 { (day.course.name) }
                p class="date" { (times::long_date(day.date, lang)) }
            }
            div class="banners" aria-live="polite" { (board::offline(lang)) }
            div id="course" hx-get={ (here) "?lang=" (lang.code()) } hx-trigger="every 10s" hx-target="#course"
                hx-select="#course" hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce) {
                (day_of(day, lang))
            }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: day.course.name.clone(),
            place: Place::Nowhere,
            here: format!("{here}?colegio={}", day.school.id),
            school: Some(&day.school.name),
            who: Some(who),
            ages: true,
        },
        &main,
    )
}

fn day_of(day: &CourseDay, lang: Lang) -> Markup {
    let counts = &day.course.counts;
    let mut pupils: Vec<&Pupil> = day.pupils.iter().collect();
    pupils.sort_by(|a, b| a.name.cmp(&b.name));
    let time = times::clock_seconds(day.freshness.as_of, day.school.zone);
    html! {
        div class="banners" aria-live="polite" {
            (alerts::alerts(&day.freshness, &day.gates, day.school.zone, alerts::Words::All, lang))
        }
        section class="answer" aria-label=(lang.t("answer-label")) {
            p class="headline" {
                strong class="figure" { (lang.number(counts.inside)) } " "
                span class="of" { (lang.f("answer-of", &[("expected", counts.expected.into())])) }
            }
            (bar::large(counts, "course-bar", lang))
            p class="course-told" { (courses::told(counts, lang)) }
            (fresh::words(&day.freshness, lang))
            p class="hint" { (lang.f("course-as-of", &[("time", (&time).into())])) }
        }
        @if pupils.is_empty() { p class="hint" { (lang.t("course-empty")) } }
        @for group in GROUPS {
            @let members: Vec<&&Pupil> = pupils.iter().filter(|pupil| pupil.status == group).collect();
            @if !members.is_empty() {
                section class="card group" aria-labelledby={ "group-" (group.class()) } {
                    h2 id={ "group-" (group.class()) } {
                        @let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                        (status::title(group, count, lang))
                        small { (lang.number(count)) }
                    }
                    ul class="pupils" {
                        @for pupil in members { li { (row(pupil, day.school.zone, lang)) } }
                    }
                }
            }
        }
    }
}

fn row(pupil: &Pupil, zone: Tz, lang: Lang) -> Markup {
    html! {
        details class="pupil" id={ "pupil-" (pupil.id) } {
            summary {
                b class="pupil-name" { (list_name(&pupil.name, lang)) }
                " " span class="pupil-fact" { (fact(pupil, zone, lang)) }
                " " span class="pupil-why" { (lang.t("why")) (icon("next")) }
            }
            ol { @for step in &pupil.derivation { li { (words(step, zone, lang)) } } }
        }
    }
}

/// `Pérez Soto, María José`
fn list_name(name: &PersonName, lang: Lang) -> Markup {
    html! {
        @match name {
            PersonName::Known { family, given } => { (family) ", " (given) }
            PersonName::Erased => em { (lang.t("erased")) }
            PersonName::Unknown => em { (lang.t("name-unknown")) }
        }
    }
}

/// The one fact that the status rests on.
pub(super) fn fact(pupil: &Pupil, zone: Tz, lang: Lang) -> Markup {
    let at = |at| times::clock(at, zone);
    html! {
        @match (pupil.status, pupil.first_entry, pupil.left_at) {
            (Status::Left, _, Some(left)) => (lang.f("fact-left", &[("time", (&at(left)).into())])),
            (Status::Late, Some(entry), _) => {
                (lang.f("fact-late", &[("time", (&at(entry)).into()), ("minutes", pupil.late_minutes.unwrap_or(0).into())]))
            }
            (_, Some(entry), _) => (lang.f("fact-entered", &[("time", (&at(entry)).into())])),
            (Status::NotExpected, None, _) => {}
            (_, None, _) => (lang.t("fact-no-entry")),
        }
    }
}

pub(super) fn words(step: &Step, zone: Tz, lang: Lang) -> String {
    let at = |at| times::clock(at, zone);
    match *step {
        Step::Expected { why } => reasons::why(why, lang),
        Step::Slot { entry, exit, late_from, missing_from, .. } => lang.f(
            "why-slot",
            &[
                ("entry", (&at(entry)).into()),
                ("exit", (&at(exit)).into()),
                ("late", (&at(late_from)).into()),
                ("missing", (&at(missing_from)).into()),
            ],
        ),
        Step::EntryRecorded { at: time } => lang.f("why-entered", &[("time", (&at(time)).into())]),
        Step::EntryTimeNotTrusted { at: time } => lang.f("why-entered-doubtful", &[("time", (&at(time)).into())]),
        Step::EarlierEntryTimeNotTrusted { at: time } => {
            lang.f("why-entered-before-doubtful", &[("time", (&at(time)).into())])
        }
        Step::NoEntryRecorded => lang.t("why-no-entry"),
        Step::InTime => lang.t("why-in-time"),
        Step::LateBy { minutes } => lang.f("why-late", &[("minutes", minutes.into())]),
        Step::NotDueYet => lang.t("why-not-due"),
        Step::LimitPassed => lang.t("why-limit-passed"),
        Step::GatesAwaited => lang.t("why-gates-awaited"),
        Step::GateSilent => lang.t("why-gate-silent"),
        Step::WentOut { at: time } => lang.f("why-went-out", &[("time", (&at(time)).into())]),
        Step::ExitWithoutEntry { at: time } => lang.f("why-exit-without-entry", &[("time", (&at(time)).into())]),
        Step::ScannedThoughNotExpected => lang.t("why-scanned-anyway"),
    }
}
