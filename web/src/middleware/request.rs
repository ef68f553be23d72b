//! One id and one log line per request.

use crate::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

/// The id of a request: in its log lines, in the problem it may end with, and as correlation id in
/// every event that it causes.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

/// Gives the request its id (a client's own is not taken: it would end up in the log), logs how it
/// ended, counts it. The path is the route's pattern: no ids of persons, no query string.
pub async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId(state.ids.next());
    request.extensions_mut().insert(id);
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", |p| p.as_str()).to_owned();
    let method = request.method().clone();
    let begun = Instant::now();
    let span = tracing::info_span!("request", request_id = %id.0);
    let mut response = next.run(request).instrument(span).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    let quiet = matches!(route.as_str(), "/healthz" | "/readyz" | "/metrics");
    if !quiet {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(request_id = %id.0, method = %method, route, status, took_ms, "request");
    }
    // A label must not take whatever a client makes up.
    let method =
        if ["GET", "HEAD", "POST", "PUT"].contains(&method.as_str()) { method.to_string() } else { "other".to_owned() };
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route).record(took.as_secs_f64());
    if let Ok(value) = HeaderValue::try_from(id.0.to_string()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}
