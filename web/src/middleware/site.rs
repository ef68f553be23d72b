//! What a page of another web site may not make a browser do (OWASP ASVS 5.0, 3.5).

use crate::problem::{Code, Problem};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What browsers say about where a request comes from (<https://www.w3.org/TR/fetch-metadata/>).
const SITE: &str = "sec-fetch-site";
/// Streams: another site could not read them, but could hold many of them open.
pub(crate) const STREAMS: [&str; 2] = ["/api/v1/live/stream", "/hoy/live"];

/// Refuses a write or a stream that a browser asks for on behalf of another site, also of a sibling
/// domain. Whoever says nothing is no browser (kiosks, programs), and `none` is the person's own doing. A browser
/// too old to say so names the origin of every write; one that brings a cookie and says neither is refused.
pub async fn check_site(request: Request, next: Next) -> Response {
    let writes = !request.method().is_safe();
    let guarded = writes || STREAMS.contains(&request.uri().path());
    let ours = match by_site(request.headers()).or_else(|| by_origin(request.headers())) {
        Some(ours) => ours,
        None => !writes || !request.headers().contains_key(header::COOKIE),
    };
    if guarded && !ours { Problem::new(Code::CrossSite).into_response() } else { next.run(request).await }
}

fn by_site(headers: &HeaderMap) -> Option<bool> {
    let said: Vec<_> = headers.get_all(SITE).iter().collect();
    (!said.is_empty()).then(|| said.iter().all(|site| *site == "same-origin" || *site == "none"))
}

/// Whether the origin is the host that was asked. The scheme may differ: a proxy ends TLS before us.
fn by_origin(headers: &HeaderMap) -> Option<bool> {
    let said: Vec<_> = headers.get_all(header::ORIGIN).iter().filter_map(|origin| origin.to_str().ok()).collect();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = |origin: &str| {
        let name = origin.split_once("://").map(|(_, name)| name);
        name.zip(host).is_some_and(|(name, host)| name.eq_ignore_ascii_case(host))
    };
    headers.contains_key(header::ORIGIN).then(|| matches!(said[..], [only] if ours(only)))
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
    async fn a21_another_site_may_read_pages_and_nothing_more() {
        let app = Router::new().fallback(|| async {}).layer(from_fn(check_site));
        const HERE: &str = "https://school.cl";
        // What the browser says of site and origin, whether it brings a cookie; whether a write and a stream pass.
        type Says<'a> = (&'a [&'a str], &'a [&'a str], bool, bool, bool);
        let says: [Says<'_>; 19] = [
            (&[], &[], false, true, true),
            (&[], &[], true, false, true),
            (&["same-origin"], &[], true, true, true),
            (&["none"], &[], true, true, true),
            (&["same-site"], &[], true, false, false),
            (&["cross-site"], &[], true, false, false),
            (&["cross-site"], &[], false, false, false),
            (&[""], &[], true, false, false),
            (&["Same-Origin"], &[], true, false, false),
            (&["same-origin", "cross-site"], &[], true, false, false),
            (&["same-origin"], &["null"], true, true, true),
            (&["cross-site"], &[HERE], true, false, false),
            (&[], &[HERE], true, true, true),
            (&[], &["http://SCHOOL.cl"], true, true, true),
            (&[], &["https://evil.example"], true, false, false),
            (&[], &["https://evil.example"], false, false, false),
            (&[], &["https://school.cl.evil.example"], true, false, false),
            (&[], &["null"], true, false, false),
            (&[], &[HERE, HERE], true, false, false),
        ];
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "SURPRISE"] {
            for path in ["/hoy", "/hoy/live", "/api/v1/live", "/api/v1/live/stream", "/api/v1/kiosks/x/scans"] {
                for (sites, origins, cookie, writes, streams) in says {
                    let mut request = Request::builder().method(method).uri(path).header("host", "school.cl");
                    for site in sites {
                        request = request.header(SITE, *site);
                    }
                    for origin in origins {
                        request = request.header("origin", *origin);
                    }
                    if cookie {
                        request = request.header("cookie", "lang=es");
                    }
                    let status = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status();
                    let passes = match Method::from_bytes(method.as_bytes()).unwrap().is_safe() {
                        false => writes,
                        true => streams || !STREAMS.contains(&path),
                    };
                    let expected = if passes { StatusCode::OK } else { StatusCode::FORBIDDEN };
                    assert_eq!(status, expected, "{method} {path} {sites:?} {origins:?} {cookie}");
                }
            }
        }
    }
}
