//! A case: how it stands, what can be done, whom to call, and what was said of it.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::stream::full_name;
use super::super::view::{PersonName, School, Who};
use super::list::frame;
use super::words::{self, Acts};
use super::{By, Case, Told};
use crate::i18n::{Lang, times};
use chrono::{DateTime, Utc};
use domain::no_show::{CaseId, Event};
use domain::student::GuardianRights;
use maud::{Markup, html};
use uuid::Uuid;

/// A guardian as somebody who calls needs to know them.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) struct Guardian {
    /// The name; none if it is erased or not known yet.
    pub name: Option<String>,
    /// The number; none if there is none, or if it must not be called.
    pub phone: Option<String>,
    /// What the guardian may do for the pupil.
    pub rights: GuardianRights,
}

/// Something that was said of a case.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    /// What.
    pub said: Event,
    /// By whom.
    pub by: By,
    /// When.
    pub at: DateTime<Utc>,
}

/// The page's values.
pub(in crate::pages) struct CasePage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// Whether who looks may do something about it.
    pub acts: bool,
    /// The case.
    pub case: Case,
    /// In the order in which they are called.
    pub guardians: Vec<Guardian>,
    /// Oldest first.
    pub(super) log: Vec<Line>,
    /// What was done.
    pub told: Option<Told>,
}

/// The page of a case, or what is `below` it.
pub(super) fn address(case: CaseId, school: Uuid, below: &str) -> String {
    format!("/casos/{}/{}/{}{below}?colegio={school}", case.date, case.slot_id, case.student_id)
}

impl CasePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let (case, zone) = (&self.case, self.school.zone);
        let main = html! {
            main class="kiosk-page case-page" {
                a class="back" href={ "/casos?colegio=" (self.school.id) "&fecha=" (case.id.date) } {
                    (icon("back")) (lang.t("case-back"))
                }
                header class="page-head" {
                    h1 { (full_name(&case.name, lang)) }
                    p class="date" {
                        a href={ "/hoy/cursos/" (case.course_id) } { (case.course) } " · " (times::long_date(case.id.date, lang))
                    }
                }
                (words::notice(self.told.map(|told| (told, None)).as_ref(), lang))
                section class="card case" aria-labelledby="stands-title" {
                    h2 id="stands-title" { (lang.t("case-stands-title")) }
                    p { b { (words::stage(case, zone, lang)) } }
                    @if case.is_open() { p class="hint" { (words::due(case.due_at, self.now, zone, lang)) } }
                    @if self.acts { (Acts { case, school: self.school.id, from: "caso", leads: false }.markup(lang)) }
                }
                (self.family(lang))
                section class="card" aria-labelledby="story-title" {
                    h2 id="story-title" { (lang.t("case-story-title")) }
                    ol class="rows" {
                        @for line in &self.log {
                            li class="row" {
                                div {
                                    p { (words::said(&line.said, case.id.date, zone, lang)) }
                                    p class="hint" {
                                        time datetime=(times::machine(line.at, zone)) { (words::when(line.at, case.id.date, zone, lang)) }
                                        " · " (words::by(&line.by, lang))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        };
        let below = address(case.id, self.school.id, "");
        frame(&self.who, &self.school, self.title(lang), below.trim_start_matches("/casos"), false)
            .page(lang, nonce, &main)
    }

    fn title(&self, lang: Lang) -> String {
        match &self.case.name {
            PersonName::Known { given, family } => format!("{given} {family}"),
            PersonName::Erased => lang.t("erased"),
            PersonName::Unknown => lang.t("name-unknown"),
        }
    }

    fn family(&self, lang: Lang) -> Markup {
        html! {
            section class="card" aria-labelledby="family-title" {
                h2 id="family-title" { (lang.t("case-family-title")) }
                @if self.guardians.is_empty() { p class="hint" { (lang.t("case-family-none")) } }
                @else { ol class="rows" { @for guardian in &self.guardians { (row(guardian, lang)) } } }
            }
        }
    }
}

fn row(guardian: &Guardian, lang: Lang) -> Markup {
    let rights = guardian.rights;
    let what = [
        rights.legal.then(|| lang.t("guardian-legal")),
        rights.notify.then(|| lang.t("guardian-notify")),
        rights.may_collect.then(|| lang.t("guardian-collect")),
    ];
    let what: Vec<String> = what.into_iter().flatten().collect();
    let name = guardian.name.clone().unwrap_or_else(|| lang.t("name-unknown"));
    html! {
        li class="row" {
            div {
                b { (name) }
                @if rights.restricted { p { em { (lang.t("guardian-restricted")) } } }
                @else if !what.is_empty() { p class="hint" { (what.join(", ")) } }
            }
            @if !rights.restricted {
                @match &guardian.phone {
                    Some(phone) => {
                        a class="button" href={ "tel:" (phone) } {
                            (words::phone(phone)) span class="unseen" { ": " (name) }
                        }
                    }
                    None => p class="hint" { (lang.t("guardian-no-phone")) },
                }
            }
        }
    }
}
