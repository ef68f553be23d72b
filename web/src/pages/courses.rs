//! The courses as rows. Their order never changes, and only what is not well has a colour.

use super::icon::icon;
use super::view::{Board, Counts, Course, Status};
use super::{bar, reasons, status};
use crate::i18n::Lang;
use domain::expectation::Why;
use maud::{Markup, html};

/// What a row tells besides the count, the urgent first.
const TOLD: [Status; 6] =
    [Status::Missing, Status::Unknown, Status::Late, Status::Pending, Status::Justified, Status::Left];

/// The panel.
pub(super) fn courses(board: &Board, lang: Lang) -> Markup {
    html! {
        h2 id="courses-title" {
            (lang.t("courses"))
            @let whole = board.courses.iter().filter(|course| course.counts.is_whole()).count();
            @if whole > 0 {
                small { (lang.f("courses-whole", &[("n", u32::try_from(whole).unwrap_or(u32::MAX).into())])) }
            }
        }
        @if board.courses.is_empty() {
            p class="hint" { (lang.t("courses-none")) }
        } @else {
            ul class="courses" {
                @for course in &board.courses { li { (row(course, lang)) } }
            }
            a class="back" href="/alumnos" { (lang.t("find-title")) }
            a class="back" href="/horarios" { (lang.t("schedule-all")) }
        }
    }
}

fn row(course: &Course, lang: Lang) -> Markup {
    let counts = &course.counts;
    html! {
        a class="course" href={ "/hoy/cursos/" (course.id) } {
            b class="course-name" { (course.name) }
            @if counts.expected == 0 {
                span class="course-count" { (status::tag(Status::NotExpected, lang)) }
                @if let Some(why @ (Why::CourseNobody { .. } | Why::CourseHalfDay { .. })) = course.nobody {
                    span class="course-told" { (reasons::why(why, lang)) }
                }
                @if counts.unexpected > 0 { span class="course-told" { (status::unexpected(counts, lang)) } }
            } @else {
                span class="course-count" {
                    b { (lang.number(counts.inside)) }
                    " " (lang.f("course-of", &[("expected", counts.expected.into())]))
                }
                (bar::mini(counts))
                span class="course-told" { (told(counts, lang)) }
            }
        }
    }
}

/// In words what the bar shows.
pub(super) fn told(counts: &Counts, lang: Lang) -> Markup {
    html! {
        @if counts.expected == 0 {
            (status::tag(Status::NotExpected, lang)) " "
        } @else if counts.is_whole() {
            span class="tag inside" { (icon("inside")) (lang.t("course-whole")) } " "
        }
        @for status in TOLD {
            @if counts.of(status) > 0 { (status::counted(status, counts.of(status), lang)) " " }
        }
        (status::unexpected(counts, lang))
    }
}
