//! The board: the answer first, then the courses, then the stream and the gates.

use super::respond::Nonce;
use super::shell::{self, Page, Place};
use super::view::{Board, Who};
use super::{alerts, answer, courses, fresh, gates, icon, stream};
use crate::i18n::{Lang, times};
use crate::permissions::Permission;
use maud::{Markup, html};

/// A part of the board that the live stream replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Panel {
    /// What must be said aloud.
    Alerts,
    /// The answer.
    Answer,
    /// The courses.
    Courses,
    /// The last scans.
    Stream,
    /// The gates.
    Gates,
    /// How old the figures are.
    Fresh,
    /// The same for screen readers, at most every minute.
    Spoken,
}

impl Panel {
    /// All of them, in the order of the page.
    pub(super) const ALL: [Self; 7] =
        [Self::Fresh, Self::Alerts, Self::Answer, Self::Courses, Self::Stream, Self::Gates, Self::Spoken];

    /// Its element's id, also in `web/assets/live.js`.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Answer => "answer",
            Self::Courses => "courses",
            Self::Stream => "stream",
            Self::Gates => "gates",
            Self::Fresh => "fresh",
            Self::Spoken => "spoken",
        }
    }

    /// What is inside its element.
    pub(super) fn content(self, board: &Board, lang: Lang) -> Markup {
        match self {
            Self::Alerts => alerts::alerts(&board.freshness, &board.gates, board.school.zone, alerts::Words::All, lang),
            Self::Answer => answer::answer(board, lang),
            Self::Courses => courses::courses(board, lang),
            Self::Stream => stream::stream(board, lang),
            Self::Gates => gates::gates(board, lang),
            Self::Fresh => fresh::fresh(board, lang),
            Self::Spoken => answer::spoken(board, lang),
        }
    }
}

/// The banner that the script shows when the live stream is silent.
pub(super) fn offline(lang: Lang) -> Markup {
    html! {
        div class="banner" id="offline" hidden {
            (icon::icon("offline"))
            p { b { (lang.t("offline-title")) } " " (lang.t("offline-detail")) }
        }
    }
}

/// To whoever directs the school: barred adults asked for a pupil today, so many times.
fn barred(board: &Board, times: u32, lang: Lang) -> Markup {
    html! {
        @if times > 0 {
            div class="banner" {
                (icon::icon("warning"))
                p {
                    b { (lang.f("barred-title", &[("n", times.into())])) } " "
                    a href={ "/solicitudes?colegio=" (board.school.id) } { (lang.t("barred-see")) }
                }
            }
        }
    }
}

/// The whole page. `times`: how many times a barred adult asked for a pupil today, for whoever is to be told.
pub(super) fn page(board: &Board, who: &Who, times: u32, lang: Lang, nonce: &Nonce) -> Markup {
    let part = |panel: Panel| panel.content(board, lang);
    let main = html! {
        main class="board" id="live" hx-sse:connect={ "/hoy/live?lang=" (lang.code()) "&colegio=" (board.school.id) }
            hx-trigger="load, every 15s" hx-sync="this:drop" hx-swap="none" hx-nonce=(nonce) {
            header class="page-head" {
                h1 { (lang.t("today")) }
                p class="date" { (times::long_date(board.date, lang)) }
                @if who.may(Permission::PupilsRead) {
                    a class="back" href="/hoy/presentes" {
                        (lang.t("presence-link"))
                    }
                }
            }
            div id="fresh" class="fresh" { (part(Panel::Fresh)) }
            div class="banners" aria-live="polite" {
                (offline(lang))
                (barred(board, times, lang))
                div id="alerts" { (part(Panel::Alerts)) }
            }
            section id="answer" class="answer" aria-label=(lang.t("answer-label")) { (part(Panel::Answer)) }
            section id="courses" class="card" aria-labelledby="courses-title" { (part(Panel::Courses)) }
            div class="side" {
                section id="stream" class="card" aria-labelledby="stream-title" { (part(Panel::Stream)) }
                section id="gates" class="card" aria-labelledby="gates-title" { (part(Panel::Gates)) }
            }
            p id="spoken" class="unseen" aria-live="polite" { (part(Panel::Spoken)) }
        }
    };
    shell::page(
        &Page {
            lang,
            nonce,
            title: lang.t("today"),
            place: Place::Today,
            here: format!("/hoy?colegio={}", board.school.id),
            school: Some(&board.school.name),
            who: Some(who),
            ages: true,
        },
        &main,
    )
}
