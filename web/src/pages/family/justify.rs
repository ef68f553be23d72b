//! A family says why the child does not come, or came late. It changes nothing until the school accepts it.

use super::super::staff::Visit;
use super::super::staff::form;
use super::day::Child;
use crate::AppState;
use crate::family::OwnPupil;
use crate::i18n::{Lang, key};
use crate::pages::cases;
use crate::pages::pupil::{JUSTIFICATIONS, code, document_field, kept, note, said_with};
use crate::pages::source::SourceError;
use crate::pages::upload::WithFile;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use commands::use_cases::{Invalid, JustifyDay, UseCaseError, justify_day};
use domain::no_show;
use domain::values::school_date;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;
use workers::documents::{DocumentError, Unfit};

/// What was done, as the address of the page after it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The school has it.
    Sent,
    /// It was not taken.
    Refused,
    /// The file is no document.
    NoDocument,
    /// It is too large.
    TooLarge,
    /// It could not be kept now.
    NotKept,
}

impl Told {
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "enviado" => Some(Self::Sent),
            "no-recibido" => Some(Self::Refused),
            "archivo" => Some(Self::NoDocument),
            "archivo-grande" => Some(Self::TooLarge),
            "no-guardado" => Some(Self::NotKept),
            _ => None,
        }
    }
}

/// What was done.
pub(super) fn notice(told: Option<Told>, lang: Lang) -> Markup {
    match told {
        None => html! {},
        Some(Told::Sent) => form::done(Some(lang.t("family-justify-sent"))),
        Some(Told::Refused) => form::wrong(&lang.t("family-justify-refused"), true),
        Some(Told::NoDocument) => form::wrong(&lang.t("document-unfit"), true),
        Some(Told::TooLarge) => form::wrong(&lang.t("document-too-large"), true),
        Some(Told::NotKept) => form::wrong(&lang.t("document-not-kept"), true),
    }
}

/// The form, about the day that the page shows.
pub(super) fn form(child: &Child, lang: Lang) -> Markup {
    let reasons: Vec<(String, String)> =
        JUSTIFICATIONS.into_iter().map(|reason| (code(&reason), cases::reason_words(reason, lang))).collect();
    html! {
        section class="card" aria-labelledby="justify-title" {
            h2 id="justify-title" { (lang.t(if child.is_today { key("family-justify") } else { key("family-justify-then") })) }
            details {
                summary { (lang.t("justify-open")) }
                p class="hint" { (lang.t("family-justify-hint")) }
                form class="form" method="post" action={ "/familia/alumnos/" (child.pupil.id) "/justificar" }
                    enctype=[child.documents.then_some("multipart/form-data")] {
                    (form::hidden("fecha", &child.date.to_string()))
                    (form::hidden("hoja", &child.form.to_string()))
                    (form::choice("causa", &lang.t("justify-reason"), &reasons, "illness", true, None, lang))
                    (note("nota", lang))
                    @if child.documents { (document_field(lang)) }
                    button class="button" type="submit" { (lang.t("family-justify-send")) }
                }
            }
        }
    }
}

/// What the form sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    fecha: String,
    hoja: String,
    causa: String,
    nota: String,
}

/// `POST /familia/alumnos/{student_id}/justificar`, in the guardian's own name.
pub(super) async fn post(
    State(state): State<AppState>,
    own: OwnPupil,
    visit: Visit,
    WithFile { sent, file, place: _place }: WithFile<Sent>,
) -> Response {
    let date = sent.fecha.parse::<NaiveDate>().ok().and_then(|date| school_date::date(date).ok());
    let reason = serde_json::from_value::<no_show::Justification>(sent.causa.into());
    let (Some(date), Ok(sheet), Ok(reason)) = (date, sent.hoja.parse::<Uuid>(), reason) else {
        return visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let said = async {
        let context = own.context(&state).await.map_err(UseCaseError::from)?;
        let document = match file {
            Some(file) => Some(kept(&state, &context, (own.student, date), sheet, file).await?),
            None => None,
        };
        let input = JustifyDay {
            student_id: own.student,
            date,
            justification_id: said_with(sheet, document.as_ref()),
            reason,
            guardian_id: Some(own.guardian),
            note: Some(sent.nota),
            document,
            accepted: false,
        };
        Ok::<_, DocumentError>(justify_day(&state.write, &state.batcher, &context, input).await?)
    };
    let word = match said.await {
        Ok(_) => "enviado",
        Err(DocumentError::Unfit(Unfit::TooLarge)) => "archivo-grande",
        Err(DocumentError::Unfit(Unfit::Kind | Unfit::Unreadable)) => "archivo",
        Err(DocumentError::Objects(_) | DocumentError::Busy) => "no-guardado",
        Err(DocumentError::UseCase(
            UseCaseError::Day(_) | UseCaseError::UnknownStudent | UseCaseError::Invalid(Invalid::Note),
        )) => "no-recibido",
        Err(DocumentError::UseCase(error)) if error.is_temporary() => {
            return visit.source_error(&SourceError::Unavailable(error.into()));
        }
        Err(DocumentError::UseCase(error)) => return visit.source_error(&SourceError::Internal(error.into())),
    };
    Redirect::to(&format!("/familia/alumnos/{}?fecha={date}&aviso={word}", own.student)).into_response()
}
