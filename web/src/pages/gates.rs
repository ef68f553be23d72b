//! The gates: which way they lead, when they were last heard, what still waits on them; and the scans
//! that wait for a person.

use super::icon::icon;
use super::view::{Board, Gate};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, TimeDelta, Utc};
use domain::kiosk::LaneMode;
use maud::{Markup, html};

/// The panel.
pub(super) fn gates(board: &Board, lang: Lang) -> Markup {
    let now = board.freshness.as_of;
    html! {
        h2 id="gates-title" { (lang.t("gates")) }
        @if board.gates.is_empty() {
            p class="hint" { (lang.t("gates-none")) }
            p { code { "attendance kiosk enrol" } }
        } @else {
            ul class="gates" {
                @for gate in &board.gates { (row(gate, now, board, lang)) }
            }
        }
        p { a class="back" href={ "/kioscos?colegio=" (board.school.id) } { (lang.t("gates-more")) } }
        p class={ "quarantine" @if board.quarantined > 0 { " some" } } {
            (icon("inbox"))
            (lang.f("quarantined", &[("n", board.quarantined.into())]))
        }
    }
}

fn row(gate: &Gate, now: DateTime<Utc>, board: &Board, lang: Lang) -> Markup {
    let silent = gate.silent_since.is_some();
    html! {
        li class={ "gate" @if silent { " silent" } } {
            (icon(if silent { "warning" } else { "gate" }))
            b class="gate-name" { (gate.name) }
            span class="gate-mode" { (lang.t(match gate.mode {
                LaneMode::EntryLane => key("lane-entry"),
                LaneMode::ExitLane => key("lane-exit"),
                LaneMode::Choice => key("lane-choice"),
            })) }
            span class="gate-detail" {
                @if gate.revoked { b { (lang.t("gate-revoked")) } " · " }
                @match gate.last_seen {
                    Some(seen) if silent => {
                        b { (lang.f("gate-silent", &[("time", (&times::clock(seen, board.school.zone)).into())])) }
                    }
                    Some(seen) => (lang.f("gate-seen", &[("ago", (&times::ago(now - seen, lang)).into())])),
                    None => (lang.t("gate-never")),
                }
                @if let Some(words) = waiting(gate.queued, gate.drained_through.map(|through| now - through), lang) {
                    " · " (words)
                }
            }
        }
    }
}

/// How much waits on a kiosk, and how old the oldest of it can be; none if nothing is known of it.
pub(super) fn waiting(queued: Option<u32>, drained: Option<TimeDelta>, lang: Lang) -> Option<String> {
    let ago = drained.map(|age| times::ago(age, lang));
    Some(match (queued, ago) {
        (None, None) => return None,
        (Some(0), _) => lang.t("queue-empty"),
        (None, Some(ago)) => lang.f("queue-drained", &[("ago", (&ago).into())]),
        (Some(n), None) => lang.f("queue-waiting", &[("n", n.into())]),
        (Some(n), Some(ago)) => lang.f("queue-waiting-since", &[("n", n.into()), ("ago", (&ago).into())]),
    })
}
