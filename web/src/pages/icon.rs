//! Icons: symbols of one hidden SVG per page, put in beside a word, never instead of one.

use crate::assets;
use maud::{Markup, PreEscaped, html};

/// An icon by its name in `web/build.rs`.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg class="icon" aria-hidden="true" { use href={ "#i-" (name) } {} } }
}

/// The symbols, and the hatch of "no information", for the top of a page.
pub(super) fn symbols() -> Markup {
    html! {
        svg class="symbols" width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)" {
                    rect class="hatch-ground" width="6" height="6" {}
                    rect class="hatch-line" width="2.5" height="6" {}
                }
            }
            (PreEscaped(assets::ICONS))
        }
    }
}
