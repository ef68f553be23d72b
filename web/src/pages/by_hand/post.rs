//! `/hoy/a-mano` and `/hoy/a-mano/deshacer`. Both end on the course's page, which says what was done.

use super::Refused;
use crate::AppState;
use crate::pages::asked::Asked;
use crate::pages::source::SourceError;
use crate::permissions::Permission;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Form, Router};
use chrono::{NaiveDate, NaiveTime};
use commands::Done;
use commands::use_cases::{
    Invalid, RecordManualEntry, UseCaseError, WithdrawManualEntry, record_manual_entry, withdraw_manual_entry,
};
use domain::attendance_day::{Direction, Error, ManualReason};
use domain::values::zone::{local_date, resolve_local};
use domain::{ManualEntryId, StudentId};
use projections::ReadModel;
use serde::Deserialize;
use uuid::Uuid;

/// What is recorded by hand.
pub fn router() -> Router<AppState> {
    Router::new().route("/hoy/a-mano", post(record)).route("/hoy/a-mano/deshacer", post(undo))
}

/// To the course's page, which says what was done, once it shows it.
async fn answer(asked: &Asked, course: Uuid, done: Result<Done, UseCaseError>, says: String) -> Response {
    let why = match done {
        Ok(done) => {
            asked.wait_for(ReadModel::Live, done).await;
            return to(asked, course, &says);
        }
        Err(UseCaseError::Day(why)) => Refused::Day(why),
        Err(UseCaseError::UnknownStudent) => Refused::Day(Error::NotEnrolled),
        Err(UseCaseError::Invalid(Invalid::Note)) => Refused::BadNote,
        Err(error) if error.is_temporary() => {
            return asked.visit.source_error(&SourceError::Unavailable(error.into()));
        }
        Err(error) => return asked.visit.source_error(&SourceError::Internal(error.into())),
    };
    refused(asked, course, why)
}

fn refused(asked: &Asked, course: Uuid, why: Refused) -> Response {
    to(asked, course, &format!("aviso={}", why.word()))
}

fn to(asked: &Asked, course: Uuid, says: &str) -> Response {
    Redirect::to(&format!("/hoy/cursos/{course}?colegio={}&{says}", asked.school)).into_response()
}

/// What the form above the list sends with a pupil's button.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sent {
    curso: String,
    /// The pupil who came in, or none.
    entra: String,
    /// The pupil who went out, or none.
    sale: String,
    /// Minted with the page: one page records one entry and one exit of a pupil, however often it is sent.
    hoja: String,
    motivo: String,
    hora: String,
    nota: String,
}

/// `POST /hoy/a-mano`.
async fn record(asked: Asked, Form(sent): Form<Sent>) -> Response {
    let (direction, pupil) =
        if sent.sale.is_empty() { (Direction::Entry, &sent.entra) } else { (Direction::Exit, &sent.sale) };
    let ids = (sent.curso.parse::<Uuid>(), pupil.parse::<Uuid>(), sent.hoja.parse::<Uuid>());
    let reason = serde_json::from_value::<ManualReason>(sent.motivo.into());
    let ((Ok(course), Ok(student), Ok(sheet)), Ok(reason)) = (ids, reason) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let time = match sent.hora.trim() {
        "" => None,
        text => match NaiveTime::parse_from_str(text, "%H:%M").or_else(|_| text.parse()) {
            Ok(time) => Some(time),
            Err(_) => return refused(&asked, course, Refused::BadTime),
        },
    };
    let of_sheet = match direction {
        Direction::Entry => sheet,
        Direction::Exit => Uuid::new_v5(&sheet, b"exit"),
    };
    let entry_id = ManualEntryId(Uuid::new_v5(&of_sheet, student.as_bytes()));
    let recorded = async {
        let (context, now) = (asked.context().await?, asked.state.clock.now());
        let date = local_date(now, context.zone);
        let input = RecordManualEntry {
            student_id: StudentId(student),
            date,
            entry_id,
            direction,
            occurred_at: time.map_or(now, |time| resolve_local(date, time, context.zone)),
            reason,
            note: Some(sent.nota),
        };
        record_manual_entry(&asked.state.write, &asked.state.batcher, &context, input).await
    };
    answer(&asked, course, recorded.await, format!("anotado={entry_id}")).await
}

/// What the undo's form sends.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Undo {
    curso: String,
    alumno: String,
    fecha: String,
    anotacion: String,
}

/// `POST /hoy/a-mano/deshacer`.
async fn undo(asked: Asked, Form(sent): Form<Undo>) -> Response {
    let ids = (sent.curso.parse::<Uuid>(), sent.alumno.parse::<Uuid>(), sent.anotacion.parse::<Uuid>());
    let ((Ok(course), Ok(student), Ok(entry)), Ok(date)) = (ids, sent.fecha.parse::<NaiveDate>()) else {
        return asked.visit.failed(StatusCode::UNPROCESSABLE_ENTITY);
    };
    let undone = async {
        let corrects = asked.person.may(Permission::EntriesCorrect, asked.school);
        let input =
            WithdrawManualEntry { student_id: StudentId(student), date, entry_id: ManualEntryId(entry), corrects };
        withdraw_manual_entry(&asked.state.write, &asked.state.batcher, &asked.context().await?, input).await
    };
    answer(&asked, course, undone.await, "aviso=deshecho".to_owned()).await
}
