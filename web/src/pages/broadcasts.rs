//! `/comunicados`: messages of the school to many families: writing one, seeing whom it reaches and what it costs before
//! it goes out, approving it, watching it go, stopping it.

mod form;
mod list;
mod one;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod words;

use super::asked::Asked;
use super::source::SourceError;
use super::staff::who;
use super::view::{School, Who};
use crate::AppState;
use crate::i18n::key;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use commands::broadcasts::{Reach, reach};
use commands::use_cases::UseCaseError;
use domain::BroadcastId;
use domain::broadcast::{Draft, Error};
use domain::delivery::Channel;
use projections::roster::queries;
#[cfg(test)]
pub(super) use samples::sample_pages;

/// The pages.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/comunicados", get(list::show))
        .route("/comunicados/nuevo", get(form::show).post(form::sent))
        .route("/comunicados/{broadcast_id}", get(one::show))
        .route("/comunicados/{broadcast_id}/editar", get(form::edit))
        .route("/comunicados/{broadcast_id}/aprobar", post(one::approve))
        .route("/comunicados/{broadcast_id}/cancelar", post(one::cancel))
        .route("/comunicados/{broadcast_id}/seguir", post(one::go_on))
        .route("/comunicados/{broadcast_id}/resultados", get(one::results))
}

/// What every page of these says.
struct Base {
    who: Who,
    school: School,
}

impl Asked {
    async fn broadcast_base(&self) -> Result<Option<Base>, SourceError> {
        let Some(school) = self.school_of_page().await? else { return Ok(None) };
        Ok(Some(Base { who: who(&self.state, &self.person).await, school }))
    }

    /// The channels that the school sends by.
    fn channels_on(&self) -> Vec<Channel> {
        self.state.config.notices.modes().into_iter().map(|(channel, _)| channel).collect()
    }

    /// Whom a draft would reach now.
    async fn reached(&self, draft: &Draft) -> Result<Vec<Reach>, SourceError> {
        let zone = self.state.write.school_settings(self.school).await.map_err(unavailable)?.zone;
        let today = self.state.clock.now().with_timezone(&zone).date_naive();
        let found = {
            let mut tx = self.state.pools.request.begin(self.school).await?;
            queries::audience(&mut tx, &draft.audience, today).await?
        };
        let by = (&*self.channels_on(), draft.whatsapp);
        reach(&self.state.write, self.school, &found, by).await.map_err(unavailable)
    }

    /// The answer after something was asked of a broadcast: back to its page, with a word of what came of it.
    fn to_broadcast(&self, id: BroadcastId, done: Result<&'static str, UseCaseError>) -> Response {
        let word = match done {
            Ok(word) => word,
            Err(UseCaseError::Broadcast(Error::NotDrafted)) => return self.visit.failed(StatusCode::NOT_FOUND),
            Err(UseCaseError::Broadcast(error)) => refused(error),
            Err(error) => return self.not_written("broadcast", &error),
        };
        Redirect::to(&format!("/comunicados/{id}?colegio={}&aviso={word}", self.school)).into_response()
    }
}

/// The words of what was done or not, by what the address says: whether it was done, and in which words.
const SAID: [(&str, bool, &str); 9] = [
    ("guardado", true, key("broadcast-saved")),
    ("aprobado", true, key("broadcast-approved")),
    ("cancelado", true, key("broadcast-cancelled")),
    ("sigue", true, key("broadcast-goes-on")),
    ("otra-persona", false, key("broadcast-needs-another")),
    ("cambio", false, key("broadcast-changed")),
    ("a-nadie", false, key("broadcast-nobody")),
    ("ya-sale", false, key("broadcast-goes-out")),
    ("ya-cancelado", false, key("broadcast-was-cancelled")),
];

fn refused(error: Error) -> &'static str {
    match error {
        Error::NeedsAnother => "otra-persona",
        Error::Changed => "cambio",
        Error::Nobody | Error::EmptyAudience => "a-nadie",
        Error::GoesOut | Error::NotApproved | Error::NotDrafted => "ya-sale",
        Error::Cancelled => "ya-cancelado",
    }
}

fn id_of(Path(id): &Path<String>) -> Option<BroadcastId> {
    id.parse().ok().map(BroadcastId)
}

fn unavailable(error: commands::StoreError) -> SourceError {
    SourceError::Unavailable(error.into())
}

/// What was asked of the log and the keys could not be read.
fn not_read(error: UseCaseError) -> SourceError {
    if error.is_temporary() { SourceError::Unavailable(error.into()) } else { SourceError::Internal(error.into()) }
}
