//! The person's schools: to choose one, and for whoever has several, how all of them stand today.

use super::courses::told;
use super::icon::icon;
use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{Board, Counts, Listed, Phase, Who};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::sync::Arc;

/// A school in the list.
pub(super) struct Choice {
    /// It.
    pub listed: Listed,
    /// The page that its choice leads to.
    pub first: &'static str,
    /// Its day; none where the person may not see it, and where it could not be computed in time.
    pub today: Option<Arc<Board>>,
    /// Whether the person may see its day.
    pub may_see: bool,
}

/// The whole page; with the time now where it shows figures.
pub(super) fn page(schools: &[Choice], now: Option<DateTime<Utc>>, who: &Who, lang: Lang, nonce: &Nonce) -> Markup {
    let days: Vec<&Board> = schools.iter().filter_map(|school| school.today.as_deref()).collect();
    let main = html! {
        main class="chooser" {
            @if schools.is_empty() {
                header class="page-head" { h1 { (lang.t("no-school-title")) } }
                p { (lang.t("no-school-what-to-do")) }
            } @else {
                header class="page-head" { h1 { (lang.t("choose-school")) } }
                @if days.len() > 1 { (together(&days, schools.len(), lang)) }
                ul class="schools" {
                    @for school in schools { li { (row(school, now, lang)) } }
                }
            }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: lang.t("nav-schools"),
            place: Place::Schools,
            here: "/escuelas".to_owned(),
            school: None,
            who: Some(who),
            ages: false,
        },
        &main,
    )
}

/// All schools as one.
fn together(days: &[&Board], schools: usize, lang: Lang) -> Markup {
    let sum = |of: fn(&Counts) -> u32| days.iter().map(|day| of(&day.counts)).sum::<u32>();
    let counts = Counts {
        expected: sum(|c| c.expected),
        inside: sum(|c| c.inside),
        unexpected: sum(|c| c.unexpected),
        on_time: sum(|c| c.on_time),
        late: sum(|c| c.late),
        missing: sum(|c| c.missing),
        unknown: sum(|c| c.unknown),
        pending: sum(|c| c.pending),
        left: sum(|c| c.left),
        justified: sum(|c| c.justified),
    };
    let n = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    html! {
        section class="answer" aria-label=(lang.t("answer-label")) {
            p class="headline" {
                strong class="figure" { (lang.number(counts.inside)) } " "
                span class="of" { (lang.f("answer-of", &[("expected", counts.expected.into())])) }
            }
            p class="course-told" { (told(&counts, lang)) }
            p class="hint" {
                @if days.len() == schools { (lang.f("schools-all", &[("n", n(schools).into())])) }
                @else { (lang.f("schools-some", &[("n", n(days.len()).into()), ("of", n(schools).into())])) }
            }
        }
    }
}

fn row(school: &Choice, now: Option<DateTime<Utc>>, lang: Lang) -> Markup {
    let Choice { listed, first, today, may_see } = school;
    let zone = listed.school.zone;
    html! {
        a class="card" href={ (first) "?colegio=" (listed.school.id) } {
            (icon("school"))
            span class="school" {
                b { (listed.school.name) }
                @match (today, now) {
                    (Some(board), _) => (day(board, lang)),
                    (None, Some(_)) if *may_see => span class="hint" { (lang.t("schools-no-figures")) },
                    (None, _) => {},
                }
                small {
                    @if let Some(rbd) = &listed.rbd { "RBD " (rbd) " · " }
                    (zone.name())
                    @if let Some(now) = now { ", " (times::clock(now, zone)) }
                }
            }
            (icon("next"))
        }
    }
}

/// A school's day in a line.
fn day(board: &Board, lang: Lang) -> Markup {
    let silent = board.gates.iter().filter(|gate| gate.silent_since.is_some()).count();
    html! {
        @match board.phase {
            Phase::Empty => span class="hint" { (lang.t("empty-title")) },
            Phase::Nobody(_) => span class="hint" { (lang.t("nobody-title")) },
            Phase::Before { .. } | Phase::During => span class="course-told" {
                span {
                    b { (lang.number(board.counts.inside)) } " "
                    (lang.f("answer-of", &[("expected", board.counts.expected.into())]))
                }
                " " (told(&board.counts, lang))
            },
        }
        @if silent > 0 {
            span class="tag" {
                (icon("warning"))
                (lang.f(key("silent-several"), &[("n", u32::try_from(silent).unwrap_or(u32::MAX).into())]))
            }
        }
        @if board.freshness.stale || board.freshness.before_restore {
            span class="tag" {
                (icon("warning"))
                (lang.t(if board.freshness.before_restore { key("restored-title") } else { key("stale-title") }))
            }
        }
    }
}
