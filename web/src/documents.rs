//! A document that a family handed in, as the staff reads it: through this server and no other way.

use crate::AppState;
use crate::middleware::ShownDay;
use crate::problem::{Code, Problem};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::attendance_day::{Document, DocumentKind, Event};
use domain::{SchoolId, StudentId};
use projections::live::acts::queries;
use uuid::Uuid;
use workers::documents::DocumentError;

/// The document of a justification of a pupil's day, as a file. One that was never there and one whose pupil was erased
/// are the same: not found.
pub async fn answer(
    state: &AppState,
    school: SchoolId,
    (date, student): (NaiveDate, StudentId),
    act: Uuid,
) -> Result<Response, Problem> {
    let mut tx = state.pools.request.begin(school).await?;
    let acts = queries::of_day(&mut tx, student, date).await?;
    drop(tx);
    let said = acts.into_iter().find(|known| known.act_id == act).map(|known| known.said);
    let Some(document) = said.as_ref().and_then(of) else { return Err(Problem::new(Code::NotFound).at("document")) };
    let Some(documents) = &state.documents else { return Err(Problem::new(Code::Unavailable)) };
    let bytes = documents.open(&state.write, (school, student), document.document_id).await.map_err(refused)?;
    let bytes = bytes.ok_or(Problem::new(Code::NotFound).at("document"))?;
    let (kind, ending, shown) = match document.kind {
        // What was drawn anew by us can be looked at; what nobody took apart is a file.
        DocumentKind::Pdf => ("application/pdf", "pdf", "attachment"),
        DocumentKind::Jpeg => ("image/jpeg", "jpg", "inline"),
        DocumentKind::Png => ("image/png", "png", "inline"),
    };
    let name = format!("{shown}; filename=\"justificativo-{date}.{ending}\"");
    let mut response = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    let name = HeaderValue::try_from(name).map_err(|_| Problem::new(Code::Internal))?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response.extensions_mut().insert(ShownDay(date));
    Ok(response)
}

/// What was handed in with what an event says.
pub fn of(said: &Event) -> Option<Document> {
    match said {
        Event::JustificationSubmitted { justification } => justification.document,
        _ => None,
    }
}

fn refused(error: DocumentError) -> Problem {
    match error {
        DocumentError::UseCase(error) => error.into(),
        DocumentError::Objects(_) | DocumentError::Busy => Problem::new(Code::Unavailable).retry_soon(),
        DocumentError::Unfit(_) => Problem::new(Code::NotFound).at("document"),
    }
}
