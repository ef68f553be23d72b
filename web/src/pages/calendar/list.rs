//! The days that differ, of a month; today first.

use super::super::icon::icon;
use super::super::reasons;
use super::super::respond::Nonce;
use super::super::shell::{self, Place};
use super::super::staff::form;
use super::super::view::{School, Who};
use crate::calendar::Kind;
use crate::i18n::{Lang, key, times};
use crate::permissions::Permission;
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use domain::calendar::{CourseDay, CourseTimes, Layer, SchoolDay};
use maud::{Markup, html};
use uuid::Uuid;

/// Who set a day, and when.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) struct By {
    /// The person's name, if who looks may see it.
    pub name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A line of the list.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) enum Line {
    /// Of the whole school.
    School {
        /// The date.
        date: NaiveDate,
        /// What it is.
        day: SchoolDay,
        /// A day of the school lies over this holiday.
        covered: bool,
        /// Who set it.
        by: By,
    },
    /// Of a course.
    Course {
        /// The date.
        date: NaiveDate,
        /// The course.
        id: Uuid,
        /// What it is called.
        name: String,
        /// What it expects.
        day: CourseDay,
        /// Who set it.
        by: By,
    },
}

/// What today is.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::pages) struct Today {
    /// The date on the school's wall.
    pub date: NaiveDate,
    /// What it was set to.
    pub set: Option<SchoolDay>,
    /// How many pupils are expected.
    pub expected: u32,
    /// Of how many courses.
    pub courses: u32,
}

/// The page's values.
pub(in crate::pages) struct CalendarPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Today.
    pub today: Today,
    /// The first day of the month that is shown.
    pub month: NaiveDate,
    /// Its days that differ, in their order.
    pub lines: Vec<Line>,
    /// Whether who looks may change them.
    pub manages: bool,
    /// What was done.
    pub done: Option<&'static str>,
}

impl CalendarPage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="people calendar" {
                header class="page-head" { h1 { (lang.t("nav-calendar")) } }
                (form::done(self.done.map(|done| lang.t(done))))
                (self.today(lang))
                @if self.manages { (self.kinds(lang)) }
                a class="back" href={ "/horarios?colegio=" (self.school.id) } { (lang.t("schedule-all")) }
                (self.days(lang))
            }
        };
        let query = format!("?colegio={}&mes={}", self.school.id, self.month.format("%Y-%m"));
        frame(&self.who, &self.school, lang.t("nav-calendar"), &query, lang, nonce, &main)
    }

    fn today(&self, lang: Lang) -> Markup {
        let Today { date, set, expected, courses } = &self.today;
        let words = match set {
            Some(set) => reasons::school_day(set, lang),
            None if *expected == 0 => lang.t("calendar-today-nobody"),
            None => lang.t("calendar-today-usual"),
        };
        let free = matches!(set, Some(SchoolDay::NoClasses { .. } | SchoolDay::Outing));
        html! {
            section class="answer" aria-labelledby="today-title" {
                h2 id="today-title" {
                    (lang.f("calendar-today", &[("date", (&times::long_date(*date, lang)).into())]))
                }
                p class="headline" { (words) }
                @if *expected > 0 {
                    p class="hint" {
                        (lang.f("calendar-today-expected", &[("pupils", (*expected).into()), ("courses", (*courses).into())]))
                    }
                }
                @if self.manages && !free && *expected > 0 {
                    p {
                        a class="button" href={
                            "/calendario/dia?colegio=" (self.school.id) "&tipo=" (Kind::NoClasses.code()) "&fecha=" (date) "&hoy=si"
                        } { (icon("warning")) (lang.t("calendar-none-today")) }
                    }
                }
            }
        }
    }

    fn kinds(&self, lang: Lang) -> Markup {
        html! {
            section class="card" aria-labelledby="set-title" {
                h2 id="set-title" { (lang.t("calendar-set-title")) }
                ul class="ways" {
                    @for kind in Kind::ALL {
                        li { a href={ "/calendario/dia?colegio=" (self.school.id) "&tipo=" (kind.code()) } {
                            b { (kind_words(kind, lang)) } (icon("next"))
                        } }
                    }
                    @if self.who.may.contains(&Permission::YearOpen) {
                        li { a href={ "/anio-escolar?colegio=" (self.school.id) } { b { (lang.t("year-link")) } (icon("next")) } }
                    }
                }
            }
        }
    }

    fn days(&self, lang: Lang) -> Markup {
        let month = |date: NaiveDate| {
            let (name, year) = (times::month(date.month(), lang), date.year().to_string());
            lang.f("calendar-month", &[("month", (&name).into()), ("year", (&year).into())])
        };
        let link = |date: Option<NaiveDate>| {
            html! {
                @if let Some(date) = date {
                    a class="button quiet" href={ "/calendario?colegio=" (self.school.id) "&mes=" (date.format("%Y-%m")) } {
                        (month(date))
                    }
                }
            }
        };
        html! {
            section class="card" aria-labelledby="days-title" {
                h2 id="days-title" { (lang.f("calendar-days-title", &[("month", (&month(self.month)).into())])) }
                @if self.lines.is_empty() { p class="hint" { (lang.t("calendar-days-none")) } }
                @else { ul class="rows" { @for line in &self.lines { (self.line(line, lang)) } } }
                nav class="changes" aria-label=(lang.t("calendar-months")) {
                    (link(self.month.checked_sub_months(Months::new(1))))
                    (link(self.month.checked_add_months(Months::new(1))))
                }
            }
        }
    }

    fn line(&self, line: &Line, lang: Lang) -> Markup {
        let (date, about, by) = match line {
            Line::School { date, day, covered, by } => {
                let words = reasons::school_day(day, lang);
                (*date, if *covered { lang.f("calendar-covered", &[("day", (&words).into())]) } else { words }, by)
            }
            Line::Course { date, name, day, by, .. } => (*date, format!("{name}: {}", course_day(day, lang)), by),
        };
        let long = times::long_date(date, lang);
        html! {
            li class="row" {
                div {
                    b { (long) }
                    p { (about) }
                    p class="hint" { (self.by(by, lang)) }
                }
                @if self.manages {
                    form method="post" action={ "/calendario/quitar?colegio=" (self.school.id) } {
                        (form::hidden("fecha", &date.to_string()))
                        @match line {
                            Line::School { day, .. } => (form::hidden("capa", layer(day))),
                            Line::Course { id, .. } => (form::hidden("curso", &id.to_string())),
                        }
                        button class="quiet" type="submit" {
                            (lang.t("calendar-clear")) span class="unseen" { ": " (long) ", " (about) }
                        }
                    }
                }
            }
        }
    }

    fn by(&self, by: &By, lang: Lang) -> String {
        let at = by.at.with_timezone(&self.school.zone);
        let (date, time) = (times::long_date(at.date_naive(), lang), times::clock(by.at, self.school.zone));
        match &by.name {
            Some(name) => {
                lang.f("calendar-by", &[("name", name.into()), ("date", (&date).into()), ("time", (&time).into())])
            }
            None => lang.f("calendar-at", &[("date", (&date).into()), ("time", (&time).into())]),
        }
    }
}

fn layer(day: &SchoolDay) -> &'static str {
    match day.layer() {
        Layer::Holiday => "holiday",
        Layer::Day => "day",
    }
}

/// The words of a kind, in the order of [`Kind::ALL`].
pub(super) fn kind_words(kind: Kind, lang: Lang) -> String {
    lang.t(match kind {
        Kind::NoClasses => key("kind-no-classes"),
        Kind::HalfDay => key("kind-half-day"),
        Kind::Outing => key("kind-outing"),
        Kind::Recovery => key("kind-recovery"),
        Kind::Holiday => key("kind-holiday"),
    })
}

/// What a course expects on a date, in words.
pub(super) fn course_day(day: &CourseDay, lang: Lang) -> String {
    let reason = reasons::reason(day.reason, lang);
    match &day.times {
        CourseTimes::Nobody => lang.f("course-day-nobody", &[("reason", (&reason).into())]),
        CourseTimes::Until { exit } => {
            lang.f("day-half", &[("time", (&reasons::wall(*exit)).into()), ("reason", (&reason).into())])
        }
        CourseTimes::Weekday { weekday } => {
            lang.f("day-recovery-as", &[("weekday", (&times::weekday(*weekday, lang)).into())])
        }
        CourseTimes::Own { slots } => {
            lang.f("course-day-at", &[("stays", (&reasons::stays(slots)).into()), ("reason", (&reason).into())])
        }
    }
}

/// A page of the calendar.
pub(super) fn frame(
    who: &Who,
    school: &School,
    title: String,
    query: &str,
    lang: Lang,
    nonce: &Nonce,
    main: &Markup,
) -> Markup {
    shell::of_school((who, school), Place::Calendar, title, format!("/calendario{query}"), (lang, nonce), main)
}
