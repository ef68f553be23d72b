//! What a page of another web site may not make a browser do (OWASP ASVS 5.0, 3.5).

use crate::problem::{Code, Problem};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What browsers say about where a request comes from (<https://www.w3.org/TR/fetch-metadata/>).
const SITE: &str = "sec-fetch-site";
/// Streams: another site could not read them, but could hold many of them open.
const STREAMS: [&str; 2] = ["/api/v1/live/stream", "/hoy/live"];

/// Refuses a write or a stream that a browser asks for on behalf of another site, also of a sibling
/// domain. Whoever says nothing is no browser (kiosks, programs), and `none` is the person's own doing.
pub async fn check_site(request: Request, next: Next) -> Response {
    let mut said = request.headers().get_all(SITE).iter();
    let ours = said.all(|site| site == "same-origin" || site == "none");
    let guarded = !request.method().is_safe() || STREAMS.contains(&request.uri().path());
    if guarded && !ours { Problem::new(Code::CrossSite).into_response() } else { next.run(request).await }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Method, StatusCode};
    use axum::middleware::from_fn;
    use tower::ServiceExt;

    #[tokio::test]
    async fn another_site_may_read_pages_and_nothing_more() {
        let app = Router::new().fallback(|| async {}).layer(from_fn(check_site));
        let sites: [(&[&str], bool); 8] = [
            (&[], true),
            (&["same-origin"], true),
            (&["none"], true),
            (&["same-site"], false),
            (&["cross-site"], false),
            (&[""], false),
            (&["Same-Origin"], false),
            (&["same-origin", "cross-site"], false),
        ];
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "SURPRISE"] {
            for path in ["/hoy", "/hoy/live", "/api/v1/live", "/api/v1/live/stream", "/api/v1/kiosks/x/scans"] {
                for (site, ours) in sites {
                    let mut request = Request::builder().method(method).uri(path);
                    for site in site {
                        request = request.header(SITE, *site);
                    }
                    let status = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status();
                    let reads = Method::from_bytes(method.as_bytes()).unwrap().is_safe() && !STREAMS.contains(&path);
                    let expected = if ours || reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
                    assert_eq!(status, expected, "{method} {path} {site:?}");
                }
            }
        }
    }
}
