//! Icons: symbols of one hidden SVG per page, put in beside a word, never instead of one.

use crate::assets;
use maud::{Markup, PreEscaped, html};

/// An icon by its name in `web/build.rs`.
pub(super) fn icon(name: &str) -> Markup {
    // Closed within its tag, which SVG may: a board has some hundred of them.
    PreEscaped(format!("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#i-{name}\"/></svg>"))
}

/// Icons of the rail, of forms and of what is there from the first. A part that the live stream or a page brings anew
/// has none of them.
const STILL: [&str; 14] = [
    "account", "back", "calendar", "inbox", "language", "log", "mail", "note", "offline", "passkey", "people",
    "reports", "school", "wall",
];

/// Icons that only the board's parts have.
const OF_BOARD: [&str; 3] = ["entry", "gate", "next"];

/// The symbols, and the hatch of "no information", for the top of a page: those that it has, and those that a part of it
/// may bring anew; `board` has parts of its own.
pub(super) fn symbols(page: &Markup, board: bool) -> Markup {
    let wanted = |symbol: &&str| {
        let name = symbol.split('"').nth(1).and_then(|id| id.strip_prefix("i-")).unwrap_or_default();
        let comes = !STILL.contains(&name) && (board || !OF_BOARD.contains(&name));
        comes || page.0.contains(&format!("\"#i-{name}\""))
    };
    html! {
        svg class="symbols" width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect class="hatch-ground" width="6" height="6" {}
                    rect class="hatch-line" width="2.5" height="6" {}
                }
            }
            @for symbol in assets::ICONS.split_inclusive("</symbol>").filter(wanted) { (PreEscaped(symbol)) }
        }
    }
}
