//! Problems in the client's language, and the two that the router itself raises.

use crate::pages::error::Asked;
use crate::problem::{self, Code, Problem};
use crate::{i18n, pages};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Says every [`Problem`] in the client's language. An error that a layer below made without a code
/// (a body over its limit, a method that the route does not have) gets its code here.
///
/// Whoever is told that the service is away is told when to come back, whatever layer says so.
pub async fn speak_problems(request: Request, next: Next) -> Response {
    let mut response = spoken(request, next).await;
    if response.status() == StatusCode::SERVICE_UNAVAILABLE && !response.headers().contains_key(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(problem::soon()));
    }
    response
}

async fn spoken(request: Request, next: Next) -> Response {
    let page = wants_page(&request);
    let asked = Asked::of(request.method(), request.uri());
    let headers = request.headers();
    let lang = if page { i18n::negotiate(named(&request).as_deref(), headers) } else { i18n::accepted(headers) };
    let id = request.extensions().get::<super::RequestId>().map(|id| id.0.to_string());
    let response = next.run(request).await;
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if has_our_body(&response) => return response,
        None => match code_of(response.status()) {
            Some(code) => Problem::new(code),
            None => return response,
        },
    };
    let mut spoken = if page {
        pages::error::response(response.status(), id.as_deref(), &asked, lang)
    } else {
        problem.response(lang, id.as_deref())
    };
    for name in [header::ALLOW, header::RETRY_AFTER, HeaderName::from_static("hx-refresh")] {
        if let Some(value) = response.headers().get(&name) {
            spoken.headers_mut().insert(name, value.clone());
        }
    }
    spoken
}

/// The language that the address names.
fn named(request: &Request) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == "lang").map(|(_, value)| value.into_owned())
}

/// Whether a person's browser asks for a page, not a program for data (htmx asks for fragments: it
/// takes no error as one).
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !request.uri().path().starts_with("/api/") && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// A page or a handler that wrote its own error body is left alone.
fn has_our_body(response: &Response) -> bool {
    let typed = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    typed.is_some_and(|t| !t.starts_with("text/plain"))
}

fn code_of(status: StatusCode) -> Option<Code> {
    Some(match status {
        StatusCode::BAD_REQUEST => Code::MalformedRequest,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidBody,
        StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
        _ => return None,
    })
}

/// Answer of an address that nothing serves.
pub async fn not_found() -> Response {
    Problem::new(Code::NotFound).into_response()
}
