//! `/kioscos`: how many call, and how each is.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place};
use super::super::staff::form;
use super::super::view::{Kiosk, School, Who};
use super::super::{board, gates};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::kiosk::LaneMode;
use maud::{Markup, html};

/// Less than this, in milliseconds, may be the network's.
const RIGHT_WITHIN: u64 = 1_000;

/// The page's values.
pub(in crate::pages) struct KiosksPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Its kiosks, by name.
    pub kiosks: Vec<Kiosk>,
    /// Whether who looks may change them.
    pub manages: bool,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// What was done.
    pub done: Option<&'static str>,
}

impl KiosksPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let again = format!("/kioscos?lang={}&colegio={}", lang.code(), self.school.id);
        let main = html! {
            main class="kiosks-page" {
                header class="page-head" { h1 { (lang.t("nav-kiosks")) } }
                (form::done(self.done.map(|done| lang.t(done))))
                div class="banners" aria-live="polite" { (board::offline(lang)) }
                div id="kiosks" hx-get=(again) hx-trigger="every 10s" hx-target="#kiosks" hx-select="#kiosks"
                    hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce) {
                    (self.content(lang))
                }
            }
        };
        let frame = Frame { who: &self.who, school: &self.school, title: lang.t("nav-kiosks"), below: String::new() };
        frame.page(lang, nonce, &main)
    }

    fn content(&self, lang: Lang) -> Markup {
        // Who is silent first.
        let trusted = |silent| self.kiosks.iter().filter(move |kiosk| !kiosk.revoked && kiosk.is_calling() != silent);
        let (silent, calling) = (trusted(true), trusted(false));
        let all = trusted(true).count() + trusted(false).count();
        let revoked: Vec<&Kiosk> = self.kiosks.iter().filter(|kiosk| kiosk.revoked).collect();
        html! {
            @if all == 0 {
                p class="hint" { (lang.t("gates-none")) }
                p { code { "attendance kiosk enrol" } }
            } @else {
                section class="answer" aria-label=(lang.t("kiosks-answer-label")) {
                    p class="headline" {
                        strong class="figure" { (count(trusted(false).count(), lang)) } " "
                        span class="of" { (lang.f("kiosks-answer-of", &[("n", (&count(all, lang)).into())])) }
                    }
                    p class="hint" {
                        (lang.f("course-as-of",
                            &[("time", (&times::clock_seconds(self.now, self.school.zone)).into())]))
                    }
                }
                ul class="kiosks" { @for kiosk in silent.chain(calling) { li { (self.row(kiosk, lang)) } } }
            }
            @if !revoked.is_empty() {
                section class="card group" aria-labelledby="revoked-title" {
                    h2 id="revoked-title" { (lang.t("kiosks-revoked-title")) }
                    ul class="rows" {
                        @for kiosk in revoked {
                            li class="row" {
                                div {
                                    b { (kiosk.name) }
                                    p class="hint" { (last_word(kiosk, self.now, self.school.zone, lang)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn row(&self, kiosk: &Kiosk, lang: Lang) -> Markup {
        html! {
            article class={ "card kiosk" @if !kiosk.is_calling() { " silent" } } aria-labelledby={ "kiosk-" (kiosk.id) } {
                header {
                    (icon(if kiosk.is_calling() { "gate" } else { "warning" }))
                    h2 id={ "kiosk-" (kiosk.id) } { (kiosk.name) }
                    p class="gate-mode" { b { (lang.t(state(kiosk))) } " · " (lane(kiosk.mode, lang)) }
                }
                (health(kiosk, self.now, self.school.zone, lang))
                @if self.manages {
                    a class="button quiet" href={ "/kioscos/" (kiosk.id) "?colegio=" (self.school.id) } {
                        (lang.t("kiosk-manage"))
                        span class="unseen" { ": " (kiosk.name) }
                    }
                }
            }
        }
    }
}

/// What one of these pages is.
pub(super) struct Frame<'a> {
    /// Who looks.
    pub who: &'a Who,
    /// The school.
    pub school: &'a School,
    /// Title without the product's name.
    pub title: String,
    /// What follows the list's address in the page's own: `/{kiosk_id}`; nothing: it is the list, whose figures age.
    pub below: String,
}

impl Frame<'_> {
    /// The whole page.
    pub(super) fn page(self, lang: Lang, nonce: &Nonce, main: &Markup) -> Markup {
        let Self { who, school, title, below } = self;
        let page = Page {
            lang,
            nonce,
            title,
            place: Place::Kiosks,
            here: format!("/kioscos{below}?colegio={}", school.id),
            school: Some(&school.name),
            who: Some(who),
            ages: below.is_empty(),
        };
        shell::page(&page, main)
    }
}

fn count(n: usize, lang: Lang) -> String {
    lang.number(u32::try_from(n).unwrap_or(u32::MAX))
}

/// `ingreso`
pub(super) fn lane(mode: LaneMode, lang: Lang) -> String {
    lang.t(match mode {
        LaneMode::EntryLane => key("lane-entry"),
        LaneMode::ExitLane => key("lane-exit"),
        LaneMode::Choice => key("lane-choice"),
    })
}

fn state(kiosk: &Kiosk) -> &'static str {
    match kiosk {
        Kiosk { revoked: true, .. } => key("kiosk-state-revoked"),
        Kiosk { last_seen: None, .. } => key("gate-never"),
        Kiosk { silent: true, .. } => key("kiosk-state-silent"),
        _ => key("kiosk-state-calling"),
    }
}

/// `hace 4 s`, or the day and time where that was long ago.
fn last_word(kiosk: &Kiosk, now: DateTime<Utc>, zone: Tz, lang: Lang) -> String {
    match kiosk.last_seen {
        None => lang.t("gate-never"),
        Some(seen) if kiosk.silent || kiosk.revoked => when(seen, now, zone, lang),
        Some(seen) => times::ago(now - seen, lang),
    }
}

/// `08:14`, or with its day where that is another one.
pub(super) fn when(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, lang: Lang) -> String {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let clock = times::clock(at, zone);
    if day(at) == day(now) { clock } else { format!("{}, {clock}", times::long_date(day(at), lang)) }
}

/// What is known of a kiosk, each beside its name. What it never told is said to be so.
pub(super) fn health(kiosk: &Kiosk, now: DateTime<Utc>, zone: Tz, lang: Lang) -> Markup {
    let untold = || lang.t("kiosk-untold");
    html! {
        dl class="health" {
            div { dt { (lang.t("kiosk-last-seen")) } dd { (last_word(kiosk, now, zone, lang)) } }
            div {
                dt { (lang.t("kiosk-queue")) }
                dd { (gates::waiting(kiosk.queued, kiosk.drained_through.map(|through| now - through), lang).unwrap_or_else(untold)) }
            }
            div {
                dt { (lang.t("kiosk-last-scan")) }
                dd { (kiosk.last_scan_at.map_or_else(|| lang.t("kiosk-no-scan"), |at| when(at, now, zone, lang))) }
            }
            div { dt { (lang.t("kiosk-clock")) } dd { (kiosk.skew_ms.map_or_else(untold, |skew| clock(skew, lang))) } }
            div { dt { (lang.t("kiosk-version")) } dd { (kiosk.version.clone().unwrap_or_else(untold)) } }
            @if kiosk.gaps > 0 || kiosk.forks > 0 {
                div class="odd" {
                    dt { (lang.t("kiosk-odd")) }
                    @if kiosk.gaps > 0 { dd { (lang.f("kiosk-gaps", &[("n", kiosk.gaps.into())])) } }
                    @if kiosk.forks > 0 { dd { (lang.f("kiosk-forks", &[("n", kiosk.forks.into())])) } }
                }
            }
        }
    }
}

/// How its clock goes.
fn clock(skew_ms: i64, lang: Lang) -> String {
    let by = times::span(TimeDelta::milliseconds(skew_ms.checked_abs().unwrap_or(i64::MAX)), lang);
    match skew_ms {
        skew if skew.unsigned_abs() < RIGHT_WITHIN => lang.t("kiosk-clock-right"),
        1.. => lang.f("kiosk-clock-ahead", &[("by", (&by).into())]),
        _ => lang.f("kiosk-clock-behind", &[("by", (&by).into())]),
    }
}
