//! Every open course with the week that is valid today.

use super::super::respond::Nonce;
use super::super::view::{School, Who};
use super::{Course, frame, in_force, words};
use crate::i18n::{Lang, times};
use chrono::NaiveDate;
use maud::{Markup, html};

/// The page's values.
pub(super) struct ListPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The date on the school's wall.
    pub today: NaiveDate,
    /// Its open courses, lowest grade first.
    pub courses: Vec<Course>,
    /// Whether who looks may open one.
    pub opens: bool,
}

impl ListPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let title = lang.t("schedule-all");
        let without = self.courses.iter().filter(|one| one.pupils > 0 && self.week(one).is_none()).count();
        let main = html! {
            main class="people calendar" {
                header class="page-head" { h1 { (title) } p class="date" { (times::long_date(self.today, lang)) } }
                @if self.opens {
                    p { a class="button quiet" href={ "/cursos/nuevo?colegio=" (self.school.id) } { (lang.t("open-title")) } }
                }
                @if self.courses.is_empty() { p class="hint" { (lang.t("courses-none")) } }
                @else {
                    section class="answer" aria-label=(lang.t("answer-label")) {
                        p class="headline" {
                            @match without {
                                0 => (lang.t("schedule-all-have")),
                                n => (lang.f("schedule-without", &[("n", u32::try_from(n).unwrap_or(u32::MAX).into())])),
                            }
                        }
                    }
                    section class="card" aria-label=(lang.t("courses")) {
                        ul class="rows" { @for course in &self.courses { (self.row(course, lang)) } }
                    }
                }
            }
        };
        frame((&self.who, &self.school), title, "/horarios", lang, nonce, &main)
    }

    fn week<'a>(&self, course: &'a Course) -> Option<&'a super::Version> {
        in_force(&course.versions, self.today)
    }

    fn row(&self, course: &Course, lang: Lang) -> Markup {
        let next = course.versions.iter().map(|(from, _)| *from).find(|from| *from > self.today);
        html! {
            li class="row" {
                div {
                    b { (course.name) }
                    @if let Some(shift) = course.shift { " " span class="tag" { (words::shift(shift, lang)) } }
                    @match self.week(course) {
                        Some((_, slots)) => (words::week(slots, lang)),
                        None => p class="hint" { (lang.t("schedule-none")) },
                    }
                    @if let Some(next) = next {
                        p class="hint" { (lang.f("schedule-next", &[("date", (&times::full_date(next, lang)).into())])) }
                    }
                }
                a class="button quiet" href={ "/cursos/" (course.id) "/horario?colegio=" (self.school.id) } {
                    (lang.t("schedule-open")) span class="unseen" { ": " (course.name) }
                }
            }
        }
    }
}
