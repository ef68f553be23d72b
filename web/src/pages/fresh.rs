//! How old the figures are, as measured, never as hoped.

use super::view::{Board, Freshness};
use crate::i18n::{Lang, times};
use chrono::TimeDelta;
use maud::{Markup, html};

/// The panel.
pub(super) fn fresh(board: &Board, lang: Lang) -> Markup {
    let freshness = &board.freshness;
    let zone = board.school.zone;
    html! {
        (words(freshness, lang))
        p class="fresh-detail" {
            (lang.t("fresh-as-of")) " "
            time datetime=(times::machine(freshness.as_of, zone)) { (times::clock_seconds(freshness.as_of, zone)) }
            @if let Some(millis) = freshness.tap_to_screen_ms {
                " · " (lang.f("fresh-tap", &[("time", (&seconds(millis, lang)).into())]))
            }
        }
    }
}

/// Whether the figures are up to date, and if not, since when.
pub(super) fn words(freshness: &Freshness, lang: Lang) -> Markup {
    let age = |millis: u64| times::ago(TimeDelta::milliseconds(millis.try_into().unwrap_or(i64::MAX)), lang);
    html! {
        p class={ "fresh-words" @if freshness.stale || freshness.before_restore { " stale" } } {
            span class="pulse" aria-hidden="true" {}
            @if freshness.before_restore {
                (lang.t("fresh-restored"))
            } @else if freshness.stale {
                (lang.f("fresh-stale", &[("ago", (&age(freshness.behind_ms)).into())]))
            } @else if freshness.behind_ms > 0 {
                (lang.f("fresh-live", &[("ago", (&age(freshness.behind_ms)).into())]))
            } @else {
                (lang.t("fresh-now"))
            }
        }
    }
}

/// `0,18 s`
fn seconds(millis: u64, lang: Lang) -> String {
    let mark = if lang == Lang::Es { ',' } else { '.' };
    format!("{}{mark}{:02} s", millis / 1000, millis % 1000 / 10)
}
