//! The form, both boards side by side, and who stands otherwise, each with the reasons of both and what is behind them.

use super::super::respond::Nonce;
use super::super::shell::{self, Page, Place};
use super::super::staff::form::{self, Field, Refusal};
use super::super::staff::log::instant;
use super::super::stream::{flag_words, full_name};
use super::super::view::{Counts, PersonName, Pupil, School, Status, Who};
use super::super::{course, icon::icon, pupil, status};
use super::Typed;
use crate::i18n::{Lang, key, times};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::attendance_day::{Direction, Event, Flag, ManualReason};
use maud::{Markup, html};
use projections::audit::replay::{Change, Moment};
use uuid::Uuid;

/// In the order in which somebody had to act.
const STATUSES: [Status; 8] = [
    Status::Missing,
    Status::Absent,
    Status::Unknown,
    Status::Late,
    Status::Pending,
    Status::Justified,
    Status::Left,
    Status::Inside,
];

/// The page's values.
pub(in crate::pages) struct ReplayPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Courses to choose from.
    pub courses: Vec<(Uuid, String)>,
    /// People who did something to a pupil's day.
    pub actors: Vec<(String, ByWhom)>,
    /// The gates.
    pub kiosks: Vec<(Uuid, String)>,
    /// The form.
    pub typed: Typed,
    /// What was wrong with it.
    pub refused: Option<Refusal>,
    /// The day, unless something was.
    pub day: Option<DayView>,
}

/// A replayed day.
pub(in crate::pages) struct DayView {
    /// What is shown.
    pub moment: Moment,
    /// The log is known here up to an event recorded then.
    pub recorded_until: Option<DateTime<Utc>>,
    /// As it was known; none: the school was not known.
    pub then: Option<Counts>,
    /// As it is known.
    pub now: Counts,
    /// What was known of the gates.
    pub gates: Vec<GateWord>,
    /// How many stand otherwise, and how many for other reasons only.
    pub changed: (usize, usize),
    /// The pupils of this page.
    pub lines: Vec<LineView>,
    /// How many there are on all pages.
    pub found: usize,
    /// How many were shown before the next page.
    pub next: Option<usize>,
}

/// What was known of a gate.
pub(in crate::pages) struct GateWord {
    /// Its name.
    pub gate: String,
    /// Nothing taken before was on its way.
    pub drained_through: Option<DateTime<Utc>>,
    /// Not heard since.
    pub silent_since: Option<DateTime<Utc>>,
}

/// A pupil, with the course, on each of the two.
pub(in crate::pages) struct LineView {
    /// The pupil.
    pub id: Uuid,
    /// The name.
    pub name: PersonName,
    /// What differs.
    pub change: Change,
    /// As it was known; none: not on the board.
    pub then: Option<(Pupil, Option<String>)>,
    /// As it is known; none: not on the board.
    pub now: Option<(Pupil, Option<String>)>,
    /// What is behind it, as the log learned it.
    pub events: Vec<EventView>,
}

/// An event of a pupil's day.
pub(in crate::pages) struct EventView {
    /// What it tells.
    pub told: Told,
    /// When the pupil passed, of a passage.
    pub passed_at: Option<DateTime<Utc>>,
    /// At which gate.
    pub gate: Option<String>,
    /// Who did it.
    pub by: ByWhom,
    /// When the log learned it.
    pub recorded_at: DateTime<Utc>,
    /// It counted then.
    pub then: bool,
    /// It counts now.
    pub now: bool,
}

/// What an event tells.
pub(in crate::pages) enum Told {
    /// A card was read.
    Scan(Direction),
    /// Somebody recorded it by hand.
    ByHand(Direction, ManualReason),
    /// A reading is doubted.
    Doubts(Vec<Flag>),
    /// What was recorded by hand was taken back.
    TakenBack,
    /// Somebody did something else to the day.
    Act(Event),
    /// Something else, by its name.
    Other(String),
}

/// Who did something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::pages) enum ByWhom {
    /// Somebody of the staff.
    Name(String),
    /// The same, of whom who looks may see no more.
    Account(Uuid),
    /// A gate.
    Gate,
    /// A guardian.
    Family,
    /// The server's command line.
    CommandLine,
    /// The program, by its rules.
    Program,
}

impl ByWhom {
    fn words(&self, lang: Lang) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Account(id) => id.to_string(),
            Self::Gate => lang.t("replay-by-gate"),
            Self::Family => lang.t("replay-by-family"),
            Self::CommandLine => lang.t("log-actor-cli"),
            Self::Program => lang.t("log-actor-system"),
        }
    }
}

impl ReplayPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="people replay" {
                a class="back" href={ "/registro?colegio=" (self.school.id) } { (icon("back")) (lang.t("looks-back")) }
                header class="page-head" { h1 { (lang.t("replay-title")) } p class="date" { (lang.t("replay-what")) } }
                (form::refused(self.refused, lang))
                (self.form(lang))
                @if let Some(day) = &self.day {
                    (self.moves(lang))
                    (day.answer(self.school.zone, lang))
                    (day.known_of_gates(self.school.zone, lang))
                    (self.list(day, lang))
                }
            }
        };
        let page = Page {
            lang,
            nonce,
            title: lang.t("replay-title"),
            place: Place::Log,
            here: format!("/auditoria?{}", self.typed.query(self.school.id)),
            school: Some(&self.school.name),
            who: Some(&self.who),
            ages: false,
        };
        shell::page(&page, &main)
    }

    fn form(&self, lang: Lang) -> Markup {
        let typed = &self.typed;
        let field = |name, label, kind, value| Field { name, label, kind, autocomplete: "off", value, hint: None };
        let known = Field {
            hint: Some(lang.t("replay-known-hint")),
            ..field("sabido", lang.t("replay-known"), "datetime-local", &typed.known)
        };
        let anybody = || vec![(String::new(), lang.t("replay-anybody"))];
        let courses = self.courses.iter().map(|(id, name)| (id.to_string(), name.clone()));
        let kiosks = self.kiosks.iter().map(|(id, name)| (id.to_string(), name.clone()));
        let actors = self.actors.iter().map(|(actor, by)| (actor.clone(), by.words(lang)));
        let choose = |name, label, options: Vec<(String, String)>, chosen: &str| {
            // What an address names stays chosen though the day has no such.
            let lost = !chosen.is_empty() && !options.iter().any(|(value, _)| value == chosen);
            let options =
                [anybody(), options, if lost { vec![(chosen.to_owned(), chosen.to_owned())] } else { vec![] }].concat();
            form::choice(name, &lang.t(label), &options, chosen, false, None, lang)
        };
        let shown = [("cambios".to_owned(), lang.t("replay-only-changed")), ("todos".to_owned(), lang.t("replay-all"))];
        html! {
            form class="card replay-form" method="get" action="/auditoria" {
                input type="hidden" name="colegio" value=(self.school.id);
                div class="by-hand-fields" {
                    (form::field(&field("fecha", lang.t("replay-date"), "date", &typed.date), self.refused, lang))
                    (form::field(&field("hora", lang.t("replay-time"), "time", &typed.time), self.refused, lang))
                    (form::optional(&known, self.refused, lang))
                }
                details open[self.filters()] {
                    summary { (lang.t("replay-filters")) }
                    div class="by-hand-fields" {
                        (form::optional(&field("alumno", lang.t("replay-pupil"), "search", &typed.pupil), self.refused, lang))
                        (choose("curso", key("replay-course"), courses.collect(), &typed.course))
                        (choose("persona", key("replay-actor"), actors.collect(), &typed.actor))
                        (choose("lector", key("replay-kiosk"), kiosks.collect(), &typed.kiosk))
                        (form::choice("ver", &lang.t("replay-shown"), &shown, if typed.all { "todos" } else { "cambios" }, false, None, lang))
                    }
                }
                button class="button" type="submit" { (lang.t("replay-show")) }
            }
        }
    }

    fn filters(&self) -> bool {
        let typed = &self.typed;
        typed.all || [&typed.pupil, &typed.course, &typed.actor, &typed.kiosk].iter().any(|text| !text.is_empty())
    }

    /// The same some minutes earlier and later.
    fn moves(&self, lang: Lang) -> Markup {
        let time = crate::replay::wall(&self.typed.time).unwrap_or(NaiveTime::MIN);
        html! {
            nav class="changes" aria-label=(lang.t("replay-moves")) {
                @for minutes in [-15_i64, -5, 5, 15] {
                    @let (moved, days) = time.overflowing_add_signed(TimeDelta::minutes(minutes));
                    @if days == 0 {
                        @let there = Typed { time: moved.format("%H:%M").to_string(), from: 0, ..self.typed.clone() };
                        a class="button quiet" href={ "/auditoria?" (there.query(self.school.id)) } {
                            (there.time)
                        }
                    }
                }
            }
        }
    }

    fn list(&self, day: &DayView, lang: Lang) -> Markup {
        let query = self.typed.query(self.school.id);
        let found = u32::try_from(day.found).unwrap_or(u32::MAX);
        html! {
            section class="card group" aria-labelledby="replay-list" {
                h2 id="replay-list" {
                    (lang.t(if self.typed.all { key("replay-all") } else { key("replay-only-changed") }))
                    " " small { (lang.number(found)) }
                }
                @if day.lines.is_empty() { p class="hint" { (lang.t("replay-none")) } }
                ul class="pupils" { @for line in &day.lines { li { (line.row(self.school.zone, lang)) } } }
                nav class="changes" {
                    @if let Some(next) = day.next {
                        a class="button" href={ "/auditoria?" (query) "&desde=" (next) } { (lang.t("replay-next")) }
                    }
                    @if found > 0 {
                        a class="button quiet" href={ "/auditoria/dia.csv?" (query) } download { (lang.t("replay-csv")) }
                    }
                }
            }
        }
    }
}

impl DayView {
    fn answer(&self, zone: Tz, lang: Lang) -> Markup {
        let (at, known) = (self.moment.at, self.moment.known);
        let changed = u32::try_from(self.changed.0).unwrap_or(u32::MAX);
        let reasons = u32::try_from(self.changed.1).unwrap_or(u32::MAX);
        let none = Counts::default();
        html! {
            section class="answer" aria-label=(lang.t("replay-answer-label")) {
                p { (lang.t("replay-about")) " " (instant(at, zone, lang)) }
                @if known != at { p { (lang.t("replay-as-known")) " " (instant(known, zone, lang)) } }
                p class="headline" {
                    strong class="figure" { (lang.number(changed)) } " "
                    span class="of" { (lang.f("replay-changed", &[("n", changed.into())])) }
                }
                @if reasons > 0 { p { (lang.f("replay-reasons", &[("n", reasons.into())])) } }
                @if self.then.is_none() { p class="refused" { (icon("warning")) span { (lang.t("replay-nothing-then")) } } }
                table class="replay-table" {
                    caption { (lang.t("replay-table")) }
                    thead { tr {
                        th scope="col" { (lang.t("replay-status")) }
                        th scope="col" { (lang.t("replay-then")) }
                        th scope="col" { (lang.t("replay-now")) }
                    } }
                    tbody {
                        @for of in STATUSES {
                            @let (then, now) = (self.then.as_ref().unwrap_or(&none).of(of), self.now.of(of));
                            tr class=[(then != now).then_some("differs")] {
                                th scope="row" { (status::tag(of, lang)) }
                                td { (lang.number(then)) }
                                td { (lang.number(now)) @if then != now { " " b { "(" (sign(then, now)) ")" } } }
                            }
                        }
                    }
                }
                @if let Some(until) = self.recorded_until {
                    p class="hint" { (lang.t("replay-until")) " " (instant(until, zone, lang)) }
                }
            }
        }
    }

    /// What was on its way, and could not be known.
    fn known_of_gates(&self, zone: Tz, lang: Lang) -> Markup {
        let at = |at| times::clock(at, zone);
        html! {
            @if !self.gates.is_empty() {
                section class="card group" aria-labelledby="replay-gates" {
                    h2 id="replay-gates" { (lang.t("replay-gates")) }
                    ul class="steps" {
                        @for gate in &self.gates {
                            li {
                                b { (gate.gate) } ": "
                                @match (gate.silent_since, gate.drained_through) {
                                    (Some(since), _) => (lang.f("replay-gate-silent", &[("time", (&at(since)).into())])),
                                    (None, Some(through)) => (lang.f("replay-gate-drained", &[("time", (&at(through)).into())])),
                                    (None, None) => (lang.t("replay-gate-never")),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `+3`, `−2`
fn sign(then: u32, now: u32) -> String {
    if now >= then { format!("+{}", now - then) } else { format!("−{}", then - now) }
}

impl LineView {
    fn row(&self, zone: Tz, lang: Lang) -> Markup {
        let tag = |place: &Option<(Pupil, Option<String>)>| match place {
            Some((pupil, _)) => status::tag(pupil.status, lang),
            None => html! { span class="tag not-expected" { (icon("not-expected")) (lang.t("replay-not-on-board")) } },
        };
        html! {
            details id={ "pupil-" (self.id) } {
                summary {
                    b { (full_name(&self.name, lang)) }
                    " " span class="replay-both" {
                        span class="unseen" { (lang.t("replay-then")) " " } (tag(&self.then))
                        @if self.change != Change::None {
                            " → " span class="unseen" { (lang.t("replay-now")) " " } (tag(&self.now))
                        }
                    }
                    " " span { (lang.t("why")) }
                }
                @if self.change == Change::Reasons { p class="hint" { (lang.t("replay-same-otherwise")) } }
                h3 { (lang.t("replay-then")) }
                (reasons(&self.then, zone, lang))
                @if self.change != Change::None {
                    h3 { (lang.t("replay-now")) }
                    (reasons(&self.now, zone, lang))
                }
                h3 { (lang.t("replay-events")) }
                @if self.events.is_empty() { p class="hint" { (lang.t("replay-no-events")) } }
                ul class="steps" { @for event in &self.events { li { (event.words(zone, lang)) } } }
            }
        }
    }
}

fn reasons(place: &Option<(Pupil, Option<String>)>, zone: Tz, lang: Lang) -> Markup {
    html! {
        @match place {
            None => p class="hint" { (lang.t("replay-not-on-board")) },
            Some((pupil, of)) => {
                p {
                    (status::tag(pupil.status, lang)) " " (course::fact(pupil, zone, lang))
                    @if let Some(of) = of { " · " (of) }
                }
                ol { @for step in &pupil.derivation { li { (course::words(step, zone, lang)) } } }
            }
        }
    }
}

impl EventView {
    fn words(&self, zone: Tz, lang: Lang) -> Markup {
        let time = self.passed_at.map(|at| times::clock_seconds(at, zone)).unwrap_or_default();
        let passed = |direction| match direction {
            Direction::Entry => lang.f("replay-entered", &[("time", (&time).into())]),
            Direction::Exit => lang.f("replay-left", &[("time", (&time).into())]),
        };
        let by = self.by.words(lang);
        html! {
            @match &self.told {
                Told::Scan(direction) => (passed(*direction)),
                Told::ByHand(direction, reason) => {
                    (passed(*direction)) " " (lang.t("by-hand")) ": " (course::reason_words(*reason, lang))
                }
                Told::Doubts(flags) => {
                    (lang.t("replay-doubts")) " "
                    (flags.iter().map(|flag| flag_words(*flag, lang)).collect::<Vec<_>>().join(", "))
                }
                Told::TakenBack => (lang.t("replay-taken-back")),
                Told::Act(said) => (pupil::event_words(said, zone, lang).unwrap_or_default()),
                Told::Other(event) => (event),
            }
            @if let Some(gate) = &self.gate { " · " (gate) }
            @if self.by != ByWhom::Gate { " · " (by) }
            " · " (lang.t("replay-recorded")) " " (instant(self.recorded_at, zone, lang))
            @match (self.then, self.now) {
                (true, _) => {}
                (false, true) => { " · " b { (lang.t("replay-not-then")) } }
                (false, false) => { " · " b { (lang.t("replay-later")) } }
            }
        }
    }
}
