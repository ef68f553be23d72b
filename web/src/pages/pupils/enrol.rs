//! `/matricula`: a pupil who is in no list.

use super::super::asked::Asked;
use super::super::respond::Nonce;
use super::super::staff::form::{self, Field, Refusal};
use super::super::staff::who;
use super::super::view::{School, Who};
use super::{A_RECORD, course_choice, frame};
use crate::i18n::{Lang, key};
use axum::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use commands::use_cases::{EnrolStudent, Invalid, Taken, UseCaseError, enrol_student};
use domain::values::national_id::NationalId;
use domain::values::school_date;
use domain::{CourseId, student};
use maud::{Markup, html};
use projections::ReadModel;
use serde::Deserialize;
use uuid::Uuid;

/// What the form sends, and shows again as it was typed.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct Typed {
    pub nombres: String,
    pub apellidos: String,
    pub run: String,
    pub curso: String,
    pub desde: String,
}

/// The page's values.
pub(super) struct EnrolPage {
    pub who: Who,
    pub school: School,
    pub courses: Vec<(Uuid, String)>,
    pub typed: Typed,
    pub refused: Option<Refusal>,
}

/// `GET /matricula`.
pub(super) async fn get(asked: Asked) -> Response {
    asked.enrol_page(None, None).await
}

/// `POST /matricula`.
pub(super) async fn post(asked: Asked, Form(typed): Form<Typed>) -> Response {
    let input = match wanted(&typed) {
        Ok(input) => input,
        Err(refused) => return asked.enrol_page(Some(typed), Some(refused)).await,
    };
    let open = match asked.open_courses().await {
        Ok(known) => known.map(|known| known.courses).unwrap_or_default(),
        Err(error) => return asked.visit.source_error(&error),
    };
    if !open.iter().any(|(id, _)| *id == input.course_id.0) {
        return asked.enrol_page(Some(typed), Some(Refusal::of(&["curso"], key("file-wrong-course")))).await;
    }
    let enrolled = async {
        let context = asked.context().await?;
        enrol_student(&asked.state.write, &context, input).await
    };
    let refused = match enrolled.await {
        Ok(enrolled) => {
            asked.wait_for(ReadModel::Roster, enrolled.done).await;
            let to = format!("/alumnos/{}/ficha?colegio={}&aviso=matriculado", enrolled.student_id, asked.school);
            return Redirect::to(&to).into_response();
        }
        Err(UseCaseError::Invalid(Invalid::Name)) => Refusal::of(&["nombres", "apellidos"], key("file-wrong-name")),
        // Without a RUN a pupil is known by name and course.
        Err(UseCaseError::Taken(Taken::NationalId)) if typed.run.trim().is_empty() => Refusal::whole(key("admit-same")),
        Err(UseCaseError::Taken(Taken::NationalId)) => Refusal::of(&["run"], key("admit-taken")),
        Err(UseCaseError::Student(student::Error::BeforeWithdrawal | student::Error::Date(_))) => {
            Refusal::of(&["desde"], key("file-wrong-date"))
        }
        Err(error) => return asked.not_written(A_RECORD, &error),
    };
    asked.enrol_page(Some(typed), Some(refused)).await
}

fn wanted(typed: &Typed) -> Result<EnrolStudent, Refusal> {
    let national_id = match typed.run.trim() {
        "" => None,
        text => Some(NationalId::parse(text).map_err(|_| Refusal::of(&["run"], key("file-wrong-run")))?),
    };
    let course = typed.curso.parse().map_err(|_| Refusal::of(&["curso"], key("file-wrong-course")))?;
    Ok(EnrolStudent {
        given_names: typed.nombres.clone(),
        family_names: typed.apellidos.clone(),
        national_id,
        course_id: CourseId(course),
        from: date(&typed.desde).ok_or(Refusal::of(&["desde"], key("file-wrong-date")))?,
    })
}

/// A date that a school can mean.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok().and_then(|date| school_date::date(date).ok())
}

impl Asked {
    async fn enrol_page(&self, typed: Option<Typed>, refused: Option<Refusal>) -> Response {
        let known = match self.open_courses().await {
            Ok(Some(known)) => known,
            Ok(None) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(error) => return self.visit.source_error(&error),
        };
        let page = EnrolPage {
            who: who(&self.state, &self.person).await,
            typed: typed.unwrap_or(Typed { desde: known.today.to_string(), ..Typed::default() }),
            school: known.school,
            courses: known.courses,
            refused,
        };
        let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.visit.page(status, |nonce| page.page(self.visit.lang, nonce))
    }
}

impl EnrolPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let field = |name, label: &'static str, kind, value, hint: Option<&'static str>| Field {
            name,
            label: lang.t(label),
            kind,
            autocomplete: "off",
            value,
            hint: hint.map(|hint| lang.t(hint)),
        };
        let typed = &self.typed;
        let given = field("nombres", key("admit-given"), "text", &typed.nombres, None);
        let family = field("apellidos", key("admit-family"), "text", &typed.apellidos, None);
        let run = field("run", key("admit-run"), "text", &typed.run, Some(key("admit-run-hint")));
        let from = field("desde", key("admit-from"), "date", &typed.desde, None);
        let main = html! {
            main class="people" {
                header class="page-head" { h1 { (lang.t("admit-title")) } p { (lang.t("admit-what")) } }
                section class="card" {
                    (form::refused(self.refused, lang))
                    form class="form" method="post" action={ "/matricula?colegio=" (self.school.id) } {
                        (form::field(&given, self.refused, lang))
                        (form::field(&family, self.refused, lang))
                        (form::optional(&run, self.refused, lang))
                        (course_choice(&self.courses, typed.curso.parse().ok(), self.refused, lang))
                        (form::field(&from, self.refused, lang))
                        (form::send(&lang.t("admit-send")))
                    }
                }
            }
        };
        frame((&self.who, &self.school), lang.t("admit-title"), "/matricula", (lang, nonce), &main)
    }
}
