//! A panic is an answer with an id, an overlong address is refused before anything reads it.

use crate::problem::{Code, Problem};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Longest address taken, in bytes.
const MAX_URI: usize = 4096;
/// How long an answer may take: longer than a body may take to arrive.
const MAX_TIME: Duration = Duration::from_secs(15);

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

/// Answers in time. A write goes on in its own task, so its outcome is not known then: the client
/// repeats it with the same ids. A stream's body is not limited, only its beginning.
pub async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(MAX_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::Unavailable).retry_after(2).into_response(),
    }
}

/// Refuses an address over 4 KiB.
pub async fn limit_uri(request: Request, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if length > MAX_URI { Problem::new(Code::UriTooLong).into_response() } else { next.run(request).await }
}
