//! After a roll call: whom it left to be found, by course, on a screen and on paper.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place as Shelf};
use super::super::view::{School, Who};
use super::list::{course_name, plain};
use super::{Call, Group, Person};
use crate::i18n::{Lang, key, times};
use chrono_tz::Tz;
use domain::roll_call::Reason;
use maud::{Markup, html};
use projections::live::presence::Place;

/// The page's values.
pub(in crate::pages) struct EndedPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The roll call.
    pub(super) call: Call,
    /// How many had been said to be safe; none if who was inside then is not known yet.
    pub safe: Option<u32>,
    /// Gates of which nothing was heard then, by name.
    pub silent: Vec<String>,
    /// Who had not been found, by course.
    pub(super) groups: Vec<Group>,
}

/// `Simulacro, de 10:00 a 10:12`
pub(super) fn words(call: &Call, zone: Tz, lang: Lang) -> String {
    let to = call.ended_at.map_or_else(String::new, |ended| times::clock(ended, zone));
    let words = match call.reason {
        Reason::Drill => key("roll-call-over-drill"),
        Reason::Evacuation => key("roll-call-over-evacuation"),
    };
    lang.f(words, &[("from", (&times::clock(call.started_at, zone)).into()), ("to", (&to).into())])
}

impl EndedPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let title = lang.t("roll-call-left-title");
        let main = html! {
            main class="presence-page" {
                a class="back" href={ "/hoy/presentes?colegio=" (self.school.id) } {
                    (icon("back")) (lang.t("presence-title"))
                }
                header class="page-head" {
                    h1 { (title) }
                    p class="date" { (times::full_date(self.call.key.date, lang)) }
                }
                (self.answer(lang))
                @for group in &self.groups { (self.card(group, lang)) }
            }
        };
        shell::page(
            &Page {
                lang,
                nonce,
                title,
                place: Shelf::Presence,
                here: format!("/hoy/presentes/{}?colegio={}", self.call.named(), self.school.id),
                school: Some(&self.school.name),
                who: Some(&self.who),
                ages: false,
            },
            &main,
        )
    }

    fn count(&self, of: impl Fn(&Person) -> bool) -> u32 {
        let people = self.groups.iter().flat_map(|group| &group.people);
        u32::try_from(people.filter(|person| of(person)).count()).unwrap_or(u32::MAX)
    }

    fn answer(&self, lang: Lang) -> Markup {
        let inside = self.count(|person| person.place != Place::Unknown);
        let unknown = self.count(|person| person.place == Place::Unknown);
        let later = self.count(|person| person.safe.is_some());
        html! {
            section class="answer" aria-label=(lang.t("roll-call-left-title")) {
                p { b { (words(&self.call, self.school.zone, lang)) } }
                @match self.safe {
                    None => p class="remark" { (icon("pending")) (lang.t("roll-call-left-behind")) },
                    Some(safe) => {
                        @if inside == 0 && unknown == 0 {
                            p class="headline tag inside" { (icon("inside")) (lang.t("roll-call-left-nobody")) }
                        } @else {
                            p class="headline" {
                                strong class="figure" { (lang.number(inside)) } " "
                                span class="of" { (lang.t("roll-call-left-inside")) }
                            }
                        }
                        @if unknown > 0 {
                            p class="doubt tag unknown" {
                                (icon("unknown")) b { (lang.number(unknown)) } " "
                                span {
                                    (lang.f("presence-unknown", &[("n", unknown.into())]))
                                    @if !self.silent.is_empty() {
                                        " " (lang.f("presence-silent", &[("gates", (&self.silent.join(", ")).into())]))
                                    }
                                }
                            }
                        }
                        p { (lang.f("roll-call-left-safe", &[("n", safe.into())])) }
                        @if later > 0 { p { (lang.f("roll-call-left-later", &[("n", later.into())])) } }
                        p class="hint" { (lang.t("roll-call-left-means")) }
                    }
                }
            }
        }
    }

    fn card(&self, group: &Group, lang: Lang) -> Markup {
        html! {
            section class="card roll" {
                h2 { (course_name(group, lang)) " " small { (lang.number(u32::try_from(group.people.len()).unwrap_or(u32::MAX))) } }
                ul class="crowd" {
                    @for person in &group.people { (self.line(person, lang)) }
                }
            }
        }
    }

    fn line(&self, person: &Person, lang: Lang) -> Markup {
        let at = |at| times::clock(at, self.school.zone);
        html! {
            li class={ "one" @if person.place == Place::Unknown { " doubtful" } } {
                span class="box" aria-hidden="true" {}
                span class="who" {
                    b { (plain(&person.name, lang)) } " "
                    span class="fact" {
                        @match person.place {
                            Place::Inside { since: Some(since) } => (at(since)),
                            Place::Inside { since: None } | Place::NotInside => {}
                            Place::Unknown => span class="tag unknown" { (icon("unknown")) (lang.t("presence-unknown-one")) },
                        }
                        @if let Some(safe) = person.safe {
                            " " span class="tag inside" {
                                (icon("inside")) (lang.f("roll-call-left-found", &[("time", (&at(safe)).into())]))
                            }
                        }
                    }
                }
            }
        }
    }
}
