//! The wall screen: the same figures, readable at six metres, without names, without chrome. Its
//! content moves by a few pixels every minute so that no pixel burns in.

use super::board::{Panel, offline};
use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{Board, Course, Phase, Status};
use super::{alerts, answer, bar};
use crate::i18n::{Lang, times};
use maud::{Markup, html};

/// The whole page.
pub(super) fn page(board: &Board, lang: Lang, nonce: &Nonce) -> Markup {
    let main = html! {
        main class="wall-screen" id="live" hx-sse:connect={ "/hoy/live?muro=1&lang=" (lang.code()) "&colegio=" (board.school.id) }
            hx-trigger="load, every 15s" hx-sync="this:drop" hx-swap="none" hx-nonce=(nonce) {
            div aria-live="polite" { (offline(lang)) }
            h1 class="unseen" { (board.school.name) " · " (lang.t("today")) }
            div id="answer" class="wall-answer" { (content(Panel::Answer, board, lang)) }
            div id="courses" class="wall-courses" { (content(Panel::Courses, board, lang)) }
            div id="alerts" class="wall-alerts" aria-live="polite" { (content(Panel::Alerts, board, lang)) }
            footer class="wall-foot" {
                a href="/hoy" { (board.school.name) }
                span id="fresh" { (content(Panel::Fresh, board, lang)) }
            }
        }
    };
    shell::bare(
        &Page {
            lang,
            nonce,
            title: lang.t("nav-wall"),
            place: Place::Wall,
            here: "/hoy/muro".to_owned(),
            school: Some(&board.school.name),
            who: None,
            ages: true,
        },
        "wall",
        &main,
    )
}

/// The panels that the wall has.
pub(super) const PANELS: [Panel; 4] = [Panel::Answer, Panel::Courses, Panel::Alerts, Panel::Fresh];

/// A panel as the wall shows it.
pub(super) fn content(panel: Panel, board: &Board, lang: Lang) -> Markup {
    match panel {
        Panel::Answer => figures(board, lang),
        Panel::Courses => html! {
            ul class="tiles" { @for course in &board.courses { (tile(course, lang)) } }
        },
        Panel::Alerts => alerts::alerts(&board.freshness, &board.gates, board.school.zone, alerts::Words::Brief, lang),
        Panel::Fresh => clock(board, lang),
        other => other.content(board, lang),
    }
}

fn figures(board: &Board, lang: Lang) -> Markup {
    if matches!(board.phase, Phase::Empty | Phase::Nobody(_)) {
        return answer::answer(board, lang);
    }
    let counts = &board.counts;
    html! {
        p class="wall-figure" { (lang.number(counts.inside)) }
        p class="wall-of" { (lang.f("answer-of", &[("expected", counts.expected.into())])) }
        (answer::special(board, lang))
        (bar::large(counts, "day-bar", lang))
        ul class="wall-stats" {
            @for status in [Status::Missing, Status::Late, Status::Pending, Status::Unknown] {
                @let count = counts.of(status);
                @if count > 0 || status == Status::Missing {
                    li class={ "stat " (if count == 0 { "none" } else { status.class() }) } {
                        (icon(status.class())) b { (lang.number(count)) } span { (status.counted(count, lang)) }
                    }
                }
            }
        }
    }
}

fn tile(course: &Course, lang: Lang) -> Markup {
    let counts = &course.counts;
    let class = if counts.missing > 0 { "missing" } else { "calm" };
    html! {
        li class={ "tile " (class) } {
            b { (course.name) }
            span {
                @if counts.missing > 0 {
                    (icon("missing")) (lang.number(counts.missing)) " " (Status::Missing.counted(counts.missing, lang))
                } @else if counts.is_whole() {
                    (icon("inside")) (lang.t("course-whole"))
                } @else {
                    (lang.number(counts.inside)) " " (lang.f("course-of", &[("expected", counts.expected.into())]))
                }
            }
        }
    }
}

fn clock(board: &Board, lang: Lang) -> Markup {
    let zone = board.school.zone;
    let now = board.freshness.as_of;
    html! {
        span { (times::long_date(board.date, lang)) }
        " "
        time datetime=(times::machine(now, zone)) { (times::clock(now, zone)) }
    }
}
