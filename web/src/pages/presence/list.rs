//! The page: how many, then each pupil by course; those not found yet before those who are safe.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place as Shelf};
use super::super::staff::form;
use super::super::view::{Freshness, Gate, PersonName, School, Who};
use super::super::{alerts, fresh};
use super::{Call, Group, Person, Told, ended};
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, NaiveDate, Utc};
use domain::roll_call::Reason;
use maud::{Markup, html};
use projections::live::presence::{Place, Tally};
use uuid::Uuid;

/// Id of the form that the pupils' buttons send; `web/assets/rollcall.js` knows it.
const FORM: &str = "marca";

/// The page's values.
pub(in crate::pages) struct PresencePage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The school day.
    pub date: NaiveDate,
    /// When this was so.
    pub now: DateTime<Utc>,
    /// Whether who looks may begin, mark and end.
    pub acts: bool,
    /// Who looks: marks kept on a phone are sent by whoever made them.
    pub account: Uuid,
    /// How far the log is in what is shown.
    pub position: i64,
    /// How old it is.
    pub freshness: Freshness,
    /// The gates.
    pub gates: Vec<Gate>,
    /// The course that is shown alone.
    pub course: Option<Uuid>,
    /// Gates of which nothing is heard, by name.
    pub silent: Vec<String>,
    /// By course.
    pub(super) groups: Vec<Group>,
    /// All together.
    pub tally: Tally,
    /// The day's newest roll call.
    pub(super) call: Option<Call>,
    /// Those of the day before it, the newest first.
    pub(super) earlier: Vec<Call>,
    /// Why nothing was done.
    pub(super) told: Option<Told>,
}

impl PresencePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let title = lang.t(if self.open().is_some() { key("roll-call") } else { key("presence-title") });
        let again =
            format!("/hoy/presentes?lang={}&colegio={}{}", lang.code(), self.school.id, self.filter(self.course));
        let main = html! {
            main class="presence-page" {
                a class="back" href={ "/hoy?colegio=" (self.school.id) } { (icon("back")) (lang.t("back-to-today")) }
                header class="page-head" {
                    h1 { (title) }
                    p class="date" { (times::long_date(self.date, lang)) }
                }
                @if let Some(told) = self.told { (form::wrong(&lang.t(refusal(told)), true)) }
                (self.of_phone(lang))
                div id="presentes" hx-get=(again) hx-trigger="every 5s" hx-target="#presentes" hx-select="#presentes"
                    hx-swap="outerMorph" hx-sync="this:drop" hx-nonce=(nonce)
                    data-escuela=(self.school.id) data-persona=(self.account) data-posicion=(self.position)
                    data-ahora=(self.now.timestamp_millis()) data-zona=(self.school.zone.name())
                    data-curso=[self.course] data-pase=[self.open().map(Call::named)] {
                    (self.content(lang))
                }
            }
        };
        shell::page(
            &Page {
                lang,
                nonce,
                title,
                place: Shelf::Presence,
                here: format!("/hoy/presentes?colegio={}{}", self.school.id, self.filter(self.course)),
                school: Some(&self.school.name),
                who: Some(&self.who),
                ages: true,
            },
            &main,
        )
    }

    fn open(&self) -> Option<&Call> {
        self.call.as_ref().filter(|call| call.ended_at.is_none())
    }

    fn filter(&self, course: Option<Uuid>) -> String {
        course.map_or_else(String::new, |id| format!("&curso={id}"))
    }

    /// What the script says of the phone's line and of the marks that wait on it.
    fn of_phone(&self, lang: Lang) -> Markup {
        html! {
            div class="banners" aria-live="polite" {
                div class="banner" id="sin-conexion" hidden data-lejos=(lang.t("roll-call-away"))
                    data-fuera=(lang.t("roll-call-signed-out")) data-rechazadas=(lang.t("roll-call-set-aside")) {
                    (icon("offline")) p {}
                }
            }
            p class="waiting" id="por-enviar" role="status" hidden data-una=(lang.t("roll-call-one-waits"))
                data-varias=(lang.t("roll-call-some-wait")) {}
        }
    }

    fn content(&self, lang: Lang) -> Markup {
        let zone = self.school.zone;
        // During a roll call a phone's room is for the names.
        let words = if self.open().is_some() { alerts::Words::Brief } else { alerts::Words::All };
        html! {
            div class="banners" aria-live="polite" {
                (alerts::alerts(&self.freshness, &self.gates, zone, words, lang))
            }
            section class="answer" aria-label=(lang.t("presence-label")) {
                @match self.open() {
                    Some(call) => (self.during(call, lang)),
                    None => (self.before(lang)),
                }
                (fresh::words(&self.freshness, lang))
                p class="hint" { (lang.f("course-as-of", &[("time", (&times::clock_seconds(self.now, zone)).into())])) }
            }
            @if self.acts && self.open().is_none() { (self.begin(lang)) }
            @if self.open().is_none() { (self.ended(lang)) }
            @if self.groups.is_empty() { p class="nothing" { (lang.t("presence-nobody")) } }
            @else { (self.filters(lang)) }
            @match self.open() {
                Some(_) => (self.roll(lang)),
                None => @for group in &self.groups { (self.card(group, lang)) },
            }
            @if let Some(call) = self.open().filter(|_| self.acts) { (self.marks_and_end(call, lang)) }
        }
    }

    fn before(&self, lang: Lang) -> Markup {
        let zone = self.school.zone;
        html! {
            p class="headline" {
                strong class="figure" { (lang.number(self.tally.inside)) } " "
                span class="of" { (lang.t("presence-inside")) }
            }
            (self.unknown(lang))
            @if let Some(Call { ended_at: Some(ended), reason, started_at, .. }) = &self.call {
                p {
                    (lang.f(match reason {
                        Reason::Drill => key("roll-call-drill-ended"),
                        Reason::Evacuation => key("roll-call-evacuation-ended"),
                    }, &[
                        ("from", (&times::clock(*started_at, zone)).into()),
                        ("to", (&times::clock(*ended, zone)).into()),
                        ("n", self.tally.safe.into()),
                    ]))
                }
            }
        }
    }

    /// The day's roll calls that are over, each with whom it left to be found.
    fn ended(&self, lang: Lang) -> Markup {
        let over: Vec<&Call> = self.call.iter().chain(&self.earlier).filter(|call| call.ended_at.is_some()).collect();
        html! {
            @if !over.is_empty() {
                section class="card" aria-labelledby="terminados" {
                    h2 id="terminados" { (lang.t("roll-call-over")) }
                    ul class="rows" {
                        @for call in over {
                            @let when = ended::words(call, self.school.zone, lang);
                            li class="row" {
                                span { (when) }
                                a class="button quiet" href={
                                    "/hoy/presentes/" (call.named()) "?colegio=" (self.school.id)
                                } { (lang.t("roll-call-left")) span class="unseen" { ": " (when) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn during(&self, call: &Call, lang: Lang) -> Markup {
        let since = times::clock(call.started_at, self.school.zone);
        html! {
            p class={ "reason" @if call.reason == Reason::Evacuation { " evacuation" } } {
                (icon("warning")) b {
                    (lang.f(match call.reason {
                        Reason::Drill => key("roll-call-drill-since"),
                        Reason::Evacuation => key("roll-call-evacuation-since"),
                    }, &[("time", (&since).into())]))
                }
            }
            p class="headline" {
                strong class="figure" id="salvos" { (lang.number(self.tally.safe)) } " "
                span class="of" {
                    (lang.t("roll-call-of")) " " span id="total" { (lang.number(self.tally.to_find)) } " "
                    (lang.t("roll-call-safe"))
                }
            }
            progress id="avance" max=(self.tally.to_find.max(1)) value=(self.tally.safe)
                aria-label=(lang.t("roll-call-progress")) {}
            (self.unknown(lang))
        }
    }

    /// How many may be inside, and by which gates.
    fn unknown(&self, lang: Lang) -> Markup {
        let n = self.tally.unknown;
        html! {
            p class="doubt tag unknown" id="dudas" hidden[n == 0] {
                (icon("unknown")) b { (lang.number(n)) } " "
                span {
                    (lang.f("presence-unknown", &[("n", n.into())]))
                    @if !self.silent.is_empty() {
                        " " (lang.f("presence-silent", &[("gates", (&self.silent.join(", ")).into())]))
                    }
                }
            }
        }
    }

    fn at(&self, what: &str) -> String {
        format!("/hoy/presentes/{what}?colegio={}", self.school.id)
    }

    fn course_in_form(&self) -> Markup {
        form::hidden("curso", &self.course.map(|id| id.to_string()).unwrap_or_default())
    }

    fn begin(&self, lang: Lang) -> Markup {
        html! {
            form class="begin" method="post" action=(self.at("comenzar")) {
                (self.course_in_form())
                p class="hint" { (lang.t("roll-call-begin-means")) }
                div class="changes" {
                    button class="button" name="motivo" value="evacuacion" { (lang.t("roll-call-begin-evacuation")) }
                    button class="button quiet" name="motivo" value="simulacro" { (lang.t("roll-call-begin-drill")) }
                }
            }
        }
    }

    /// The form that the pupils' buttons send, and the end.
    fn marks_and_end(&self, call: &Call, lang: Lang) -> Markup {
        html! {
            form id=(FORM) method="post" action=(self.at("marcar")) {
                (form::hidden("pase", &call.named())) (self.course_in_form())
            }
            details class="end" {
                summary { (lang.t("roll-call-end")) }
                form method="post" action=(self.at("terminar")) {
                    (form::hidden("pase", &call.named())) (self.course_in_form())
                    p class="hint" { (lang.t("roll-call-end-means")) }
                    button class="button" type="submit" { (lang.t("roll-call-end-now")) }
                }
                @if call.reason == Reason::Drill {
                    form method="post" action=(self.at("comenzar")) {
                        (self.course_in_form())
                        p class="hint" { (lang.t("roll-call-turn-means")) }
                        button class="button quiet" name="motivo" value="evacuacion" { (lang.t("roll-call-turn")) }
                    }
                }
            }
        }
    }

    /// By course; the script shows and hides without asking the server.
    fn filters(&self, lang: Lang) -> Markup {
        // Without the school, which the cookie of this page names: there are many of these.
        let link = |course: Option<Uuid>| course.map_or("?curso=".to_owned(), |id| format!("?curso={id}"));
        let open = self.open().is_some();
        html! {
            @if self.groups.len() > 1 || self.course.is_some() {
                nav class="filters" aria-label=(lang.t("presence-filter")) {
                    a href=(link(None)) data-ver="" aria-current=[self.course.is_none().then_some("true")] {
                        (lang.t("presence-all"))
                    }
                    @for group in self.groups.iter().filter(|group| group.course.is_some()) {
                        a href=(link(group.course)) data-ver=[group.course]
                            aria-current=[(group.course == self.course).then_some("true")] {
                            (group.name) " "
                            b data-faltan=[group.course] {
                                @let Tally { inside, to_find, safe, unknown } = group.tally;
                                (lang.number(if open { to_find - safe + unknown } else { inside + unknown }))
                            }
                        }
                    }
                }
            }
        }
    }

    fn is_hidden(&self, group: &Group) -> bool {
        self.course.is_some() && group.course != self.course
    }

    /// Before a roll call: who is inside, and of whom it is not known.
    fn card(&self, group: &Group, lang: Lang) -> Markup {
        html! {
            section class="card roll" data-seccion=(section(group)) hidden[self.is_hidden(group)] {
                h2 { (course_name(group, lang)) " " small { (lang.number(group.tally.inside)) } }
                ul class="crowd" {
                    @for person in group.people.iter().filter(|person| person.place != Place::NotInside) {
                        li class={ "one" @if person.place == Place::Unknown { " doubtful" } } {
                            (self.words(person, lang))
                        }
                    }
                }
            }
        }
    }

    /// During one: who was not found, by course, and then who is safe.
    fn roll(&self, lang: Lang) -> Markup {
        html! {
            div id="lista" data-salvo=(lang.t("roll-call-mark")) data-deshacer=(lang.t("roll-call-undo"))
                data-hecho=(lang.t("roll-call-marked")) {
                section class="to-find" aria-labelledby="por-encontrar" {
                    h2 id="por-encontrar" { (lang.t("roll-call-to-find")) }
                    p class="all-found tag inside" { (icon("inside")) (lang.t("roll-call-all-found")) }
                    @for group in &self.groups { (self.half(group, false, lang)) }
                }
                section class="found" aria-labelledby="a-salvo" {
                    h2 id="a-salvo" { (lang.t("roll-call-found")) }
                    @for group in &self.groups { (self.half(group, true, lang)) }
                }
            }
        }
    }

    fn half(&self, group: &Group, safe: bool, lang: Lang) -> Markup {
        html! {
            section class="card roll" data-seccion=(section(group)) hidden[self.is_hidden(group)] {
                h3 { (course_name(group, lang)) }
                ul class="crowd" data-lista=(if safe { "salvos" } else { "faltan" }) data-curso=(section(group)) {
                    @for person in group.people.iter().filter(|person| person.safe.is_some() == safe) {
                        (self.line(person, lang))
                    }
                }
            }
        }
    }

    fn line(&self, person: &Person, lang: Lang) -> Markup {
        let (name, word) = match person.safe {
            None => ("salvo", lang.t("roll-call-mark")),
            Some(_) => ("deshacer", lang.t("roll-call-undo")),
        };
        html! {
            li class={ "one" @if person.place == Place::Unknown { " doubtful" } } data-alumno=(person.id)
                data-donde=(where_word(person.place)) data-salvo=[person.safe.map(|_| "si")] {
                (self.words(person, lang))
                @if self.acts {
                    button form=(FORM) name=(name) value=(person.id) aria-label={ (word) ": " (plain(&person.name, lang)) } {
                        (word)
                    }
                }
            }
        }
    }

    fn words(&self, person: &Person, lang: Lang) -> Markup {
        html! {
            span class="box" aria-hidden="true" {}
            span class="who" {
                b { (plain(&person.name, lang)) } " "
                span class="fact" {
                    @match person.place {
                        Place::Inside { since: Some(since) } => (times::clock(since, self.school.zone)),
                        Place::Inside { since: None } => {}
                        Place::Unknown => span class="tag unknown" { (icon("unknown")) (lang.t("presence-unknown-one")) },
                        Place::NotInside => span class="tag left" { (icon("left")) (lang.t("presence-went-out")) },
                    }
                }
            }
        }
    }
}

/// How a course is named in the page's attributes.
fn section(group: &Group) -> String {
    group.course.map_or_else(|| "ninguno".to_owned(), |id| id.to_string())
}

pub(super) fn course_name(group: &Group, lang: Lang) -> String {
    if group.course.is_some() { group.name.clone() } else { lang.t("presence-no-course") }
}

fn where_word(place: Place) -> &'static str {
    match place {
        Place::Inside { .. } => "adentro",
        Place::Unknown => "duda",
        Place::NotInside => "afuera",
    }
}

/// `Pérez Soto, María José`
pub(super) fn plain(name: &PersonName, lang: Lang) -> String {
    match name {
        PersonName::Known { family, given } => format!("{family}, {given}"),
        PersonName::Erased => lang.t("erased"),
        PersonName::Unknown => lang.t("name-unknown"),
    }
}

fn refusal(told: Told) -> &'static str {
    match told {
        Told::UnknownStudent => key("roll-call-unknown-student"),
        Told::NoRollCall => key("roll-call-none"),
        Told::KeptChanging => key("roll-call-kept-changing"),
    }
}
