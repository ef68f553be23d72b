//! The last scans. A fixed number of rows of a fixed height: new ones come in at the top and nothing
//! else on the page moves.

use super::icon::icon;
use super::view::{Board, PersonName, Scan};
use crate::i18n::{Lang, key, times};
use chrono_tz::Tz;
use domain::attendance_day::{Direction, Flag};
use maud::{Markup, html};

/// Rows shown.
const ROWS: usize = 12;

/// The panel.
pub(super) fn stream(board: &Board, lang: Lang) -> Markup {
    html! {
        h2 id="stream-title" { (lang.t("stream")) }
        @if board.scans.is_empty() {
            p class="stream-empty hint" { (lang.t("stream-none")) }
        } @else {
            ol class="stream" {
                @for scan in board.scans.iter().take(ROWS) { (row(scan, board.school.zone, lang)) }
            }
        }
    }
}

fn row(scan: &Scan, zone: Tz, lang: Lang) -> Markup {
    let (icon_name, direction) = match scan.direction {
        Direction::Entry => ("entry", lang.t("direction-entry")),
        Direction::Exit => ("left", lang.t("direction-exit")),
    };
    html! {
        li class="scan" {
            time datetime=(times::machine(scan.at, zone)) { (times::clock_seconds(scan.at, zone)) }
            span class="scan-icon" { (icon(icon_name)) }
            span class="scan-name" { (full_name(&scan.name, lang)) }
            span class="scan-detail" {
                (direction)
                // What is narrow is cut at its end: the course is the part that can be missed.
                @if let Some(minutes) = scan.late_minutes {
                    " · " span class="late" { (lang.f("scan-late", &[("minutes", minutes.into())])) }
                }
                @if scan.by_hand { " · " em { (lang.t("by-hand")) } }
                @for flag in &scan.flags { " · " em { (flag_words(*flag, lang)) } }
                @if let Some(course) = &scan.course { " · " (course) }
            }
        }
    }
}

/// `María José Pérez Soto`
pub(super) fn full_name(name: &PersonName, lang: Lang) -> Markup {
    html! {
        @match name {
            PersonName::Known { family, given } => { (given) " " (family) }
            PersonName::Erased => em { (lang.t("erased")) }
            PersonName::Unknown => em { (lang.t("name-unknown")) }
        }
    }
}

pub(super) fn flag_words(flag: Flag, lang: Lang) -> String {
    lang.t(match flag {
        Flag::Echo => key("flag-echo"),
        Flag::RepeatedEntry => key("flag-repeated-entry"),
        Flag::ExitWithoutEntry => key("flag-exit-without-entry"),
        Flag::LowConfidenceTime => key("flag-low-confidence-time"),
        Flag::ClockAhead => key("flag-clock-ahead"),
        Flag::LateSync => key("flag-late-sync"),
        Flag::RevokedCredential => key("flag-revoked-credential"),
        Flag::WithdrawnPupil => key("flag-withdrawn-pupil"),
        Flag::LaneMismatch => key("flag-lane-mismatch"),
    })
}
