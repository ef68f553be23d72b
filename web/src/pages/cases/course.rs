//! `/casos/cursos/{id}/avisar`: whose families will be told, asked once.

use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::staff::form;
use super::super::stream::full_name;
use super::super::view::{School, Who};
use super::list::{frame, number};
use super::{Case, words};
use crate::i18n::{Lang, times};
use chrono::NaiveDate;
use domain::no_show::{CaseId, Hold};
use maud::{Markup, html};
use uuid::Uuid;

/// The page's values.
pub(in crate::pages) struct CoursePage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// The course.
    pub course_id: Uuid,
    /// What it is called.
    pub course: String,
    /// The school day.
    pub date: NaiveDate,
    /// Those that are held since so many are missing.
    pub cases: Vec<Case>,
}

/// Where the page is.
pub(super) fn address(course: Uuid, date: NaiveDate, school: Uuid) -> String {
    format!("/casos/cursos/{course}/avisar?colegio={school}&fecha={date}")
}

/// A case as the form names it.
pub(super) fn in_form(case: CaseId) -> String {
    format!("{}/{}", case.slot_id, case.student_id)
}

impl CoursePage {
    pub(in crate::pages) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let n = number(self.cases.len());
        let title = lang.f("cases-release-title", &[("course", (&self.course).into())]);
        let here = address(self.course_id, self.date, self.school.id);
        let main = html! {
            main class="kiosk-page" {
                a class="back" href={ "/casos?colegio=" (self.school.id) "&fecha=" (self.date) } {
                    (icon("back")) (lang.t("cases-release-not"))
                }
                header class="page-head" { h1 { (title) } p class="date" { (times::long_date(self.date, lang)) } }
                @if self.cases.is_empty() { p { (lang.t("cases-release-none")) } }
                @else {
                    p { (words::hold(Some(Hold::MassAlarm), lang)) }
                    p { (lang.f("cases-release-whom", &[("n", n)])) }
                    form method="post" action={ "/casos/cursos/" (self.course_id) "/avisar?colegio=" (self.school.id) } {
                        (form::hidden("fecha", &self.date.to_string()))
                        ul class="steps" {
                            @for case in &self.cases {
                                li { (full_name(&case.name, lang)) (form::hidden("caso", &in_form(case.id))) }
                            }
                        }
                        (form::send(&lang.f("cases-release-send", &[("n", n)])))
                    }
                }
            }
        };
        frame(&self.who, &self.school, title, here.trim_start_matches("/casos"), false).page(lang, nonce, &main)
    }
}
