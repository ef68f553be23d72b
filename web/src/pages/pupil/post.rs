//! What the pages' forms do. Each ends on the page that it came from, which says what was done.

use super::Told;
use crate::AppState;
use crate::pages::asked::Asked;
use crate::pages::source::SourceError;
use crate::pages::upload::WithFile;
use crate::permissions::Permission;
use axum::Form;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use commands::use_cases::{
    AuthoriseEarlyLeave, CancelEarlyLeave, DecideJustification, Invalid, JustifyDay, RecordEarlyLeave,
    RequestCorrection, SettleCorrection, UseCaseError, authorise_early_leave, cancel_early_leave, decide_justification,
    justify_day, record_early_leave, request_correction, settle_correction,
};
use commands::{Context, Done};
use domain::attendance_day::{
    Added, Change, CorrectionError, Document, Error, JustificationError, LeaveError, Verdict,
};
use domain::values::national_id::NationalId;
use domain::values::school_date;
use domain::values::zone::resolve_local;
use domain::{CorrectionId, GuardianId, JustificationId, LeaveId, StudentId};
use projections::ReadModel;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use workers::documents::{DocumentError, Unfit};
use workers::objects::ObjectError;

/// What a pupil's page sends: of each form its own fields.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Sent {
    fecha: String,
    /// Minted with the page: what one page sends is done once.
    hoja: String,
    retiro: String,
    persona: String,
    documento: String,
    visto: String,
    motivo: String,
    causa: String,
    quita: String,
    sentido: String,
    hora: String,
    porque: String,
    nota: String,
    detalle: String,
    explicacion: String,
}

/// Whose day a form is about.
struct About {
    student: StudentId,
    date: NaiveDate,
    sheet: Uuid,
}

impl About {
    /// Of a pupil whom the school knows; else the answer.
    async fn of(asked: &Asked, path: &Path<String>, sent: &Sent) -> Result<Self, Response> {
        let student = asked.pupil_of(path).await?;
        let date = sent.fecha.parse().ok().and_then(|date| school_date::date(date).ok());
        match (date, sent.hoja.parse()) {
            (Some(date), Ok(sheet)) => Ok(Self { student, date, sheet }),
            _ => Err(unreadable(asked)),
        }
    }

    fn page(&self, asked: &Asked, told: Told) -> Response {
        let (student, school) = (self.student, asked.school);
        let to = format!("/alumnos/{student}?colegio={school}&fecha={}&aviso={}", self.date, told.word());
        Redirect::to(&to).into_response()
    }

    async fn answer(&self, asked: &Asked, done: Result<Done, UseCaseError>, says: Told) -> Response {
        match outcome(asked, done, says).await {
            Ok(told) => self.page(asked, told),
            Err(error) => asked.visit.source_error(&error),
        }
    }
}

/// What is told of what was asked.
async fn outcome(asked: &Asked, done: Result<Done, UseCaseError>, says: Told) -> Result<Told, SourceError> {
    let day = match done {
        Ok(done) => {
            asked.wait_for(ReadModel::Live, done).await;
            return Ok(says);
        }
        Err(UseCaseError::Day(day)) => day,
        Err(UseCaseError::UnknownStudent) => return Ok(Told::NotEnrolled),
        Err(UseCaseError::Invalid(Invalid::Note)) => return Ok(Told::Note),
        Err(UseCaseError::Invalid(Invalid::Identity)) => return Ok(Told::Identity),
        Err(error) if error.is_temporary() => return Err(SourceError::Unavailable(error.into())),
        Err(error) => return Err(SourceError::Internal(error.into())),
    };
    Ok(match day {
        Error::NotEnrolled => Told::NotEnrolled,
        Error::InTheFuture | Error::AnotherDay | Error::BeforeTheDay => Told::Time,
        Error::Leave(LeaveError::Barred) => {
            // That it was asked is on record: the page shows it.
            asked.wait_until(ReadModel::Live, asked.state.write.log_end().await.map_or(0, |(_, end)| end)).await;
            Told::Barred
        }
        Error::Leave(LeaveError::MayNotCollect) | Error::Justification(JustificationError::NotLinked) => Told::MayNot,
        Error::Leave(LeaveError::OneIsOpen) => Told::OneIsOpen,
        Error::Leave(LeaveError::BeforeAuthorised) => Told::Time,
        Error::Justification(JustificationError::AlreadyJustified) => Told::Already,
        Error::Justification(JustificationError::TooManyWaiting | JustificationError::TooFarAhead) => Told::TooMany,
        Error::Correction(CorrectionError::Empty | CorrectionError::UnknownPassage) => Told::NoPassage,
        Error::Correction(CorrectionError::MayNotApprove) => Told::MayNot,
        Error::Leave(LeaveError::Unknown | LeaveError::Recorded | LeaveError::Cancelled)
        | Error::Justification(JustificationError::Unknown | JustificationError::Decided)
        | Error::Correction(CorrectionError::Unknown | CorrectionError::Decided)
        | Error::UnknownEntry
        | Error::NotItsAuthor
        | Error::TooLateToUndo
        | Error::Withdrawn => Told::Ended,
    })
}

fn coded<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

fn unreadable(asked: &Asked) -> Response {
    asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY)
}

/// `POST /alumnos/{student_id}/retiro`.
pub(super) async fn leave(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let about = match About::of(&asked, &path, &sent).await {
        Ok(about) => about,
        Err(refused) => return refused,
    };
    let Some(reason) = coded(&sent.motivo) else { return unreadable(&asked) };
    let Ok(guardian) = sent.persona.parse::<Uuid>() else { return about.page(&asked, Told::NoAdult) };
    let number = match sent.documento.trim() {
        "" => None,
        text => match NationalId::parse(text) {
            Ok(number) => Some(number),
            Err(_) => return about.page(&asked, Told::Identity),
        },
    };
    let authorised = async {
        let context = asked.context().await?;
        let input = AuthoriseEarlyLeave {
            student_id: about.student,
            date: about.date,
            leave_id: LeaveId(Uuid::new_v5(&about.sheet, b"early-leave")),
            guardian_id: GuardianId(guardian),
            document_number: number,
            document_seen: sent.visto == "si",
            reason,
            occurred_at: asked.state.clock.now(),
            note: Some(sent.nota.clone()),
        };
        authorise_early_leave(&asked.state.write, &asked.state.batcher, &context, input).await
    };
    about.answer(&asked, authorised.await, Told::Authorised).await
}

/// `POST /alumnos/{student_id}/retiro/salio`.
pub(super) async fn gone(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let about = match About::of(&asked, &path, &sent).await {
        Ok(about) => about,
        Err(refused) => return refused,
    };
    let Ok(leave) = sent.retiro.parse() else { return unreadable(&asked) };
    let recorded = async {
        let occurred_at = asked.state.clock.now();
        let (student_id, date, leave_id) = (about.student, about.date, LeaveId(leave));
        let input = RecordEarlyLeave { student_id, date, leave_id, occurred_at };
        record_early_leave(&asked.state.write, &asked.state.batcher, &asked.context().await?, input).await
    };
    about.answer(&asked, recorded.await, Told::Gone).await
}

/// `POST /alumnos/{student_id}/retiro/anular`.
pub(super) async fn stays(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let about = match About::of(&asked, &path, &sent).await {
        Ok(about) => about,
        Err(refused) => return refused,
    };
    let Ok(leave) = sent.retiro.parse() else { return unreadable(&asked) };
    let cancelled = async {
        let input = CancelEarlyLeave { student_id: about.student, date: about.date, leave_id: LeaveId(leave) };
        cancel_early_leave(&asked.state.write, &asked.state.batcher, &asked.context().await?, input).await
    };
    about.answer(&asked, cancelled.await, Told::Stays).await
}

/// `POST /alumnos/{student_id}/justificar`.
pub(super) async fn justify(asked: Asked, path: Path<String>, form: WithFile<Sent>) -> Response {
    let WithFile { sent, file, place: _place } = form;
    let about = match About::of(&asked, &path, &sent).await {
        Ok(about) => about,
        Err(refused) => return refused,
    };
    let Some(reason) = coded(&sent.causa) else { return unreadable(&asked) };
    let justified = async {
        let context = asked.context().await?;
        let document = match file {
            Some(file) => Some(kept(&asked.state, &context, (about.student, about.date), about.sheet, file).await?),
            None => None,
        };
        let input = JustifyDay {
            student_id: about.student,
            date: about.date,
            justification_id: said_with(about.sheet, document.as_ref()),
            reason,
            guardian_id: None,
            note: Some(sent.detalle.clone()),
            document,
            accepted: true,
        };
        Ok::<_, DocumentError>(justify_day(&asked.state.write, &asked.state.batcher, &context, input).await?)
    };
    match justified.await {
        Ok(done) => about.answer(&asked, Ok(done), Told::Justified).await,
        Err(DocumentError::UseCase(error)) => about.answer(&asked, Err(error), Told::Justified).await,
        Err(DocumentError::Unfit(Unfit::TooLarge)) => about.page(&asked, Told::TooLarge),
        Err(DocumentError::Unfit(Unfit::Kind | Unfit::Unreadable)) => about.page(&asked, Told::NoDocument),
        Err(DocumentError::Objects(_) | DocumentError::Busy) => about.page(&asked, Told::NotKept),
    }
}

/// What one page says is one justification, however often it is sent; with another document it is another.
pub(in crate::pages) fn said_with(sheet: Uuid, document: Option<&Document>) -> JustificationId {
    let name = document.map_or(&b"justification"[..], |document| document.document_id.0.as_bytes());
    JustificationId(Uuid::new_v5(&sheet, name))
}

/// A file, kept as a document for a pupil's day.
pub(in crate::pages) async fn kept(
    state: &AppState,
    context: &Context,
    of_day: (StudentId, NaiveDate),
    sheet: Uuid,
    file: Vec<u8>,
) -> Result<Document, DocumentError> {
    let documents = state.documents.as_ref().ok_or(ObjectError::Unavailable)?;
    documents.keep(&state.write, context, of_day, sheet, file).await
}

/// The passage that a form adds; none where it adds none.
fn added(sent: &Sent, date: NaiveDate, zone: Tz) -> Result<Option<Added>, Told> {
    let Some(direction) = coded(&sent.sentido) else { return Ok(None) };
    let time = NaiveTime::parse_from_str(sent.hora.trim(), "%H:%M").or_else(|_| sent.hora.trim().parse());
    let occurred_at: DateTime<Utc> = resolve_local(date, time.map_err(|_| Told::Time)?, zone);
    Ok(Some(Added { direction, occurred_at }))
}

/// `POST /alumnos/{student_id}/corregir`.
pub(super) async fn correct(asked: Asked, path: Path<String>, Form(sent): Form<Sent>) -> Response {
    let about = match About::of(&asked, &path, &sent).await {
        Ok(about) => about,
        Err(refused) => return refused,
    };
    let Some(reason) = coded(&sent.porque) else { return unreadable(&asked) };
    let context = match asked.context().await {
        Ok(context) => context,
        Err(error) => return about.answer(&asked, Err(error), Told::Ended).await,
    };
    let adds = match added(&sent, about.date, context.zone) {
        Ok(adds) => adds,
        Err(told) => return about.page(&asked, told),
    };
    let corrects = asked.person.may(Permission::EntriesCorrect, asked.school);
    let input = RequestCorrection {
        student_id: about.student,
        date: about.date,
        correction_id: CorrectionId(Uuid::new_v5(&about.sheet, b"correction")),
        change: Change { voids: sent.quita.parse().ok(), adds },
        reason,
        note: Some(sent.explicacion.clone()),
        corrects,
    };
    let done = request_correction(&asked.state.write, &asked.state.batcher, &context, input).await;
    about.answer(&asked, done, if corrects { Told::Corrected } else { Told::Requested }).await
}

/// What the page of what waits sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Answer {
    alumno: String,
    fecha: String,
    cual: String,
    que: String,
}

impl Answer {
    fn about(&self) -> Option<(StudentId, NaiveDate, Uuid)> {
        let date = school_date::date(self.fecha.parse().ok()?).ok()?;
        Some((StudentId(self.alumno.parse().ok()?), date, self.cual.parse().ok()?))
    }
}

async fn answered(asked: &Asked, done: Result<Done, UseCaseError>, says: Told) -> Response {
    match outcome(asked, done, says).await {
        Ok(told) => {
            Redirect::to(&format!("/solicitudes?colegio={}&aviso={}", asked.school, told.word())).into_response()
        }
        Err(error) => asked.visit.source_error(&error),
    }
}

/// `POST /solicitudes/justificativo`.
pub(super) async fn decide(asked: Asked, Form(sent): Form<Answer>) -> Response {
    let verdict = if sent.que == "aceptar" { Some(Verdict::Accept) } else { coded(&sent.que).map(Verdict::Reject) };
    let (Some((student_id, date, id)), Some(verdict)) = (sent.about(), verdict) else { return unreadable(&asked) };
    let decided = async {
        let input = DecideJustification { student_id, date, justification_id: JustificationId(id), verdict };
        decide_justification(&asked.state.write, &asked.state.batcher, &asked.context().await?, input).await
    };
    let says = if verdict == Verdict::Accept { Told::Justified } else { Told::Rejected };
    answered(&asked, decided.await, says).await
}

/// `POST /solicitudes/correccion`.
pub(super) async fn settle(asked: Asked, Form(sent): Form<Answer>) -> Response {
    let Some((student_id, date, id)) = sent.about() else { return unreadable(&asked) };
    let approves = sent.que == "aprobar";
    let settled = async {
        let corrects = asked.person.may(Permission::EntriesCorrect, asked.school);
        let input = SettleCorrection { student_id, date, correction_id: CorrectionId(id), approves, corrects };
        settle_correction(&asked.state.write, &asked.state.batcher, &asked.context().await?, input).await
    };
    answered(&asked, settled.await, if approves { Told::Corrected } else { Told::Left }).await
}
