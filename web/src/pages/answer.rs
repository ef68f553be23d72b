//! The one thing that the inspector came for: how many are inside, and who is not accounted for.

use super::icon::icon;
use super::view::{Board, NobodyWhy, Phase, Status};
use super::{bar, reasons, status};
use crate::i18n::{Lang, key, times};
use maud::{Markup, html};

/// Shown although zero: the absence of these is the good news that people look for.
const ALWAYS: [Status; 2] = [Status::Late, Status::Missing];

/// Shown only when somebody is in it.
const SOMETIMES: [Status; 4] = [Status::Pending, Status::Justified, Status::Left, Status::Unknown];

/// The panel.
pub(super) fn answer(board: &Board, lang: Lang) -> Markup {
    match board.phase {
        Phase::Empty => empty(lang),
        Phase::Nobody(why) => nobody(board, why, lang),
        Phase::Before { first_entry } => html! {
            (figure(board, lang))
            (special(board, lang))
            p class="remark" {
                (icon("pending"))
                @match first_entry {
                    Some(time) => (lang.f("answer-before-time", &[("time", (&time.format("%H:%M").to_string()).into())])),
                    None => (lang.t("answer-before")),
                }
            }
        },
        Phase::During => html! { (figure(board, lang)) (special(board, lang)) },
    }
}

/// What the day is, if it is not as the week says.
pub(super) fn special(board: &Board, lang: Lang) -> Markup {
    html! {
        @if let Some(set) = &board.set { p class="remark" { (icon("note")) (reasons::school_day(set, lang)) } }
    }
}

fn figure(board: &Board, lang: Lang) -> Markup {
    let counts = &board.counts;
    html! {
        p class="headline" {
            strong class="figure" { (lang.number(counts.inside)) } " "
            span class="of" { (lang.f("answer-of", &[("expected", counts.expected.into())])) }
        }
        (bar::large(counts, "day-bar", lang))
        ul class="stats" {
            @for status in ALWAYS { (stat(status, counts.of(status), lang)) }
            @for status in SOMETIMES {
                @if counts.of(status) > 0 { (stat(status, counts.of(status), lang)) }
            }
            @if counts.unexpected > 0 {
                li class="stat not-expected" {
                    (icon("not-expected"))
                    b { (lang.number(counts.unexpected)) }
                    span { (status::unexpected_words(counts.unexpected, lang)) }
                }
            }
        }
    }
}

fn stat(status: Status, count: u32, lang: Lang) -> Markup {
    let class = if count == 0 { "none" } else { status.class() };
    html! {
        li class={ "stat " (class) } {
            (icon(status.class()))
            b { (lang.number(count)) }
            span { (status.counted(count, lang)) }
        }
    }
}

fn empty(lang: Lang) -> Markup {
    html! {
        div class="nothing" {
            (icon("school"))
            p class="headline" { (lang.t("empty-title")) }
            p { (lang.t("empty-what-to-do")) }
            p { code { "attendance import roster " (lang.t("empty-file")) " --apply" } }
        }
    }
}

fn nobody(board: &Board, why: Option<NobodyWhy>, lang: Lang) -> Markup {
    let date = times::long_date(board.date, lang);
    let key = match why {
        Some(NobodyWhy::NoSlotThatDay) => key("nobody-no-slot"),
        Some(NobodyWhy::NoScheduleYet) => key("nobody-no-schedule"),
        Some(NobodyWhy::CoursesClosed) => key("nobody-closed"),
        Some(NobodyWhy::Set(_)) => key("nobody-set"),
        None => key("nobody-mixed"),
    };
    html! {
        div class="nothing" {
            (icon("today"))
            p class="headline" { (lang.t("nobody-title")) }
            @match (&board.set, why) {
                (Some(set), _) => p class="set-day" { b { (reasons::school_day(set, lang)) } },
                (None, Some(NobodyWhy::Set(why))) => p class="set-day" { b { (reasons::why(why, lang)) } },
                (None, _) => {}
            }
            p { (lang.f(key, &[("date", (&date).into())])) }
            @if board.counts.unexpected > 0 { p { (status::unexpected(&board.counts, lang)) } }
        }
    }
}

/// The answer as one sentence, for screen readers: without the time, so that it is read again only
/// when a figure has changed.
pub(super) fn spoken(board: &Board, lang: Lang) -> Markup {
    let counts = &board.counts;
    html! {
        (lang.f("answer-spoken", &[
            ("inside", counts.inside.into()),
            ("expected", counts.expected.into()),
            ("late", counts.late.into()),
            ("missing", counts.missing.into()),
        ]))
    }
}
