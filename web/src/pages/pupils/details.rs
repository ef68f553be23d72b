//! Corrections in a pupil's file: the pupil's names and RUN, and how an adult is reached.

use super::super::asked::Asked;
use super::super::source::SourceError;
use super::super::staff::form;
use super::super::view::PersonName;
use super::A_RECORD;
use super::file::{Adult, FilePage};
use super::post::contact;
use crate::i18n::{Lang, key};
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use commands::use_cases::{
    ChangeGuardianContact, ChangeStudentDetails, Contact, Taken, UseCaseError, change_guardian_contact,
    change_student_details,
};
use domain::values::national_id::NationalId;
use domain::{GuardianId, StudentId};
use maud::{Markup, html};
use projections::roster::queries;
use serde::Deserialize;

/// The forms as they were typed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    nombres: String,
    apellidos: String,
    run: String,
    persona: String,
    nombre: String,
    fono: String,
    correo: String,
    visto: String,
}

/// An input of one of several forms of a page that have the same fields: `of` tells whose.
fn input(of: &str, (name, label, kind): (&str, &'static str, &str), value: &str, required: bool, lang: Lang) -> Markup {
    let id = format!("{name}-{of}");
    html! {
        div class="field" {
            label for=(id) { (lang.t(label)) }
            input id=(id) name=(name) type=(kind) autocomplete="off" value=(value) required[required]
                spellcheck="false" autocapitalize="none";
        }
    }
}

impl FilePage {
    /// The names and the RUN, to be corrected.
    pub(super) fn details(&self, lang: Lang) -> Markup {
        let (given, family) = match &self.name {
            PersonName::Known { given, family } => (given.as_str(), family.as_str()),
            PersonName::Erased | PersonName::Unknown => ("", ""),
        };
        let run = self.run.as_deref().unwrap_or_default();
        html! {
            details {
                summary { (lang.t("file-correct")) }
                form class="form" method="post" action=(self.action("datos")) {
                    (form::hidden("visto", &self.seen.to_string()))
                    (input("alumno", ("nombres", key("admit-given"), "text"), given, true, lang))
                    (input("alumno", ("apellidos", key("admit-family"), "text"), family, true, lang))
                    (input("alumno", ("run", key("admit-run"), "text"), run, false, lang))
                    (form::send(&lang.t("file-save")))
                }
            }
        }
    }

    /// How an adult is called and reached, to be corrected.
    pub(super) fn contact_of(&self, adult: &Adult, lang: Lang) -> Markup {
        let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
        let (name, run, phone, mail) = (text(&adult.name), text(&adult.run), text(&adult.phone), text(&adult.mail));
        let of = adult.id.to_string();
        html! {
            details {
                summary { (lang.t("file-contact")) span class="unseen" { ": " (name) } }
                p class="hint" { (lang.t("file-contact-what")) }
                form class="form" method="post" action=(self.action("contacto")) {
                    (form::hidden("persona", &of))
                    (form::hidden("visto", &adult.seen.to_string()))
                    (input(&of, ("nombre", key("file-name"), "text"), &name, true, lang))
                    (input(&of, ("run", key("admit-run"), "text"), &run, false, lang))
                    (input(&of, ("fono", key("file-phone"), "tel"), &phone, false, lang))
                    (input(&of, ("correo", key("field-email"), "email"), &mail, false, lang))
                    (form::send(&lang.t("file-save")))
                }
            }
        }
    }
}

/// `POST /alumnos/{student_id}/ficha/datos`.
pub(super) async fn pupil(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let run = Some(sent.run.trim()).filter(|text| !text.is_empty()).map(NationalId::parse).transpose();
    let Ok(national_id) = run else { return asked.to_file(student_id, "run") };
    match asked.position_of(student_id).await {
        Ok(position) if Some(position) == sent.visto.parse().ok() => {}
        Ok(_) => return asked.to_file(student_id, "cambio-ajeno"),
        Err(error) => return asked.visit.source_error(&error),
    }
    let changed = async {
        let (given_names, family_names) = (sent.nombres, sent.apellidos);
        let input = ChangeStudentDetails { student_id, given_names, family_names, national_id };
        change_student_details(&asked.state.write, &asked.context().await?, input).await
    };
    asked.filed(student_id, changed.await, "corregido").await
}

/// `POST /alumnos/{student_id}/ficha/contacto`.
pub(super) async fn guardian(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let Ok(guardian_id) = sent.persona.parse().map(GuardianId) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let contact = match contact(&sent.nombre, &sent.run, &sent.fono, &sent.correo) {
        Ok(contact) => contact,
        Err(word) => return asked.to_file(student, word),
    };
    let before = match asked.known_contact(student, guardian_id).await {
        Ok(Some((before, position))) if Some(position) == sent.visto.parse().ok() => before,
        Ok(Some(_)) => return asked.to_file(student, "cambio-ajeno"),
        // Nobody of this pupil's, or erased.
        Ok(None) => return asked.to_file(student, "sin-cambio"),
        Err(error) => return asked.visit.source_error(&error),
    };
    let changed = async {
        let input = ChangeGuardianContact { guardian_id, contact, before };
        change_guardian_contact(&asked.state.write, &asked.context().await?, input).await
    };
    match changed.await {
        Err(UseCaseError::Taken(Taken::Guardian)) => asked.to_file(student, "persona-ajena"),
        Err(UseCaseError::Guardian(error)) => {
            tracing::warn!(%error, what = A_RECORD, "not written");
            asked.to_file(student, "contacto")
        }
        changed => asked.filed(student, changed, "contacto-cambiado").await,
    }
}

impl Asked {
    /// The last event of a pupil's that the pages know.
    async fn position_of(&self, student: StudentId) -> Result<i64, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        Ok(queries::student(&mut tx, student).await?.map_or(0, |row| row.position))
    }

    /// How an adult of a pupil's is called and reached by the log, and the last event of theirs that the pages know.
    async fn known_contact(
        &self,
        student: StudentId,
        guardian: GuardianId,
    ) -> Result<Option<(Contact, i64)>, SourceError> {
        let mut tx = self.state.pools.request.begin(self.school).await?;
        let linked = queries::guardians_of(&mut tx, student).await?;
        drop(tx);
        let found = linked.into_iter().find(|found| found.link.guardian_id == guardian);
        let Some(row) = found.and_then(|found| found.guardian) else { return Ok(None) };
        let contact = Contact::of(&self.state.write, self.school, guardian).await;
        let contact = contact.map_err(|error| SourceError::Unavailable(error.into()))?;
        Ok(contact.map(|contact| (contact, row.position)))
    }
}
