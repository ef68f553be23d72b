//! `/casos`: how many, then each in the order in which somebody must act.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place};
use super::super::stream::full_name;
use super::super::view::{School, Who};
use super::super::{board, reasons};
use super::words::{self, Acts, MASS_AT_LEAST};
use super::{Case, Notice, Stage, course, one};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::SchoolDay;
use maud::{Markup, html};
use projections::no_show::queries::{Metrics, Seconds};

/// A group of more than this many is a list of names, each leading to its page: whatever happened, a phone can show it.
const CARDS: usize = 40;

/// Why there is no case on a day.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) enum Nothing {
    /// Nobody is expected, since the day was set to this.
    NobodyExpected(Option<SchoolDay>),
    /// So many have no entry, and were not looked at since it was due.
    NotYetLookedAt(u32),
    /// So many are expected, and none of them is due.
    NotDue(u32),
    /// So many are not due yet; the others came.
    SomeToCome(u32),
    /// All so many came.
    AllCame(u32),
    /// It is another day, of which no case was opened.
    OnThatDay,
}

/// The page's values.
pub(in crate::pages) struct CasesPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The day that is shown.
    pub date: NaiveDate,
    /// Today on the school's wall.
    pub today: NaiveDate,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// Whether who looks may do something about them.
    pub acts: bool,
    /// The day's cases, by course and name.
    pub cases: Vec<Case>,
    /// Why there are none.
    pub nothing: Option<Nothing>,
    /// How it went of late, if there was anything.
    pub metrics: Option<Metrics>,
    /// What was done.
    pub notice: Option<Notice>,
}

/// The way to the day before the one that a page shows, and to the one after it, which has begun.
pub(in crate::pages) fn days(path: &str, school: &School, (date, today): (NaiveDate, NaiveDate), lang: Lang) -> Markup {
    let after = if date < today { date.succ_opt() } else { None };
    html! {
        nav class="changes" aria-label=(lang.t("cases-days")) {
            @for day in date.pred_opt().into_iter().chain(after) {
                a class="button quiet" href={ (path) "?colegio=" (school.id) "&fecha=" (day) } { (times::long_date(day, lang)) }
            }
        }
    }
}

impl CasesPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let other = if self.date == self.today { String::new() } else { format!("&fecha={}", self.date) };
        let again = format!("/casos?lang={}&colegio={}{other}", lang.code(), self.school.id);
        let main = html! {
            main class="cases-page" {
                header class="page-head" { h1 { (lang.t("cases-title")) } }
                (words::notice(self.notice.as_ref(), lang))
                div class="banners" aria-live="polite" { (board::offline(lang)) }
                div id="cases" hx-get=(again) hx-trigger="every 10s" hx-target="#cases" hx-select="#cases"
                    hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce) {
                    (self.content(lang))
                }
                @if let Some(metrics) = &self.metrics { (measured(metrics, lang)) }
                p { a href={ "/avisos?colegio=" (self.school.id) "&fecha=" (self.date) } { (lang.t("cases-notices")) } }
                (days("/casos", &self.school, (self.date, self.today), lang))
            }
        };
        frame(&self.who, &self.school, lang.t("cases-title"), &format!("?colegio={}{other}", self.school.id), true)
            .page(lang, nonce, &main)
    }

    fn content(&self, lang: Lang) -> Markup {
        let of =
            |group: fn(&Stage) -> bool| self.cases.iter().filter(move |case| group(&case.stage)).collect::<Vec<_>>();
        let review = of(|stage| matches!(stage, Stage::Review(_)));
        let told = of(|stage| matches!(stage, Stage::Told(_)));
        let seen = of(|stage| matches!(stage, Stage::Seen { .. }));
        let ended = of(|stage| matches!(stage, Stage::Ended { .. }));
        html! {
            section class="answer" aria-label=(lang.t("cases-answer-label")) {
                p class="date" { (times::long_date(self.date, lang)) }
                @match &self.nothing {
                    Some(why) => (self.none(why, lang)),
                    None => {
                        @let open = review.len() + told.len() + seen.len();
                        p class="headline" {
                            strong class="figure" { (count(open, lang)) } " "
                            span class="of" { (lang.f("cases-open", &[("n", number(open))])) }
                        }
                        ul class="stats" {
                            (stat("warning", review.len(), key("cases-count-review"), lang))
                            (stat("inbox", told.len(), key("cases-count-told"), lang))
                            (stat("people", seen.len(), key("cases-count-seen"), lang))
                        }
                    }
                }
                p class="hint" {
                    (lang.f("course-as-of", &[("time", (&times::clock_seconds(self.now, self.school.zone)).into())]))
                }
            }
            (self.review(&review, lang))
            (self.group("cases-told", &lang.t("cases-told-title"), &told, lang))
            (self.group("cases-seen", &lang.t("cases-seen-title"), &seen, lang))
            @if !ended.is_empty() {
                section class="card group" aria-labelledby="cases-ended" {
                    h2 id="cases-ended" { (lang.t("cases-ended-title")) " " small { (count(ended.len(), lang)) } }
                    (self.rows(&ended, lang))
                }
            }
        }
    }

    fn none(&self, why: &Nothing, lang: Lang) -> Markup {
        let (title, detail) = match why {
            Nothing::NobodyExpected(set) => {
                (lang.t("cases-none-nobody"), set.as_ref().map(|set| reasons::school_day(set, lang)))
            }
            Nothing::NotYetLookedAt(n) => {
                (lang.f("cases-none-looked", &[("n", (*n).into())]), Some(lang.t("cases-none-looked-why")))
            }
            Nothing::NotDue(n) => (lang.t("cases-none-due"), Some(lang.f("cases-none-due-why", &[("n", (*n).into())]))),
            Nothing::SomeToCome(n) => {
                (lang.t("cases-none-open"), Some(lang.f("cases-none-to-come", &[("n", (*n).into())])))
            }
            Nothing::AllCame(n) => (lang.t("cases-none-open"), Some(lang.f("cases-none-all", &[("n", (*n).into())]))),
            Nothing::OnThatDay => (lang.t("cases-none-that-day"), None),
        };
        html! {
            div class="nothing" {
                p class="headline" { (title) }
                @if let Some(detail) = detail { p { (detail) } }
            }
        }
    }

    /// Those of a course that are a mass are one card, whose families can be told at once.
    fn review(&self, review: &[&Case], lang: Lang) -> Markup {
        let is_mass = |case: &Case| {
            let of_course = |other: &&&Case| other.course_id == case.course_id && other.is_held_as_mass();
            case.is_held_as_mass() && review.iter().filter(of_course).count() >= MASS_AT_LEAST
        };
        let single: Vec<&Case> = review.iter().filter(|case| !is_mass(case)).copied().collect();
        let mass: Vec<&Case> = review.iter().filter(|case| is_mass(case)).copied().collect();
        html! {
            @if !review.is_empty() {
                section class="case-group" aria-labelledby="cases-review" {
                    h2 id="cases-review" { (lang.t("cases-review-title")) " " small { (count(review.len(), lang)) } }
                    ul class="cases" {
                        @for of_course in mass.chunk_by(|a, b| a.course_id == b.course_id) {
                            li { (self.mass(of_course, lang)) }
                        }
                        @if single.len() <= CARDS { @for case in &single { li { (self.card(case, lang)) } } }
                    }
                    @if single.len() > CARDS { (self.rows(&single, lang)) }
                }
            }
        }
    }

    fn mass(&self, cases: &[&Case], lang: Lang) -> Markup {
        html! {
            @if let Some(first) = cases.first() {
                @let id = format!("course-{}", first.course_id);
                article class="card case" aria-labelledby=(id) {
                    header {
                        h3 id=(id) { (first.course) }
                        p { b { (lang.f("cases-mass", &[("n", number(cases.len()))])) } }
                    }
                    p class="hint" { (words::hold(first.stage.hold(), lang)) }
                    @if self.acts {
                        p {
                            a class="button" href=(course::address(first.course_id, self.date, self.school.id)) {
                                (lang.f("cases-mass-release", &[("n", number(cases.len()))]))
                                span class="unseen" { ": " (first.course) }
                            }
                        }
                    }
                    details {
                        summary { (lang.t("cases-mass-who")) span class="unseen" { ": " (first.course) } }
                        ul class="rows" {
                            @for case in cases {
                                li { a class="back" href=(one::address(case.id, self.school.id, "")) { (full_name(&case.name, lang)) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn group(&self, id: &str, title: &str, cases: &[&Case], lang: Lang) -> Markup {
        html! {
            @if !cases.is_empty() {
                section class="case-group" aria-labelledby=(id) {
                    h2 id=(id) { (title) " " small { (count(cases.len(), lang)) } }
                    @if cases.len() > CARDS { (self.rows(cases, lang)) }
                    @else { ul class="cases" { @for case in cases { li { (self.card(case, lang)) } } } }
                }
            }
        }
    }

    fn card(&self, case: &Case, lang: Lang) -> Markup {
        let id = words::id(case.id);
        let zone = self.school.zone;
        html! {
            article class="card case" aria-labelledby=(id) {
                header {
                    h3 id=(id) { (full_name(&case.name, lang)) }
                    p {
                        a href={ "/hoy/cursos/" (case.course_id) } { (case.course) } " · "
                        (words::due(case.due_at, self.now, self.school.zone, lang))
                    }
                }
                p class="hint" { (words::stage(case, zone, lang)) }
                @let acts = Acts { case, school: self.school.id, from: "lista", leads: true };
                @if self.acts { (acts.markup(lang)) }
                @else { p { (acts.call(lang)) } }
            }
        }
    }

    fn rows(&self, cases: &[&Case], lang: Lang) -> Markup {
        html! {
            ul class="rows" {
                @for case in cases {
                    li class="row" {
                        div {
                            a href=(one::address(case.id, self.school.id, "")) { b { (full_name(&case.name, lang)) } }
                            p class="hint" { (case.course) " · " (words::stage(case, self.school.zone, lang)) }
                        }
                    }
                }
            }
        }
    }
}

/// How it went: how soon it was known, how soon somebody looked, and how often nobody should have been told.
fn measured(metrics: &Metrics, lang: Lang) -> Markup {
    let span = |seconds: Seconds| times::span(TimeDelta::seconds(seconds.median as i64), lang);
    html! {
        section class="card" aria-labelledby="measured-title" {
            h2 id="measured-title" { (lang.t("cases-measured-title")) }
            dl class="health" {
                div { dt { (lang.t("cases-measured-opened")) } dd { (lang.f("cases-measured-n", &[("n", metrics.opened.into())])) } }
                @if let Some(seconds) = metrics.due_to_opened {
                    div { dt { (lang.t("cases-measured-found")) } dd { (span(seconds)) } }
                }
                @if let Some(seconds) = metrics.opened_to_acknowledged {
                    div { dt { (lang.t("cases-measured-seen")) } dd { (span(seconds)) } }
                }
                @if metrics.told > 0 {
                    div {
                        dt { (lang.t("cases-measured-false")) }
                        dd { (lang.f("cases-measured-of", &[("n", metrics.false_alarms.into()), ("all", metrics.told.into())])) }
                    }
                }
            }
        }
    }
}

fn stat(icon_name: &str, n: usize, text: &'static str, lang: Lang) -> Markup {
    html! {
        li class={ "stat" @if n == 0 { " none" } } {
            (icon(icon_name)) b { (count(n, lang)) } span { (lang.f(text, &[("n", number(n))])) }
        }
    }
}

fn count(n: usize, lang: Lang) -> String {
    lang.number(u32::try_from(n).unwrap_or(u32::MAX))
}

pub(super) fn number(n: usize) -> crate::i18n::Arg<'static> {
    u32::try_from(n).unwrap_or(u32::MAX).into()
}

/// What one of these pages is.
pub(super) struct Frame<'a> {
    who: &'a Who,
    school: &'a School,
    title: String,
    here: String,
    ages: bool,
}

/// A page at `/casos` and `below`.
pub(super) fn frame<'a>(who: &'a Who, school: &'a School, title: String, below: &str, ages: bool) -> Frame<'a> {
    Frame { who, school, title, here: format!("/casos{below}"), ages }
}

impl Frame<'_> {
    /// The whole page.
    pub(super) fn page(self, lang: Lang, nonce: &Nonce, main: &Markup) -> Markup {
        let page = Page {
            lang,
            nonce,
            title: self.title,
            place: Place::Cases,
            here: self.here,
            school: Some(&self.school.name),
            who: Some(self.who),
            ages: self.ages,
        };
        shell::page(&page, main)
    }
}
