//! What the forms of a pupil's file do. Each ends on the file, which says what was done.

use super::super::asked::Asked;
use super::A_RECORD;
use super::enrol::date;
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use commands::Done;
use commands::use_cases::{
    AddGuardian, ChangeGuardianLink, Contact, Invalid, MoveStudent, RegisterGuardian, Taken, UseCaseError,
    WithdrawStudent, add_guardian, change_guardian_link, move_student, withdraw_student,
};
use domain::student::{Error, GuardianRights};
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{CourseId, GuardianId, StudentId};
use projections::ReadModel;
use serde::Deserialize;
use uuid::Uuid;

/// What a pupil's file sends: of each form its own fields.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    curso: String,
    desde: String,
    hasta: String,
    persona: String,
    que: String,
    nombre: String,
    run: String,
    fono: String,
    correo: String,
    legal: String,
    avisar: String,
    retirar: String,
    ver: String,
    impedido: String,
}

impl Sent {
    fn rights(&self) -> GuardianRights {
        let ticked = |value: &str| value == "si";
        GuardianRights {
            legal: ticked(&self.legal),
            notify: ticked(&self.avisar),
            may_collect: ticked(&self.retirar),
            may_view: ticked(&self.ver),
            restricted: ticked(&self.impedido),
        }
    }
}

/// What was typed of an adult; else which field will not do.
pub(super) fn contact(name: &str, run: &str, phone: &str, mail: &str) -> Result<Contact, &'static str> {
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Contact {
        name: name.to_owned(),
        national_id: filled(run).map(|text| NationalId::parse(&text)).transpose().map_err(|_| "run")?,
        phone: filled(phone).map(|text| Phone::parse(&text)).transpose().map_err(|_| "contacto")?,
        mail: filled(mail).map(|text| Mail::parse(&text)).transpose().map_err(|_| "contacto")?,
    })
}

impl Asked {
    pub(super) fn to_file(&self, student: StudentId, word: &str) -> Response {
        Redirect::to(&format!("/alumnos/{student}/ficha?colegio={}&aviso={word}", self.school)).into_response()
    }

    pub(super) async fn filed(&self, student: StudentId, done: Result<Done, UseCaseError>, says: &str) -> Response {
        let word = match done {
            Ok(done) if done.events == 0 && !done.repeated => "sin-cambio",
            Ok(done) => {
                self.wait_for(ReadModel::Roster, done).await;
                says
            }
            Err(UseCaseError::Student(Error::Withdrawn | Error::AlreadyWithdrawn | Error::Erased)) => "ya-retirado",
            Err(UseCaseError::Student(Error::AlreadyInCourse)) => "curso",
            Err(UseCaseError::Student(Error::BeforeEnrolment | Error::Date(_))) => "fecha",
            Err(UseCaseError::Student(Error::GuardianAlreadyLinked)) | Err(UseCaseError::Taken(Taken::Guardian)) => {
                "ya-vinculado"
            }
            Err(UseCaseError::Student(Error::GuardianNotLinked)) => "sin-cambio",
            Err(UseCaseError::Student(Error::CredentialRevoked)) => "tarjeta-ajena",
            Err(UseCaseError::Invalid(Invalid::Name)) => "nombre",
            Err(UseCaseError::Taken(Taken::NationalId)) => "run-ajeno",
            Err(UseCaseError::Taken(Taken::Card)) | Err(UseCaseError::Invalid(Invalid::Card)) => "tarjeta-ajena",
            Err(error) => return self.not_written(A_RECORD, &error),
        };
        self.to_file(student, word)
    }
}

/// `POST /alumnos/{student_id}/ficha/curso`.
pub(super) async fn course(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let Some(from) = date(&sent.desde) else { return asked.to_file(student_id, "fecha") };
    let known = match asked.open_courses().await {
        Ok(known) => known.map(|known| known.courses).unwrap_or_default(),
        Err(error) => return asked.visit.source_error(&error),
    };
    let course = sent.curso.parse::<Uuid>().ok().filter(|id| known.iter().any(|(open, _)| open == id));
    let Some(course) = course else { return asked.to_file(student_id, "curso") };
    let moved = async {
        let input = MoveStudent { student_id, course_id: CourseId(course), from };
        move_student(&asked.state.write, &asked.context().await?, input).await
    };
    asked.filed(student_id, moved.await, "movido").await
}

/// `POST /alumnos/{student_id}/ficha/retirar`.
pub(super) async fn withdraw(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let Some(from) = date(&sent.hasta) else { return asked.to_file(student_id, "fecha") };
    let withdrawn = async {
        withdraw_student(&asked.state.write, &asked.context().await?, WithdrawStudent { student_id, from }).await
    };
    asked.filed(student_id, withdrawn.await, "retirado").await
}

/// `POST /alumnos/{student_id}/ficha/apoderado`.
pub(super) async fn guardian(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let Contact { name, national_id, phone, mail } = match contact(&sent.nombre, &sent.run, &sent.fono, &sent.correo) {
        Ok(contact) => contact,
        Err(word) => return asked.to_file(student_id, word),
    };
    let added = async {
        let guardian = RegisterGuardian { name, national_id, phone, mail, within: None };
        let input = AddGuardian { student_id, guardian, rights: sent.rights() };
        add_guardian(&asked.state.write, &asked.context().await?, input).await
    };
    match added.await {
        Ok(added) => {
            let says = if added.known { "conocido" } else { "vinculado" };
            asked.filed(student_id, Ok(added.done), says).await
        }
        Err(error) => asked.filed(student_id, Err(error), "").await,
    }
}

/// `POST /alumnos/{student_id}/ficha/derechos`.
pub(super) async fn rights(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let student_id = match asked.pupil_of(&path).await {
        Ok(student) => student,
        Err(refused) => return refused,
    };
    let Ok(guardian) = sent.persona.parse::<Uuid>() else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let ends = sent.que == "quitar";
    let changed = async {
        let rights = (!ends).then(|| sent.rights());
        let input = ChangeGuardianLink { student_id, guardian_id: GuardianId(guardian), rights };
        change_guardian_link(&asked.state.write, &asked.context().await?, input).await
    };
    asked.filed(student_id, changed.await, if ends { "quitado" } else { "cambiado" }).await
}
