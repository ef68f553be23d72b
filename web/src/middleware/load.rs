//! How much is worked on at once: past that a client hears at once when to come back, instead of
//! waiting in a growing queue. Kiosks have places of their own, and whoever probes the process needs
//! none.

use crate::AppState;
use crate::config::Tuning;
use crate::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

/// The places.
#[derive(Debug)]
pub struct Places {
    kiosks: Semaphore,
    rest: Semaphore,
}

impl Places {
    /// As many as configured.
    pub fn new(tuning: &Tuning) -> Self {
        Self { kiosks: Semaphore::new(tuning.kiosks_at_once), rest: Semaphore::new(tuning.requests_at_once) }
    }
}

/// Takes a place for as long as a request is worked on (a stream: until it begins), or refuses.
pub async fn bound_load(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (places, lane) = match path {
        "/healthz" | "/readyz" | "/metrics" => return next.run(request).await,
        _ if path.starts_with("/api/v1/kiosks/") => (&state.places.kiosks, "kiosks"),
        _ => (&state.places.rest, "rest"),
    };
    match places.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            metrics::counter!("http_overloaded_total", "lane" => lane).increment(1);
            // Spread, so that those who were refused together do not come back together.
            Problem::new(Code::Overloaded).retry_after(fastrand::u64(1..=4)).into_response()
        }
    }
}
