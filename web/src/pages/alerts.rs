//! What must not be overlooked: figures that are old, gates that are silent.

use super::icon::icon;
use super::view::Board;
use crate::i18n::{Lang, times};
use maud::{Markup, html};

/// The banners; nothing when all is well.
pub(super) fn alerts(board: &Board, lang: Lang) -> Markup {
    let zone = board.school.zone;
    html! {
        @if board.freshness.stale {
            div class="banner" role="status" {
                (icon("warning"))
                p {
                    b { (lang.t("stale-title")) } " "
                    @match board.freshness.recorded_until {
                        Some(until) => (lang.f("stale-detail", &[("time", (&times::clock_seconds(until, zone)).into())])),
                        None => (lang.t("stale-nothing-yet")),
                    }
                }
            }
        }
        @for gate in &board.gates {
            @if let Some(since) = gate.silent_since {
                div class="banner" role="status" {
                    (icon("warning"))
                    p {
                        b { (lang.f("silent-title", &[("gate", (&gate.name).into())])) } " "
                        (lang.f("silent-detail", &[("time", (&times::clock(since, zone)).into())]))
                    }
                }
            }
        }
    }
}
