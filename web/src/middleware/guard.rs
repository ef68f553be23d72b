//! A panic is an answer with an id; another's host and an overlong address are refused before anything
//! reads them; an answer comes in time.

use crate::AppState;
use crate::permissions::{self, Found};
use crate::problem::{Code, Problem};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Longest address taken, in bytes.
const MAX_URI: usize = 4096;
/// How long an answer may take: longer than a body may take to arrive.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The same of a form with a file, which comes from a telephone.
pub const UPLOAD_TIME: Duration = Duration::from_secs(60);

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

/// Answers only for hosts that are ours: exactly one `Host`, a loopback name or one of the configured
/// (RFC 9110, 15.5.20). Otherwise a page elsewhere could make a browser on this machine read the board
/// under a name of its own (DNS rebinding), and a link that we make could lead elsewhere.
pub async fn check_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let hosts = &state.config.http.hosts;
    // An address with a host in it counts for more than the header (RFC 9112, 3.2.2); both must be ours.
    let target = request.uri().authority().is_none_or(|target| is_ours(target.as_str(), hosts));
    if target && host(request.headers()).is_some_and(|host| is_ours(host, hosts)) {
        next.run(request).await
    } else {
        Problem::new(Code::MisdirectedRequest).into_response()
    }
}

/// The one `Host` of a request.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// Whether a request reached this server under a loopback name: then without TLS, which a proxy under
/// another name ends before us.
pub fn named_loopback(headers: &HeaderMap) -> bool {
    host(headers).is_some_and(|host| is_ours(host, &[]))
}

fn is_ours(host: &str, configured: &[String]) -> bool {
    // The port is whatever the client reached us by.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|ours| name.eq_ignore_ascii_case(ours))
        || configured.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// Answers in time. A write goes on in its own task, so its outcome is not known then: the client
/// repeats it with the same ids. A stream's body is not limited, only its beginning.
pub async fn limit_time(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let found = path.map(|path| permissions::find(request.method(), path.as_str()));
    let time = match found {
        // What comes after the file is there has the usual time.
        Some(Found::Route(route)) if route.takes_file => UPLOAD_TIME + MAX_TIME,
        _ => MAX_TIME,
    };
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(Code::Unavailable).retry_soon().into_response(),
    }
}

/// Refuses an address over 4 KiB.
pub async fn limit_uri(request: Request, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if length > MAX_URI { Problem::new(Code::UriTooLong).into_response() } else { next.run(request).await }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use axum::{Router, http::StatusCode};
    use tower::ServiceExt;

    #[test]
    fn only_loopback_names_and_configured_ones_are_ours() {
        let configured = ["gate.school.cl".to_owned()];
        for host in
            ["localhost", "127.0.0.1:8080", "LOCALHOST:1", "[::1]:80", "[::1]", "gate.school.cl", "gate.school.cl:443"]
        {
            assert!(is_ours(host, &configured), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost:x", "", "gate.school.cl.evil.example"] {
            assert!(!is_ours(host, &configured), "{host}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_500_and_the_next_request_is_answered() {
        async fn panics() {
            panic!("on purpose");
        }
        let app = Router::new().route("/", get(panics)).route("/ok", get(|| async {})).layer(from_fn(catch_panics));
        let ask = async |path: &str| {
            app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().status()
        };
        assert_eq!(ask("/").await, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(ask("/ok").await, StatusCode::OK);
    }
}
