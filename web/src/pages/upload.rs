//! A form with a file in it, as browsers send it: what people choose on their telephone.

use crate::AppState;
use crate::api::input::{whole_body, whole_body_in};
use crate::family::Guardian;
use crate::middleware::UPLOAD_TIME;
use crate::problem::{Code, Problem};
use crate::router::FORM_LIMIT;
use crate::session::Person;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;
use workers::documents::MOST_BYTES;

/// Largest body of such a form, in bytes.
const UPLOAD_LIMIT: usize = MOST_BYTES + FORM_LIMIT;
/// Most fields of such a form.
const MOST_FIELDS: usize = 64;

/// The field that holds a file's text once more.
pub(super) const AGAIN: &str = "archivo-otra-vez";

/// How many are read or worked on at once.
const AT_ONCE: usize = 6;

/// Places for forms with a file, which is held in memory until the form is done: one a person, so that one who sends
/// slowly, or a few of them, keep nobody else out.
#[derive(Clone, Default)]
pub struct Uploads(Arc<Mutex<HashSet<Uuid>>>);

/// A person's place, until it is dropped.
pub(super) struct Place {
    uploads: Uploads,
    who: Uuid,
}

impl Uploads {
    fn held(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, who: Uuid) -> Option<Place> {
        let mut held = self.held();
        let free = held.len() < AT_ONCE && held.insert(who);
        free.then(|| Place { uploads: self.clone(), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.uploads.held().remove(&self.who);
    }
}

/// What a form sent, and the file that was chosen in it, if one was. A form without a place for a file is read, too.
pub(super) struct WithFile<T> {
    /// The fields.
    pub sent: T,
    /// The file's bytes. Its name and what its sender says that it is are not read.
    pub file: Option<Vec<u8>>,
    /// To be held until the file was worked on.
    pub place: Option<Place>,
}

impl<T: DeserializeOwned> FromRequest<AppState> for WithFile<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        read(request, state).await.map_err(IntoResponse::into_response)
    }
}

async fn read<T: DeserializeOwned>(request: Request, state: &AppState) -> Result<WithFile<T>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (parts, body) = request.into_parts();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            let text = whole_body(body, FORM_LIMIT).await?;
            let again = form_urlencoded::parse(&text).find(|(name, _)| name == AGAIN);
            let file = again.map(|(_, value)| value.into_owned().into_bytes());
            Ok(WithFile { sent: fields(&text)?, file, place: None })
        }
        "multipart/form-data" => {
            let family = parts.extensions.get::<Guardian>().map(Guardian::key);
            let who = family.or(parts.extensions.get::<Person>().map(|person| person.account_id.0));
            let Some(place) = state.uploads.take(who.unwrap_or_default()) else {
                // Read by, so that a browser that still sends hears the answer.
                let _ = whole_body(body, 0).await;
                return Err(Problem::new(Code::Overloaded).retry_soon());
            };
            let whole = whole_body_in(body, UPLOAD_LIMIT, UPLOAD_TIME).await?;
            let mut request = Request::from_parts(parts, Body::from(whole));
            // What is here is bounded already.
            DefaultBodyLimit::disable().apply(&mut request);
            let form = Multipart::from_request(request, state).await;
            let form = of_parts(form.map_err(|_| Problem::new(Code::MalformedRequest))?).await?;
            Ok(WithFile { place: Some(place), ..form })
        }
        _ => Err(Problem::new(Code::UnsupportedMediaType)),
    }
}

async fn of_parts<T: DeserializeOwned>(mut form: Multipart) -> Result<WithFile<T>, Problem> {
    let malformed = |_| Problem::new(Code::MalformedRequest);
    let (mut pairs, mut file, mut length) = (Vec::new(), None, 0);
    for _ in 0..=MOST_FIELDS {
        let Some(part) = form.next_field().await.map_err(malformed)? else {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            return Ok(WithFile { sent: fields(text.as_bytes())?, file, place: None });
        };
        let name = part.name().unwrap_or_default().to_owned();
        // The text of a file that was chosen before, in a form that asks once more.
        if part.file_name().is_some() || name == AGAIN {
            let bytes = part.bytes().await.map_err(malformed)?;
            // Where no file was chosen, browsers send an empty one.
            if !bytes.is_empty() && file.replace(Vec::from(bytes)).is_some() {
                return Err(Problem::new(Code::MalformedRequest));
            }
        } else {
            let text = part.text().await.map_err(malformed)?;
            length += name.len() + text.len();
            if length > FORM_LIMIT {
                return Err(Problem::new(Code::BodyTooLarge));
            }
            pairs.push((name, text));
        }
    }
    Err(Problem::new(Code::MalformedRequest))
}

fn fields<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_urlencoded::from_bytes(text).map_err(|_| Problem::new(Code::MalformedRequest))
}

#[cfg(test)]
mod tests;
