//! `/solicitudes`: barred adults who asked for a pupil first, then what waits for an answer.

use super::acts::{rejection_words, row};
use super::forms::code;
use super::{Act, Told};
use crate::i18n::Lang;
use crate::pages::asked::Asked;
use crate::pages::icon::icon;
use crate::pages::respond::Nonce;
use crate::pages::shell::{self, Page, Place};
use crate::pages::staff::form;
use crate::pages::stream::full_name;
use crate::pages::view::{PersonName, School, Who};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use domain::attendance_day::Rejection;
use maud::{Markup, html};
use projections::live::rows::ActKind;
use uuid::Uuid;

/// Something that waits, or must not be overlooked.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Request {
    /// The pupil.
    pub student: Uuid,
    /// The pupil's name.
    pub name: PersonName,
    /// The school day.
    pub date: NaiveDate,
    /// Whoever looks asked for it.
    pub own: bool,
    /// What.
    pub act: Act,
}

/// The page's values.
pub(super) struct RequestsPage {
    /// Who looks.
    pub who: Who,
    /// The school.
    pub school: School,
    /// Pupils who may leave today and did not go yet, oldest first.
    pub leaving: Vec<Request>,
    /// Oldest first.
    pub waiting: Vec<Request>,
    /// Newest first.
    pub blocked: Vec<Request>,
    /// Whether who looks may set right what others recorded.
    pub corrects: bool,
    /// What was done.
    pub told: Option<Told>,
}

/// `GET /solicitudes`.
pub(super) async fn get(asked: Asked) -> Response {
    match asked.requests().await {
        Ok(Some(view)) => asked.visit.page(StatusCode::OK, |nonce| view.page(asked.visit.lang, nonce)),
        Ok(None) => asked.visit.failed(StatusCode::NOT_FOUND),
        Err(error) => asked.visit.source_error(&error),
    }
}

impl RequestsPage {
    pub(super) fn page(&self, lang: Lang, nonce: &Nonce) -> Markup {
        let main = html! {
            main class="kiosk-page pupil-page" {
                header class="page-head" { h1 { (lang.t("requests-title")) } }
                (Told::markup(self.told, lang))
                @if !self.blocked.is_empty() {
                    section class="card" aria-labelledby="blocked-title" {
                        h2 id="blocked-title" { span class="tag missing" { (icon("warning")) (lang.t("requests-blocked")) } }
                        ul class="rows" { @for request in &self.blocked { li class="row" { (self.about(request, lang)) } } }
                    }
                }
                @if !self.leaving.is_empty() {
                    section class="card" aria-labelledby="leaving-title" {
                        h2 id="leaving-title" { (lang.t("requests-leaving")) }
                        ul class="rows" { @for request in &self.leaving { li class="row" { (self.about(request, lang)) } } }
                    }
                }
                section class="card" aria-labelledby="waiting-title" {
                    h2 id="waiting-title" { (lang.t("requests-waiting")) }
                    @if self.waiting.is_empty() { p class="hint" { (lang.t("requests-none")) } }
                    ul class="rows" {
                        @for request in &self.waiting {
                            li class="row" { (self.about(request, lang)) (self.answers(request, lang)) }
                        }
                    }
                }
            }
        };
        shell::page(
            &Page {
                lang,
                nonce,
                title: lang.t("requests-title"),
                place: Place::Requests,
                here: format!("/solicitudes?colegio={}", self.school.id),
                school: Some(&self.school.name),
                who: Some(&self.who),
                ages: false,
            },
            &main,
        )
    }

    fn about(&self, request: &Request, lang: Lang) -> Markup {
        html! {
            div {
                a href={ "/alumnos/" (request.student) "?colegio=" (self.school.id) "&fecha=" (request.date) } {
                    (full_name(&request.name, lang))
                }
                p class="hint" { (crate::i18n::times::long_date(request.date, lang)) }
                (row(&request.act, request.date, self.school.zone, lang))
            }
        }
    }

    fn fields(&self, request: &Request) -> Markup {
        html! {
            (form::hidden("alumno", &request.student.to_string()))
            (form::hidden("fecha", &request.date.to_string()))
            (form::hidden("cual", &request.act.id.to_string()))
        }
    }

    fn answers(&self, request: &Request, lang: Lang) -> Markup {
        match request.act.kind {
            ActKind::Justification => html! {
                form class="changes" method="post" action={ "/solicitudes/justificativo?colegio=" (self.school.id) } {
                    (self.fields(request))
                    button class="button" name="que" value="aceptar" { (lang.t("requests-accept")) }
                    details {
                        summary { (lang.t("requests-reject")) }
                        @for why in Rejection::ALL {
                            button class="quiet" name="que" value=(code(&why)) { (rejection_words(why, lang)) }
                        }
                    }
                }
            },
            ActKind::Correction => html! {
                form class="changes" method="post" action={ "/solicitudes/correccion?colegio=" (self.school.id) } {
                    (self.fields(request))
                    @if self.corrects {
                        button class="button" name="que" value="aprobar" { (lang.t("requests-approve")) }
                    }
                    @if self.corrects || request.own {
                        button class="quiet" name="que" value="rechazar" {
                            @if request.own { (lang.t("requests-take-back")) } @else { (lang.t("requests-reject")) }
                        }
                    } @else { p class="hint" { (lang.t("correct-second")) } }
                }
            },
            ActKind::EarlyLeave => html! {},
        }
    }
}
