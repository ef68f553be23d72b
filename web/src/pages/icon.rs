//! Icons: symbols of one hidden SVG per page, put in beside a word, never instead of one.

use crate::assets;
use maud::{Markup, PreEscaped, html};

/// An icon by its name in `web/build.rs`.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg class="icon" aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// Icons of the rail and of forms. A part that the live stream or a page brings anew has none of them.
const STILL: [&str; 12] = [
    "account", "back", "calendar", "inbox", "language", "log", "note", "passkey", "people", "reports", "school", "wall",
];

/// The symbols, and the hatch of "no information", for the top of a page: of the still ones those that it has.
pub(super) fn symbols(page: &Markup) -> Markup {
    let wanted = |symbol: &&str| {
        let name = symbol.split('"').nth(1).unwrap_or_default();
        let still = name.strip_prefix("i-").is_some_and(|name| STILL.contains(&name));
        !still || page.0.contains(&format!("\"#{name}\""))
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
