//! What a new week will change, and for how many, asked once.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::staff::form;
use super::super::view::{School, Who};
use super::typed::Typed;
use super::words::{stays, weekdays};
use super::{Course, frame, in_force};
use crate::i18n::{Lang, times};
use chrono::{NaiveDate, Weekday};
use domain::course::Slot;
use maud::{Markup, html};

/// The page's values.
pub(super) struct AskPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The date on the school's wall.
    pub today: NaiveDate,
    /// The course whose page it is.
    pub course: Course,
    /// It and the others that are ticked, with their pupils on the date.
    pub touched: Vec<Course>,
    /// From when on.
    pub from: NaiveDate,
    /// The new week.
    pub week: Vec<Slot>,
    /// The form as it was typed.
    pub typed: Typed,
}

/// A day of a course that becomes another.
struct Change {
    day: Weekday,
    before: String,
    after: String,
}

impl AskPage {
    fn changes(&self, course: &Course) -> Vec<Change> {
        let before = in_force(&course.versions, self.from).map_or(&[][..], |(_, slots)| slots.as_slice());
        let change = |day| Change { day, before: stays(before, day), after: stays(&self.week, day) };
        weekdays().map(change).filter(|change| change.before != change.after).collect()
    }

    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let date = times::full_date(self.from, lang);
        let title = lang.f("schedule-ask", &[("date", (&date).into())]);
        let all: Vec<(&Course, Vec<Change>)> = self.touched.iter().map(|one| (one, self.changes(one))).collect();
        let (same, other): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, changes)| changes.is_empty());
        let pupils: u32 = other.iter().map(|(course, _)| course.pupils).sum();
        let courses = u32::try_from(other.len()).unwrap_or(u32::MAX);
        let main = html! {
            main class="people calendar" {
                header class="page-head" { h1 { (title) } }
                section class="answer" aria-label=(lang.t("calendar-touches-label")) {
                    @if other.is_empty() { p class="headline" { (lang.t("schedule-same")) } }
                    @else {
                        p class="headline" { (lang.f("calendar-touches", &[("pupils", pupils.into()), ("courses", courses.into())])) }
                        (self.remarks(&other, lang))
                    }
                }
                @for (course, changes) in &other { (changed(course, changes, lang)) }
                @if !same.is_empty() && !other.is_empty() {
                    p class="hint" {
                        (lang.t("schedule-same-of")) " "
                        (same.iter().map(|(course, _)| course.name.as_str()).collect::<Vec<_>>().join(", ")) "."
                    }
                }
                (self.again(!other.is_empty(), lang))
            }
        };
        frame((&self.who, &self.school), title, &format!("/cursos/{}/horario", self.course.id), lang, nonce, &main)
    }

    fn remarks(&self, other: &[(&Course, Vec<Change>)], lang: Lang) -> Markup {
        let next = other.iter().flat_map(|(course, _)| &course.versions).map(|(from, _)| *from);
        let next = next.filter(|from| *from > self.from).min();
        let replaced = other.iter().any(|(course, _)| course.versions.iter().any(|(from, _)| *from == self.from));
        html! {
            @if self.week.is_empty() { p class="remark" { (icon("warning")) (lang.t("schedule-ask-nobody")) } }
            @if self.from == self.today { p class="remark" { (icon("warning")) (lang.t("schedule-ask-today")) } }
            @if replaced { p { (lang.t("schedule-ask-replaced")) } }
            @if let Some(next) = next {
                p { (lang.f("schedule-ask-next", &[("date", (&times::full_date(next, lang)).into())])) }
            }
        }
    }

    /// The form as it was typed, to be sent again.
    fn again(&self, changes: bool, lang: Lang) -> Markup {
        let typed = &self.typed;
        html! {
            form class="form" method="post" action={ "/cursos/" (self.course.id) "/horario?colegio=" (self.school.id) } {
                (form::hidden("desde", &typed.from))
                (form::hidden("seguro", "si"))
                @for (n, row) in (1_usize..).zip(&typed.rows) {
                    (form::hidden(&format!("entrada-{n}"), &row.entry))
                    (form::hidden(&format!("salida-{n}"), &row.exit))
                    @for (d, on) in (1..).zip(row.days) {
                        @if on { (form::hidden(&format!("dia-{n}"), &i32::to_string(&d))) }
                    }
                }
                @for course in &typed.courses { (form::hidden("curso", course)) }
                @if changes { (form::send(&lang.t("schedule-sure"))) }
                button class="button quiet" type="submit" name="editar" value="si" { (lang.t("schedule-edit-again")) }
            }
        }
    }
}

fn changed(course: &Course, changes: &[Change], lang: Lang) -> Markup {
    let said = |stays: &str| if stays.is_empty() { lang.t("schedule-day-nobody") } else { stays.to_owned() };
    html! {
        section class="card" aria-labelledby={ "c-" (course.id) } {
            h2 id={ "c-" (course.id) } {
                (course.name) " " small { (lang.f("schedule-pupils", &[("n", course.pupils.into())])) }
            }
            ul class="rows" {
                @for change in changes {
                    li class="row" {
                        b { (times::weekday(change.day, lang)) }
                        span {
                            span class="hint" { (lang.t("schedule-before")) " " (said(&change.before)) } " "
                            b { (lang.t("schedule-after")) " " (said(&change.after)) }
                        }
                    }
                }
            }
        }
    }
}
