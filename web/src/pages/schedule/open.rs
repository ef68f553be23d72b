//! `/cursos/nuevo`: a course that is opened by itself. `/cursos/{id}/datos`: what it is called, and its shift.

use super::super::asked::Asked;
use super::super::icon::icon;
use super::super::respond::Nonce;
use super::super::staff::form::{self, Field, Refusal};
use super::super::staff::who;
use super::super::view::{School, Who};
use super::{A_COURSE, frame, words};
use crate::AppState;
use crate::i18n::{Lang, key};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Router, routing};
use chrono::Datelike;
use commands::use_cases::{
    ChangeCourse, CourseLabel, Invalid, OpenCourse, Taken, UseCaseError, change_course, open_course,
};
use domain::CourseId;
use domain::course::{self, Shift};
use maud::{Markup, html};
use projections::ReadModel;
use serde::Deserialize;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/cursos/nuevo", routing::get(get).post(post))
        .route("/cursos/{id}/datos", routing::post(change))
}

/// The shifts as a form says them.
pub(super) const SHIFTS: [(&str, Shift); 4] = [
    ("manana", Shift::Morning),
    ("tarde", Shift::Afternoon),
    ("completa", Shift::FullDay),
    ("vespertina", Shift::Evening),
];

/// The choice of a shift, which may stay unsaid.
pub(super) fn shift_choice(chosen: &str, lang: Lang) -> Markup {
    let unsaid = (String::new(), lang.t("shift-unsaid"));
    let all = SHIFTS.into_iter().map(|(value, shift)| (value.to_owned(), words::shift(shift, lang)));
    // What was said once is not unsaid.
    let all: Vec<_> = Some(unsaid).filter(|_| chosen.is_empty()).into_iter().chain(all).collect();
    form::choice("jornada", &lang.t("shift"), &all, chosen, false, None, lang)
}

/// The value of a shift in its form.
pub(super) fn shift_value(shift: Option<Shift>) -> &'static str {
    SHIFTS.into_iter().find(|(_, one)| Some(*one) == shift).map_or("", |(value, _)| value)
}

fn shift_of(value: &str) -> Option<Shift> {
    SHIFTS.into_iter().find(|(one, _)| *one == value).map(|(_, shift)| shift)
}

/// The forms as they were typed.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct Typed {
    pub curso: String,
    pub anio: String,
    pub nombre: String,
    pub jornada: String,
}

/// The page's values.
pub(super) struct OpenPage {
    pub who: Who,
    pub school: School,
    pub typed: Typed,
    pub refused: Option<Refusal>,
}

/// `GET /cursos/nuevo`.
async fn get(asked: Asked) -> Response {
    asked.open_page(None, None).await
}

/// `POST /cursos/nuevo`.
async fn post(asked: Asked, Form(typed): Form<Typed>) -> Response {
    let Some(label) = CourseLabel::parse(&typed.curso) else {
        return asked.open_page(Some(typed), Some(Refusal::of(&["curso"], key("open-wrong-course")))).await;
    };
    let opened = async {
        let context = asked.context().await?;
        let this = asked.state.clock.now().with_timezone(&context.zone).date_naive().year();
        let year = typed.anio.trim().parse().ok().filter(|year| (this..=this + 1).contains(year));
        let Some(year) = year else { return Ok(Err(Refusal::of(&["anio"], key("year-wrong")))) };
        let opened = open_course(&asked.state.write, &context, OpenCourse { year, label }).await?;
        let mut done = opened.done;
        if let Some(shift) = shift_of(&typed.jornada).filter(|_| opened.done.events > 0) {
            let change = ChangeCourse { course_id: opened.course_id, name: None, shift: Some(shift) };
            done = change_course(&asked.state.write, &context.part("shift"), change).await?;
        }
        Ok::<_, UseCaseError>(Ok((opened.course_id, opened.done.events > 0, done)))
    };
    let refused = match opened.await {
        Ok(Ok((course, new, done))) => {
            asked.wait_for(ReadModel::Roster, done).await;
            let notice = if new { "abierto" } else { "ya-abierto" };
            return to_course(&asked, course, notice);
        }
        Ok(Err(refused)) => refused,
        Err(UseCaseError::Taken(Taken::Course)) => Refusal::of(&["curso"], key("open-taken")),
        Err(UseCaseError::Course(_)) => Refusal::of(&["curso"], key("open-wrong-course")),
        Err(error) => return asked.not_written(A_COURSE, &error),
    };
    asked.open_page(Some(typed), Some(refused)).await
}

/// `POST /cursos/{id}/datos`.
async fn change(asked: Asked, Path(id): Path<String>, Form(typed): Form<Typed>) -> Response {
    let Ok(course_id) = id.parse().map(CourseId) else { return asked.visit.failed(StatusCode::NOT_FOUND) };
    let changed = async {
        let name = Some(typed.nombre).filter(|name| !name.trim().is_empty());
        let change = ChangeCourse { course_id, name, shift: shift_of(&typed.jornada) };
        change_course(&asked.state.write, &asked.context().await?, change).await
    };
    match changed.await {
        Ok(done) => {
            let notice = if done.events == 0 && !done.repeated { "igual" } else { "cambiado" };
            asked.wait_for(ReadModel::Roster, done).await;
            to_course(&asked, course_id, notice)
        }
        Err(UseCaseError::Course(course::Error::NotOpened | course::Error::Closed)) => {
            asked.visit.failed(StatusCode::NOT_FOUND)
        }
        Err(UseCaseError::Course(course::Error::Name(_)) | UseCaseError::Invalid(Invalid::Name)) => {
            to_course(&asked, course_id, "nombre")
        }
        Err(UseCaseError::Invalid(Invalid::CourseName)) => to_course(&asked, course_id, "nombre-ajeno"),
        Err(error) => asked.not_written(A_COURSE, &error),
    }
}

fn to_course(asked: &Asked, course: CourseId, notice: &str) -> Response {
    Redirect::to(&format!("/cursos/{course}/horario?colegio={}&aviso={notice}", asked.school)).into_response()
}

impl Asked {
    async fn open_page(&self, typed: Option<Typed>, refused: Option<Refusal>) -> Response {
        let school = match self.school_of_page().await {
            Ok(Some(school)) => school,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let year = self.state.clock.now().with_timezone(&school.zone).date_naive().year();
        let page = OpenPage {
            who: who(&self.state, &self.person).await,
            school,
            typed: typed.unwrap_or_else(|| Typed { anio: year.to_string(), ..Typed::default() }),
            refused,
        };
        let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.visit.page(status, |nonce| page.page(self.visit.lang, nonce))
    }
}

impl OpenPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let field = |name, label: &'static str, kind, value, hint: &'static str| Field {
            name,
            label: lang.t(label),
            kind,
            autocomplete: "off",
            value,
            hint: Some(lang.t(hint)),
        };
        let main = html! {
            main class="people calendar" {
                a class="back" href={ "/horarios?colegio=" (self.school.id) } { (icon("back")) (lang.t("schedule-back")) }
                header class="page-head" { h1 { (lang.t("open-title")) } p { (lang.t("open-what")) } }
                form class="form card" method="post" action={ "/cursos/nuevo?colegio=" (self.school.id) } {
                    (form::field(&field("curso", key("file-course"), "text", &self.typed.curso, key("open-course-hint")), self.refused, lang))
                    (form::field(&field("anio", key("year-year"), "number", &self.typed.anio, key("list-year-hint")), self.refused, lang))
                    (shift_choice(&self.typed.jornada, lang))
                    (form::send(&lang.t("open-send")))
                }
            }
        };
        frame((&self.who, &self.school), lang.t("open-title"), "/cursos/nuevo", lang, nonce, &main)
    }
}
