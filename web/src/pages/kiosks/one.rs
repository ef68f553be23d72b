//! A kiosk: its lane, and the way to stop trusting it.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::staff::form;
use super::super::view::{Kiosk, School, Who};
use super::list::{Frame, health, lane};
use crate::i18n::{Lang, key};
use chrono::{DateTime, Utc};
use domain::kiosk::LaneMode;
use maud::{Markup, html};

/// The lanes, with the names that the form sends.
const LANES: [(LaneMode, &str); 3] =
    [(LaneMode::EntryLane, "entry_lane"), (LaneMode::ExitLane, "exit_lane"), (LaneMode::Choice, "choice")];

/// Why nothing was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::pages) enum Refused {
    /// Somebody else turned the lane after the page was shown.
    TurnedMeanwhile,
    /// It is revoked.
    IsRevoked,
    /// It changed at every try.
    KeptChanging,
    /// No lane was chosen.
    NoLane,
}

/// The page's values.
pub(in crate::pages) struct KioskPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The kiosk.
    pub kiosk: Kiosk,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// How many others of the school call.
    pub others: usize,
    /// What was refused.
    pub refused: Option<Refused>,
}

impl KioskPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let kiosk = &self.kiosk;
        let main = html! {
            main class="kiosk-page" {
                (self.back("/kioscos", lang.t("kiosk-back"), ))
                header class="page-head" {
                    h1 { (kiosk.name) }
                    p class="date" { (lang.f("kiosk-lane-now", &[("lane", (&lane(kiosk.mode, lang)).into())])) }
                }
                @if let Some(why) = self.refused { (form::wrong(&self.why(why, lang), true)) }
                section class="card" aria-labelledby="health-title" {
                    h2 id="health-title" { (lang.t("kiosk-health-title")) }
                    (health(kiosk, self.now, self.school.zone, lang))
                }
                @if kiosk.revoked { p class="hint" { (lang.t("kiosk-is-revoked")) } }
                @else {
                    (self.lanes(lang))
                    section class="card" aria-labelledby="revoke-title" {
                        h2 id="revoke-title" { (lang.t("kiosk-revoke-title")) }
                        p { (lang.t("kiosk-revoke-for")) }
                        p { a class="button quiet" href=(self.at("/anular")) { (lang.t("kiosk-revoke-begin")) } }
                    }
                }
            }
        };
        self.frame(kiosk.name.clone(), "").page(lang, nonce, &main)
    }

    /// What will happen, asked once.
    pub(in crate::pages) fn ask(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let kiosk = &self.kiosk;
        let title = lang.f("kiosk-revoke-ask", &[("gate", (&kiosk.name).into())]);
        let main = html! {
            main class="kiosk-page" {
                (self.back(&format!("/kioscos/{}", kiosk.id), lang.t("kiosk-revoke-not")))
                header class="page-head" { h1 { (title) } }
                @if kiosk.revoked { p { (lang.t("kiosk-is-revoked")) } }
                @else {
                    ul class="steps" {
                        li { (lang.t("kiosk-revoke-trust")) }
                        li {
                            (lang.t("kiosk-revoke-scans"))
                            @if let Some(n @ 1..) = kiosk.queued {
                                " " (lang.f("kiosk-revoke-waiting", &[("n", n.into())]))
                            }
                        }
                        li { (lang.t("kiosk-revoke-for-good")) }
                    }
                    @if self.others == 0 {
                        div class="banner" { (icon("warning")) p { (lang.t("kiosk-revoke-last")) } }
                    }
                    form method="post" action=(self.at("/anular")) {
                        (form::send(&lang.f("kiosk-revoke-send", &[("gate", (&kiosk.name).into())])))
                    }
                }
            }
        };
        self.frame(title, "/anular").page(lang, nonce, &main)
    }

    fn frame(&self, title: String, below: &str) -> Frame<'_> {
        Frame { who: &self.who, school: &self.school, title, below: format!("/{}{below}", self.kiosk.id) }
    }

    fn at(&self, below: &str) -> String {
        format!("/kioscos/{}{below}?colegio={}", self.kiosk.id, self.school.id)
    }

    fn back(&self, to: &str, words: String) -> Markup {
        html! { a class="back" href={ (to) "?colegio=" (self.school.id) } { (icon("back")) (words) } }
    }

    fn why(&self, refused: Refused, lang: Lang) -> String {
        match refused {
            Refused::TurnedMeanwhile => {
                lang.f("kiosk-turned-meanwhile", &[("lane", (&lane(self.kiosk.mode, lang)).into())])
            }
            Refused::IsRevoked => lang.t("kiosk-is-revoked"),
            Refused::KeptChanging => lang.t("kiosk-kept-changing"),
            Refused::NoLane => lang.t("kiosk-no-lane"),
        }
    }

    fn lanes(&self, lang: Lang) -> Markup {
        let now = LANES.iter().find(|(mode, _)| *mode == self.kiosk.mode).map_or("", |(_, name)| name);
        html! {
            section class="card" aria-labelledby="lane-title" {
                h2 id="lane-title" { (lang.t("kiosk-lane-title")) }
                form class="choices" method="post" action=(self.at("/sentido")) {
                    (form::hidden("desde", now))
                    @for (mode, name) in LANES.into_iter().filter(|(mode, _)| *mode != self.kiosk.mode) {
                        button class="choice" type="submit" name="sentido" value=(name) {
                            b { (lang.f("kiosk-lane-to", &[("lane", (&lane(mode, lang)).into())])) }
                            small { (lang.t(match mode {
                                LaneMode::EntryLane => key("lane-entry-what"),
                                LaneMode::ExitLane => key("lane-exit-what"),
                                LaneMode::Choice => key("lane-choice-what"),
                            })) }
                        }
                    }
                }
                p class="hint" { (lang.t("kiosk-lane-what")) }
            }
        }
    }
}
