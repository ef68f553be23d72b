//! What must not be overlooked: figures that are old, gates that are silent. One banner each, however
//! many gates: the answer must stay in sight.

use super::icon::icon;
use super::view::{Freshness, Gate};
use crate::i18n::{Lang, times};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

/// How much a banner says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// What it means, too.
    All,
    /// One line, for the wall.
    Brief,
}

/// The banners; nothing when all is well.
pub(super) fn alerts(freshness: &Freshness, gates: &[Gate], zone: Tz, words: Words, lang: Lang) -> Markup {
    let silent: Vec<(&Gate, DateTime<Utc>)> =
        gates.iter().filter_map(|gate| gate.silent_since.map(|since| (gate, since))).collect();
    html! {
        @if freshness.before_restore {
            (banner(&lang.t("restored-title"), &html! {
                (lang.t("restored-detail"))
                @if words == Words::All { " " (lang.t("restored-means")) }
            }))
        } @else if freshness.stale {
            (banner(&lang.t("stale-title"), &html! {
                @match freshness.recorded_until {
                    Some(until) => (lang.f("stale-detail", &[("time", (&times::clock(until, zone)).into())])),
                    None => (lang.t("stale-nothing-yet")),
                }
                @if words == Words::All { " " (lang.t("stale-kept")) }
            }))
        }
        @match silent.as_slice() {
            [] => {}
            [(gate, since)] => (banner(&lang.f("silent-title", &[("gate", (&gate.name).into())]), &html! {
                (lang.f("silent-detail", &[("time", (&times::clock(*since, zone)).into())]))
                @if words == Words::All { " " (lang.t("silent-means")) }
            })),
            several => (banner(&lang.f("silent-several", &[("n", several.len().try_into().unwrap_or(u32::MAX).into())]), &html! {
                (several
                    .iter()
                    .map(|(gate, since)| {
                        lang.f("silent-one-of", &[
                            ("gate", (&gate.name).into()),
                            ("time", (&times::clock(*since, zone)).into()),
                        ])
                    })
                    .collect::<Vec<_>>()
                    .join(", ")) "."
                @if words == Words::All { " " (lang.t("silent-means")) }
            })),
        }
    }
}

fn banner(title: &str, detail: &Markup) -> Markup {
    html! {
        div class="banner" { (icon("warning")) p { b { (title) } " " (detail) } }
    }
}
