//! Setting a day: the form with what its kind needs, and what will happen, asked once.

use super::super::icon::icon;
use super::super::reasons;
use super::super::respond::Nonce;
use super::super::staff::form::{self, Field, Refusal};
use super::super::view::{School, Who};
use super::list::{course_day, frame, kind_words};
use super::typed::{Typed, Wanted, WantedDay};
use crate::calendar::Kind;
use crate::i18n::{Lang, key, times};
use domain::calendar::{CourseTimes, Reason, SchoolDay};
use maud::{Markup, html};
use uuid::Uuid;

/// A course to choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::pages) struct Choice {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// How many pupils it has.
    pub pupils: u32,
}

/// The page's values.
pub(in crate::pages) struct DayPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Its open courses, lowest grade first.
    pub courses: Vec<Choice>,
    /// The form as it was typed.
    pub typed: Typed,
    /// What was wrong.
    pub refused: Option<Refusal>,
}

impl DayPage {
    /// The form.
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let (typed, refused) = (&self.typed, self.refused);
        let kind = typed.kind();
        let title = kind_words(kind, lang);
        let input = |name, label: &'static str, kind, value, hint: Option<&'static str>| {
            let hint = hint.map(|hint| lang.t(hint));
            Field { name, label: lang.t(label), kind, autocomplete: "off", value, hint }
        };
        let main = html! {
            main class="people calendar" {
                (self.back(lang))
                header class="page-head" { h1 { (title) } }
                (form::refused(refused, lang))
                form class="form card" method="post" action=(self.action()) {
                    (form::hidden("tipo", kind.code()))
                    (form::field(&input("fecha", key("calendar-date"), "date", &typed.date, None), refused, lang))
                    @if kind == Kind::Holiday {
                        (form::field(&input("nombre", key("calendar-name"), "text", &typed.name, None), refused, lang))
                    }
                    @if kind == Kind::HalfDay {
                        (form::field(&input("salida", key("calendar-exit"), "time", &typed.exit, Some(key("calendar-exit-hint"))), refused, lang))
                    }
                    @if kind == Kind::Recovery { (self.recovery(&input, lang)) }
                    @if matches!(kind, Kind::NoClasses | Kind::HalfDay) { (self.reason(lang)) }
                    @if kind == Kind::NoClasses {
                        (form::optional(&input("resolucion", key("calendar-resolution"), "text", &typed.resolution, Some(key("calendar-resolution-hint"))), refused, lang))
                    }
                    @if kind != Kind::Holiday { (self.ticks(lang)) }
                    (form::send(&lang.t("calendar-review")))
                }
            }
        };
        self.framed(title, lang, nonce, &main)
    }

    /// What will happen, and to how many.
    pub(super) fn ask(&self, wanted: Option<&Wanted>, lang: Lang, nonce: &Nonce) -> Markup {
        let typed = &self.typed;
        let kind = typed.kind();
        let date = typed.date().map_or_else(|| typed.date.clone(), |date| times::long_date(date, lang));
        let about = match wanted.map(|wanted| &wanted.day) {
            Some(WantedDay::School(day)) => reasons::school_day(day, lang),
            Some(WantedDay::Courses(_, day)) => course_day(day, lang),
            None => kind_words(kind, lang),
        };
        let touched: Vec<&Choice> = self.courses.iter().filter(|course| self.is_touched(course)).collect();
        let pupils: u32 = touched.iter().map(|course| course.pupils).sum();
        let courses = u32::try_from(touched.len()).unwrap_or(u32::MAX);
        let title = lang.f("calendar-ask", &[("day", (&about).into()), ("date", (&date).into())]);
        let main = html! {
            main class="people calendar" {
                (self.back(lang))
                header class="page-head" { h1 { (title) } }
                (form::refused(self.refused, lang))
                section class="answer" aria-label=(lang.t("calendar-touches-label")) {
                    p class="headline" { (lang.f("calendar-touches", &[("pupils", pupils.into()), ("courses", courses.into())])) }
                    @if !typed.courses.is_empty() {
                        p { (touched.iter().map(|course| course.name.as_str()).collect::<Vec<_>>().join(", ")) }
                    }
                    p { (lang.t(effect(kind, wanted))) }
                }
                form class="form" method="post" action=(self.action()) {
                    (form::hidden("tipo", kind.code()))
                    (form::hidden("fecha", &typed.date))
                    (form::hidden("seguro", "si"))
                    @for (name, value) in [("nombre", &typed.name), ("salida", &typed.exit), ("dia", &typed.weekday),
                        ("desde", &typed.from), ("hasta", &typed.to), ("resolucion", &typed.resolution)] {
                        @if !value.is_empty() { (form::hidden(name, value)) }
                    }
                    @for course in &typed.courses { (form::hidden("curso", course)) }
                    @if wanted.is_none() { (self.reason(lang)) } @else { (form::hidden("motivo", &typed.reason)) }
                    (form::send(&lang.t("calendar-sure")))
                }
            }
        };
        self.framed(title, lang, nonce, &main)
    }

    fn is_touched(&self, course: &Choice) -> bool {
        self.typed.courses.is_empty() || self.typed.courses.iter().any(|id| *id == course.id.to_string())
    }

    fn recovery<'a>(
        &'a self,
        input: &impl Fn(&'a str, &'static str, &'a str, &'a str, Option<&'static str>) -> Field<'a>,
        lang: Lang,
    ) -> Markup {
        let (typed, refused) = (&self.typed, self.refused);
        let days = (1..=7).filter_map(|n| Some((n.to_string(), times::weekday(crate::calendar::weekday(n)?, lang))));
        let none = std::iter::once((String::new(), lang.t("calendar-as-none")));
        let options: Vec<(String, String)> = none.chain(days).collect();
        html! {
            (form::choice("dia", &lang.t("calendar-as"), &options, &typed.weekday, false, refused, lang))
            (form::optional(&input("desde", key("calendar-from"), "time", &typed.from, None), refused, lang))
            (form::optional(&input("hasta", key("calendar-to"), "time", &typed.to, None), refused, lang))
        }
    }

    fn reason(&self, lang: Lang) -> Markup {
        let none = std::iter::once((String::new(), lang.t("calendar-reason-choose")));
        let all = Reason::ALL.into_iter().map(|reason| (reason.code().to_owned(), reasons::reason(reason, lang)));
        let options: Vec<(String, String)> = none.chain(all).collect();
        form::choice("motivo", &lang.t("calendar-reason"), &options, &self.typed.reason, true, self.refused, lang)
    }

    fn ticks(&self, lang: Lang) -> Markup {
        html! {
            details open[!self.typed.courses.is_empty()] {
                summary { (lang.t("calendar-only")) }
                fieldset class="ticks" {
                    legend class="hint" { (lang.t("calendar-only-hint")) }
                    @for course in &self.courses {
                        label {
                            input type="checkbox" name="curso" value=(course.id)
                                checked[self.typed.courses.contains(&course.id.to_string())];
                            span { (course.name) }
                        }
                    }
                }
            }
        }
    }

    fn action(&self) -> String {
        format!("/calendario/dia?colegio={}", self.school.id)
    }

    fn back(&self, lang: Lang) -> Markup {
        html! {
            a class="back" href={ "/calendario?colegio=" (self.school.id) } { (icon("back")) (lang.t("calendar-back")) }
        }
    }

    fn framed(&self, title: String, lang: Lang, nonce: &Nonce, main: &Markup) -> Markup {
        let query = format!("/dia?colegio={}&tipo={}", self.school.id, self.typed.kind().code());
        frame(&self.who, &self.school, title, &query, lang, nonce, main)
    }
}

/// What it means for the day.
fn effect(kind: Kind, wanted: Option<&Wanted>) -> &'static str {
    let nobody = key("calendar-effect-nobody");
    match wanted.map(|wanted| &wanted.day) {
        Some(WantedDay::School(SchoolDay::HalfDay { .. })) => key("calendar-effect-half"),
        Some(WantedDay::School(SchoolDay::Recovery { .. })) => key("calendar-effect-expected"),
        Some(WantedDay::Courses(_, day)) => match day.times {
            CourseTimes::Nobody => nobody,
            CourseTimes::Until { .. } => key("calendar-effect-half"),
            CourseTimes::Weekday { .. } | CourseTimes::Own { .. } => key("calendar-effect-expected"),
        },
        Some(WantedDay::School(SchoolDay::Holiday { .. } | SchoolDay::NoClasses { .. } | SchoolDay::Outing)) => nobody,
        None => match kind {
            Kind::HalfDay => key("calendar-effect-half"),
            Kind::Recovery => key("calendar-effect-expected"),
            Kind::NoClasses | Kind::Outing | Kind::Holiday => nobody,
        },
    }
}
