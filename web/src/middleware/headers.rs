//! Headers that every answer carries.

use crate::csp;
use crate::session::is_guarded;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Adds the headers that are safe on any answer, and a policy that runs nothing where a page did not
/// bring its own (OWASP ASVS 5.0, 3.4). What programs read is a file to a browser that is led there, and no page.
pub async fn secure(request: Request, next: Next) -> Response {
    let by_tls = !super::named_loopback(request.headers());
    let of_programs = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::X_FRAME_OPTIONS, "DENY");
    add(header::REFERRER_POLICY, "no-referrer");
    add(header::CACHE_CONTROL, "no-store");
    add(header::CONTENT_SECURITY_POLICY, csp::OF_NO_PAGE);
    add(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    add(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    add(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if of_programs {
        add(header::CONTENT_DISPOSITION, "attachment");
    }
    // Under any other name a proxy that speaks TLS is in front, and only it is to be asked for from then on.
    if by_tls {
        add(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    // Whatever any test of this program sets.
    debug_assert!(
        headers.get_all(header::SET_COOKIE).iter().all(|cookie| is_guarded(cookie, by_tls)),
        "a cookie is out in the open"
    );
    response
}
