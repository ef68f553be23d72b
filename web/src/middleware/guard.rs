//! A panic is an answer with an id, an overlong address is refused before anything reads it.

use crate::problem::{Code, Problem};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// Longest address taken, in bytes.
const MAX_URI: usize = 4096;

/// Turns a panic into a 500 with the request's id. Its message goes to the log only as far as it is a
/// text of ours (panic messages hold no request data by our rules).
pub async fn catch_panics(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("panic");
            tracing::error!(panic = message, "handler panicked");
            Problem::new(Code::Internal).into_response()
        }
    }
}

/// Refuses an address over 4 KiB.
pub async fn limit_uri(request: Request, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if length > MAX_URI { Problem::new(Code::UriTooLong).into_response() } else { next.run(request).await }
}
